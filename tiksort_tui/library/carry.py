"""Carrying out what the journal says, and settling what was cut short: all of a filing arrives, or none of it does.

Many filings are carried out in a bunch: all of it is in the journal before the first file is touched, each folder is
seen to the disk once, and the outcomes are written together. The file system is asked what is true after every
failure, as after a crash.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tiksort_tui.domain import Filing
from tiksort_tui.errors import LibraryError, MoveError
from tiksort_tui.library import relocate
from tiksort_tui.library.entries import ARRIVED, TURNED, Change, Entry, State, is_forward
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.naming import shown
from tiksort_tui.library.settle import Found, ends, locate, part_of, unfinished_copies

# What is not begun by then is left for the next bunch: copies to another disk take their time.
BUNCH_SECONDS = 1.0
RECORD_GONE = "the record of moves was deleted or set aside: earlier ones cannot be taken back"
# How many files a sentence names.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Settled:
    """One interrupted filing or renaming put right; with no `filing`, what became of the journal.

    `state` says where the clip is: `done` at its target, `undone` at its source, `lost` at neither; one of a move
    under way means that this could not be found out, or put right, yet. `message` is a sentence for the user.
    """

    filing: Filing | None
    state: State
    message: str


class Carrier:
    """Moves the files of unsettled entries of `journal` in the library `root`.

    Entries that are handed over together are those of one filing, the clip's first. To be used while the journal is
    held exclusively.
    """

    def __init__(self, root: Path, journal: Journal) -> None:
        self._root = root
        self._journal = journal

    def carry_out(self, filings: Sequence[Sequence[Entry]]) -> list[MoveError | LibraryError | None]:
        """Do what `filings` say, one after another, at least the first and as many as there is time for.

        Tells of each that was begun why it did not arrive, and is where it was; None where it did. A LibraryError says
        that the journal could not be told, and the filing is still to be settled. The journal has the others as they
        were before.
        """
        until = time.monotonic() + BUNCH_SECONDS
        errors: list[OSError | None] = []
        arrived: list[Change] = []
        for filing in filings:
            if errors and time.monotonic() > until:
                break
            try:
                arrived += self._relocate_all(filing)
                errors.append(None)
            except OSError as error:
                errors.append(error)
        left = [(entry, _stayed(entry.state), entry.stamp) for filing in filings[len(errors) :] for entry in filing]
        try:
            self._sync(entry for entry, _, _ in arrived)
            self._journal.change([*arrived, *left])
        except OSError as error:
            self._journal.change(left)
            errors = [before or error for before in errors]
        return [
            self._refusal(filing, error) if error else None for filing, error in zip(filings, errors, strict=False)
        ]

    def settle(self, entries: Sequence[Entry]) -> Settled:
        """Finish `entries` or roll them back; what cannot be settled now stays as it is."""
        try:
            return self._settle(entries)
        except OSError as error:
            ending = f"could not be settled yet: {relocate.reason(error)}"
            return self._settled(entries[0], self._journal.reread(entries)[0].state, ending)

    def begun_anew(self, kept: Path) -> Settled:
        """What the user must know when the journal was damaged, is kept as `kept`, and a new one was begun."""
        message = (
            f"the record of moves is damaged: it is kept as {kept}, and a new one is begun; every clip stays where it "
            "is, but earlier moves cannot be undone, and one that was cut short is not put right"
        )
        if copies := unfinished_copies(self._root):
            some = ", ".join(map(shown, copies[:_NAMED])) + (" and more" if len(copies) > _NAMED else "")
            message += f"; delete these unfinished copies only when their clips are found elsewhere: {some}"
        return Settled(None, "lost", message)

    def _settle(self, entries: Sequence[Entry]) -> Settled:
        began = entries[0]
        found = self._locate(entries)
        barred: list[OSError] = []
        for _ in range(2):
            if not _is_split(found):
                break
            # Those that arrived go back; where that is barred, all go on after all.
            entries = self._journal.change(
                [(entry, TURNED[entry.state], one.stamp) for entry, one in zip(entries, found, strict=True)]
            )
            try:
                for entry, one in zip(entries, found, strict=True):
                    if one.place == "arrived":
                        self._relocate(entry)
                self._sync(entries)
            except OSError as error:
                barred.append(error)
            entries = self._journal.reread(entries)
            found = self._locate(entries)
        if _is_split(found) and any(error.errno != errno.EEXIST for error in barred):
            raise barred[-1]
        return self._write_down(began, entries, found)

    def _write_down(self, began: Entry, entries: Sequence[Entry], found: Sequence[Found]) -> Settled:
        """Let the journal say where the files of a filing are; `began` is its first entry as it was interrupted."""
        place = found[0].place
        self._journal.change(
            [
                (
                    entry,
                    "lost" if "lost" in (place, one.place) else _outcome(entry, one),
                    one.stamp if one.place == "arrived" else entry.stamp,
                )
                for entry, one in zip(entries, found, strict=True)
            ]
        )
        remarks = "".join(one.remark for one in found)
        if place == "lost":
            return self._settled(began, "lost", f"was given up{remarks}")
        at_target = (place == "arrived") == is_forward(entries[0].state)
        for entry, one in zip(entries, found, strict=True):
            if one.place not in (place, "lost"):
                remarks += f"; {shown(ends(self._root, entry)[one.place == 'arrived'])} could not go with it"
        ending = "was finished" if at_target == is_forward(began.state) else "was rolled back"
        return self._settled(began, "done" if at_target else "undone", ending + remarks)

    def _locate(self, entries: Sequence[Entry]) -> list[Found]:
        return [locate(self._root, entry, self._note_for(entry)) for entry in entries]

    def _refusal(self, filing: Sequence[Entry], error: OSError) -> MoveError | LibraryError | None:
        """Put a filing right in which `error` came up; None if it is done after all."""
        try:
            settled = self.settle(self._journal.reread(filing))
        except LibraryError as failure:
            return failure
        if settled.state == ARRIVED[filing[0].state]:
            return None
        return MoveError(f"{settled.message}: {relocate.reason(error)}")

    def _relocate_all(self, filing: Sequence[Entry]) -> list[Change]:
        for entry in filing:
            self._relocate(entry)
        return [(entry, ARRIVED[entry.state], relocate.stamp_of(ends(self._root, entry)[1])) for entry in filing]

    def _sync(self, entries: Iterable[Entry]) -> None:
        """See the folders of `entries` to the disk, each once: first those that names have come into."""
        both = [ends(self._root, entry) for entry in entries]
        for folder in dict.fromkeys([there.parent for _, there in both] + [here.parent for here, _ in both]):
            relocate.sync_folder(folder)

    def _relocate(self, entry: Entry) -> None:
        origin, destination = ends(self._root, entry)
        if entry.kind == "folder":
            relocate.rename_folder(origin, destination)
        else:
            part = part_of(entry, destination)
            relocate.relocate(origin, destination, entry.stamp, part, self._note_for(entry))

    def _note_for(self, entry: Entry) -> relocate.Note:
        return lambda made, stamp: self._journal.note(entry, made, stamp)

    def _settled(self, entry: Entry, state: State, ending: str) -> Settled:
        origin, destination = ends(self._root, entry)
        if entry.kind == "folder":
            message = f"the renaming of {shown(origin)} to {shown(destination)} {ending}"
        else:
            message = f"the move of {shown(origin)} to {shown(destination.parent)} {ending}"
        return Settled(filing_of(self._root, entry), state, message)


def filing_of(root: Path, entry: Entry) -> Filing:
    """The filing whose first entry `entry` is."""
    return Filing(entry.id, root / entry.source, root / entry.target)


def _is_split(found: Sequence[Found]) -> bool:
    return {"arrived", "stayed"} <= {one.place for one in found}


def _outcome(entry: Entry, found: Found) -> State | None:
    return ARRIVED[entry.state] if found.place == "arrived" else _stayed(entry.state)


def _stayed(state: State) -> State | None:
    """What a move in `state`, which is under way, becomes when its file is where it began; None: it is forgotten."""
    return ARRIVED[TURNED[state]]
