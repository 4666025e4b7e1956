"""Filing clips with what belongs to them, taking filings back, and putting right what a crash cut short.

What a user wishes is planned, by the bunch, and written to the journal; then `carry` does it, and no other code moves a
user's file. At every moment each clip exists whole, at a place that the journal knows.
Nothing is ever deleted, overwritten or forced; where two different files claim one place, both are kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from tiksort_tui.config import LibraryConfig
from tiksort_tui.domain import Filing, FolderRename, LastAction, visible
from tiksort_tui.errors import LibraryError, MoveError, TiksortError
from tiksort_tui.library import relocate
from tiksort_tui.library.bunch import Claims, GoOn, carry_out_bunch, in_bunches
from tiksort_tui.library.carry import RECORD_GONE, Carrier, Settled, filing_of
from tiksort_tui.library.entries import ARRIVED, Change, Entry, Move, State, by_filing
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.naming import check_new_folder, need_label, shown
from tiksort_tui.library.plan import Planner
from tiksort_tui.library.settle import ends, is_back, is_same, is_touched, look

_DEFAULTS = LibraryConfig()
_OnTheWay = Literal["undoing", "redoing"]


def _to_the_end(done: int, of: int) -> bool:
    """Goes on."""
    return True


@dataclass(frozen=True, slots=True)
class Retraced:
    """What `Mover.undo` or `Mover.redo` did, in that order, and the refusals that stopped it.

    Filings and renamings are as they were done: after an undo a clip is at its `source` again. `left` is how many
    filings of the last action are as they were because it was not to go on.
    """

    filings: tuple[Filing, ...] = ()
    folders: tuple[FolderRename, ...] = ()
    refusals: tuple[TiksortError, ...] = ()
    left: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of the history; what has the same `action` is taken back together."""

    action: int
    time_ns: int
    what: Filing | FolderRename
    state: State


