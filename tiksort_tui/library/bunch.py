"""Many filings by the bunch: as many at once as do not depend on each other, and go on between two bunches.

A commit of the journal and a synced folder cost milliseconds each; a bunch of filings shares them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tiksort_tui.errors import LibraryError, MoveError
from tiksort_tui.library.carry import BUNCH_SECONDS, Carrier
from tiksort_tui.library.entries import Entry
from tiksort_tui.library.naming import told_apart_by

# Enough that the synced folders cost each filing next to nothing.
BUNCH = 100

GoOn = Callable[[int, int], bool]
"""Asked between two bunches, with how many of how many filings are done, whether to go on."""

Asked = TypeVar("Asked")
Planned = TypeVar("Planned")
Outcome = TypeVar("Outcome")


class Claims:
    """The names that the filings of one bunch come to or leave.

    What has to do with one of these, too, must wait: only when that filing is over the file system can tell what the
    name is.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()

    def touch(self, *paths: Path) -> bool:
        """Whether one of `paths` is claimed. File systems may not tell names apart that differ in case."""
        return not self._names.isdisjoint(map(_name, paths))

    def take(self, *paths: Path) -> None:
        self._names.update(map(_name, paths))


def _name(path: Path) -> str:
    return told_apart_by(str(path))


def carry_out_bunch(
    asked: Sequence[Asked],
    plan: Callable[[Asked], Planned | None],
    begin: Callable[[Sequence[Planned]], list[list[Entry]]],
    carrier: Carrier,
) -> list[list[Entry] | MoveError | LibraryError]:
    """Do the first ones of what is `asked`, and tell what came of each of these, in turn: its entries, or why not.

    `plan` raises MoveError where one cannot be done, and gives None where it has to wait for those before it; `begin`
    writes what is planned to the journal.
    """
    until = time.monotonic() + BUNCH_SECONDS
    plans: list[Planned | MoveError] = []
    for one in asked[:BUNCH]:
        if plans and time.monotonic() > until:
            break
        try:
            planned = plan(one)
        except MoveError as refused:
            plans.append(refused)
        else:
            if planned is None:
                break
            plans.append(planned)
    ready = [planned for planned in plans if not isinstance(planned, MoveError)]
    begun = begin(ready) if ready else []
    carried = zip(begun, carrier.carry_out(begun) if begun else (), strict=False)
    done: list[list[Entry] | MoveError | LibraryError] = []
    for one_plan in plans:
        if isinstance(one_plan, MoveError):
            done.append(one_plan)
        elif outcome := next(carried, None):
            entries, refusal = outcome
            done.append(refusal or entries)
        else:
            break
    return done


def in_bunches(
    asked: Sequence[Asked], some: Callable[[Sequence[Asked]], list[Outcome]], go_on: GoOn
) -> list[Outcome | LibraryError]:
    """What came of all that is `asked`, in turn, or of the first ones where `go_on` said no.

    `some` does the first ones of what it is given, at least one. Where the journal can no longer be used, that is what
    came of the rest.
    """
    outcomes: list[Outcome | LibraryError] = []
    while len(outcomes) < len(asked):
        try:
            outcomes += some(asked[len(outcomes) :])
        except LibraryError as error:
            outcomes += [error] * (len(asked) - len(outcomes))
        if len(outcomes) < len(asked) and not go_on(len(outcomes), len(asked)):
            break
    return outcomes