class Mover:
    """Moves the clips of the library `root`, while no other process does; its journal is for one thread at a time.

    Every method may raise LibraryError, when the journal cannot be used. What that leaves half done is put right before
    the next thing is done.
    """

    def __init__(self, root: Path, journal: Journal, config: LibraryConfig = _DEFAULTS) -> None:
        self._root = root
        self._journal = journal
        self._carrier = Carrier(root, journal)
        self._config = config

    def file(self, clip: Path, folder: str, free_name: bool = True) -> Filing:
        """Bring `clip`, and what belongs to it, into the direct sub-folder `folder`.

        Where one of the names is taken, all get the next free number, `NAME (2).mp4`, if a `free_name` will do. Raises
        DuplicateError where the same content is there under that name, MoveError where the clip cannot be filed; then
        everything is where it was.
        """
        return self._file_one(clip, lambda planner: planner.into(clip, folder, free_name))

    def trash(self, clip: Path) -> Filing:
        """Bring `clip`, and what belongs to it, into the library's trash folder; otherwise like `file`."""
        return self._file_one(clip, lambda planner: planner.into_trash(clip))

    def file_all(self, clips: Sequence[tuple[Path, str]], go_on: GoOn = _to_the_end) -> list[Filing | TiksortError]:
        """`file` these clips, each into its folder, as one action; tells what came of each, in turn.

        One that cannot be filed does not hinder the others; where the journal can no longer be used, LibraryError is
        what came of the rest. Where `go_on` says no, the rest stays where it is, and nothing is told of it.
        """
        action: int | None = None

        def file_some(left: Sequence[tuple[Path, str]]) -> list[Filing | MoveError | LibraryError]:
            nonlocal action
            planner = Planner(self._root, self._config)
            begin = partial(self._journal.begin, action=action)
            with self._alone():
                done = carry_out_bunch(left, lambda one: planner.into(*one), begin, self._carrier)
            action = action or next((one[0].action for one in done if isinstance(one, list)), None)
            return [filing_of(self._root, one[0]) if isinstance(one, list) else one for one in done]

        return [*in_bunches(clips, file_some, go_on)]

    def rename_folder(self, old: str, new: str) -> FolderRename:
        """Give the direct sub-folder `old` the name `new`; filings into it can be undone as before.

        Raises MoveError, and the folder is as it was.
        """
        with self._alone():
            try:
                need_label(self._root, old, through_links=False)
                check_new_folder(self._root, new, instead_of=old)
                self._need_settled()
                if old == new:
                    raise MoveError(f"{visible(old)} has that name already")
                stamp = relocate.stamp_of(self._root / old)
            except OSError as error:
                raise MoveError(f"{visible(old)} was not renamed: {relocate.reason(error)}") from error
            begun = self._journal.begin([[(Path(old), Path(new), stamp)]], kind="folder")
            (refusal,) = self._carrier.carry_out(begun)
            if refusal:
                raise refusal
            return FolderRename(begun[0][0].id, old, new)

    def undo(self, count: int = 1, go_on: GoOn = _to_the_end) -> Retraced:
        """Take back the last `count` actions, newest first, until a filing in one of them is refused.

        The other filings of that action are taken back nevertheless, as long as `go_on` says so; what it leaves can be
        taken back later. A filing is taken back whole or not at all. One that has a file that has changed or gone since
        is refused once, and then does not stand in the way of those before it; it has its turn again when its files are
        back as they were left. One whose old place is taken, or cannot be reached, can be tried again.
        """
        return self._retrace(count, "undoing", go_on)

    def undo_filings(self, count: int) -> Retraced:
        """Take back the last `count` filings, newest first, also some out of one action; otherwise like `undo`."""
        return self._retrace(count, "undoing", whole_actions=False)

    def redo(self, count: int = 1, go_on: GoOn = _to_the_end) -> Retraced:
        """Do again what the last `count` undos took back, the last one first; otherwise like `undo`.

        What was undone can be redone until something else is filed.
        """
        return self._retrace(count, "redoing", go_on)

    def last_action(self) -> LastAction | None:
        """The last action that can be taken back, if there is any."""
        with self._journal.exclusive():
            newest = self._journal.newest_done()
        return LastAction(self._what(newest[0]), newest[1]) if newest else None

    def history(self, limit: int) -> tuple[Recorded, ...]:
        """The last `limit` filings and renamings, newest first."""
        with self._journal.exclusive():
            entries = self._journal.history(limit)
            if any(entry.state == "lost" for entry in entries):
                self._find_again(entries[-1].action)
                entries = self._journal.history(limit)
        return tuple(Recorded(entry.action, entry.time_ns, self._what(entry), entry.state) for entry in entries)

    def reconcile(self) -> tuple[Settled, ...]:
        """Finish or roll back every move that was cut short. To be called once at start, before anything is moved.

        Of a journal that was damaged and set aside, or that is gone, the first message tells.
        """
        with self._journal.exclusive():
            unsettled = self._journal.unsettled()
            kept, self._journal.kept = self._journal.kept, None
            gone, self._journal.is_gone = self._journal.is_gone, False
            begun_anew = [Settled(None, "lost", RECORD_GONE)] if gone else []
            begun_anew += [self._carrier.begun_anew(kept)] if kept else []
            return (*begun_anew, *(self._carrier.settle(entries) for entries in unsettled))

    def _find_again(self, since: int | None = None) -> None:
        """Have those filings done again that were given up and whose files are back as they were left.

        Only of the actions from `since` on: an undo looks for the files of those that would come before what it takes
        back now, and for others when it is their turn, so that thousands that are gone for good are not looked for each
        time.
        """
        # A file that was filed there later is not that of an older filing.
        claimed: set[Path] = set()
        back: list[Change] = []
        for filing in self._journal.at_target(since):
            targets, clip = {entry.target for entry in filing}, filing[0]
            if clip.state == "lost":
                # Where the clip itself is lost, all of its filing's are.
                if clip.id != clip.filing or not claimed.isdisjoint(targets) or not is_back(self._root, filing):
                    continue
                back += [(entry, "done", entry.stamp) for entry in filing]
            claimed |= targets
        if back:
            self._journal.change(back)

    def _need_settled(self) -> None:
        # An entry bears the folder's name of its time; which that was must not change before its file is found.
        if self._journal.unsettled():
            raise MoveError("a move was cut short, and no folder is renamed before it is put right: start again")

    @contextmanager
    def _alone(self) -> Iterator[list[tuple[Entry, Settled]]]:
        """Keep other processes from moving anything; what was left half done is settled, and given as it was before."""
        with self._journal.exclusive():
            yield [(filing[0], self._carrier.settle(filing)) for filing in self._journal.unsettled()]

    def _file_one(self, clip: Path, plan: Callable[[Planner], list[Move] | None]) -> Filing:
        planner = Planner(self._root, self._config, only=clip)
        with self._alone():
            (outcome,) = carry_out_bunch([clip], lambda _: plan(planner), self._journal.begin, self._carrier)
        if not isinstance(outcome, list):
            raise outcome
        return filing_of(self._root, outcome[0])

    def _retrace(
        self, count: int, state: _OnTheWay, go_on: GoOn = _to_the_end, whole_actions: bool = True
    ) -> Retraced:
        done: list[Filing | FolderRename] = []
        refusals: dict[TiksortError, None] = {}
        left = 0
        with self._alone() as settled:
            # What an error cut short, and is done now, is what was asked for again.
            done += [self._what(entry) for entry, one in settled if (entry.state, one.state) == (state, ARRIVED[state])]
            count -= bool(done)
            if state == "undoing":
                self._find_again()
            while count > 0 and not refusals and not left:
                action = self._journal.last_done() if state == "undoing" else self._journal.first_undone()
                if not action:
                    break
                action = action if whole_actions else action[:count]
                outcomes = in_bunches(action, lambda some: self._set_out_again(some, state), go_on)
                done += [self._what(one[0]) for one in outcomes if isinstance(one, list)]
                refusals.update((one, None) for one in outcomes if isinstance(one, TiksortError))
                left = len(action) - len(outcomes)
                count -= 1 if whole_actions else len(action)
        for refusal in refusals:
            if isinstance(refusal, LibraryError) and not done:
                raise refusal
        filings = tuple(one for one in done if isinstance(one, Filing))
        folders = tuple(one for one in done if isinstance(one, FolderRename))
        return Retraced(filings, folders, tuple(refusals), left)

    def _set_out_again(
        self, filings: Sequence[list[Entry]], state: _OnTheWay
    ) -> list[list[Entry] | MoveError | LibraryError]:
        claims = Claims()

        def plan(filing: list[Entry]) -> list[Change] | None:
            # Renaming a folder is an action of its own, and comes alone.
            both = [path for entry in filing for path in (entry.source, entry.target)]
            if claims.touch(*both):
                return None
            changes = self._changes_to(filing, state)
            claims.take(*both)
            return changes

        def begin(plans: Sequence[list[Change]]) -> list[list[Entry]]:
            return by_filing(self._journal.change([change for plan in plans for change in plan]))

        return carry_out_bunch(filings, plan, begin, self._carrier)

    def _changes_to(self, filing: Sequence[Entry], state: _OnTheWay) -> list[Change]:
        """Take one filing back, or redo it, if all its files are as they were left and their old names are free."""
        if filing[0].kind == "folder":
            self._need_settled()
        changes: list[Change] = []
        for entry in filing:
            origin, destination = ends(self._root, replace(entry, state=state))
            why = f"{shown(origin)} was not {'taken back' if state == 'undoing' else 'filed again'}: "
            try:
                stamp = look(origin)
                if stamp is None and not origin.parent.is_dir():
                    raise MoveError(f"{why}the folder {shown(origin.parent)} is not there; bring it back and try again")
                same = stamp and (is_same(stamp, entry.stamp) or is_touched(stamp, entry.stamp))
                if stamp is None or not (entry.kind == "folder" or same):
                    given_up: State = "lost" if state == "undoing" else "withdrawn"
                    self._journal.change([(each, given_up, each.stamp) for each in filing])
                    if stamp is None and state == "undoing":
                        raise MoveError(f"{why}it is no longer there; bring it back and try again")
                    what = "it is no longer there" if stamp is None else "it has changed since, and stays"
                    raise MoveError(f"{why}{what}; move it by hand if need be")
                another_case = entry.kind == "folder" and origin.name.casefold() == destination.name.casefold()
                if os.path.lexists(destination) and not another_case:
                    raise MoveError(f"{why}{shown(destination)} is there already; move that away and try again")
            except OSError as error:
                raise MoveError(why + relocate.reason(error)) from error
            changes.append((entry, state, stamp))
        return changes

    def _what(self, entry: Entry) -> Filing | FolderRename:
        if entry.kind == "folder":
            return FolderRename(entry.id, str(entry.source), str(entry.target))
        return filing_of(self._root, entry)
