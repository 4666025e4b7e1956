"""Filing clips with what belongs to them, taking filings back, and putting right what a crash cut short.

What a user wishes is checked, planned and written to the journal here; `carry` does it, and no other code moves a
user's file. At every moment each clip exists whole, at a place that the journal knows.
Nothing is ever deleted, overwritten or forced; where two different files claim one place, both are kept.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tiksort_tui.config import LibraryConfig
from tiksort_tui.domain import FileStamp, Filing, FolderRename, visible
from tiksort_tui.errors import DuplicateError, MoveError
from tiksort_tui.library import relocate
from tiksort_tui.library.carry import Carrier, Settled, filing_of
from tiksort_tui.library.entries import Entry, State
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.naming import check_new_folder, is_label, need_label, numbered, shown
from tiksort_tui.library.settle import ends, is_same, look
from tiksort_tui.library.sidecars import sidecars_of
from tiksort_tui.library.state import TRASH_FOLDER

_DEFAULTS = LibraryConfig()


@dataclass(frozen=True, slots=True)
class Retraced:
    """What `Mover.undo` or `Mover.redo` did, in that order, and the refusals that stopped it.

    Filings and renamings are as they were done: after an undo a clip is at its `source` again.
    """

    filings: tuple[Filing, ...] = ()
    folders: tuple[FolderRename, ...] = ()
    refusals: tuple[MoveError, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of the history; what has the same `action` is taken back together."""

    action: int
    time_ns: int
    what: Filing | FolderRename
    state: State


class Mover:
    """Moves the clips of the library `root`, one at a time over all processes; its journal is for one thread at a time.

    Every method may raise LibraryError, when the journal cannot be used.
    """

    def __init__(self, root: Path, journal: Journal, config: LibraryConfig = _DEFAULTS) -> None:
        self._root = root
        self._journal = journal
        self._carrier = Carrier(root, journal)
        self._config = config

    def file(self, clip: Path, folder: str, action: int | None = None, free_name: bool = True) -> Filing:
        """Bring `clip`, and what belongs to it, into the direct sub-folder `folder`.

        Where one of the names is taken, all get the next free number, `NAME (2).mp4`, if a `free_name` will do. The
        filings of one bulk action bear its number: the `entry` of its first filing. Raises DuplicateError where the
        same content is there under that name, MoveError where the clip cannot be filed; then everything is where it
        was.
        """
        with self._journal.exclusive():
            try:
                self._check(clip)
                need_label(self._root, folder, self._config.file_through_links)
                if os.path.samefile(self._top(clip), self._root / folder):
                    raise MoveError(f"{shown(clip)} is in {folder!r} already")
                moves = self._plan(clip, self._root / folder)
                if not free_name and moves[0][1].name != clip.name:
                    taken = shown(self._root / folder / clip.name)
                    raise MoveError(f"{taken} is there already: rename one of the two, then file the clip again")
            except OSError as error:
                raise MoveError(f"{shown(clip)} was not filed: {relocate.reason(error)}") from error
            return self._file(moves, action)

    def trash(self, clip: Path) -> Filing:
        """Bring `clip`, and what belongs to it, into the library's trash folder; otherwise like `file`."""
        trash = self._root / TRASH_FOLDER
        with self._journal.exclusive():
            try:
                self._check(clip)
                if self._top(clip) == trash:
                    raise MoveError(f"{shown(clip)} is in the trash already")
                if not os.path.lexists(trash):
                    trash.mkdir()
                    relocate.sync_folder(self._root)
                if trash.is_symlink() or not trash.is_dir():
                    raise MoveError(f"{shown(trash)} is no folder of the library: move it away, then try again")
                moves = self._plan(clip, trash, keep_duplicates=True)
            except OSError as error:
                raise MoveError(f"{shown(clip)} was not put in the trash: {relocate.reason(error)}") from error
            return self._file(moves, None)

    def rename_folder(self, old: str, new: str) -> FolderRename:
        """Give the direct sub-folder `old` the name `new`; filings into it can be undone as before.

        Raises MoveError, and the folder is as it was.
        """
        with self._journal.exclusive():
            try:
                need_label(self._root, old, through_links=False)
                check_new_folder(self._root, new, instead_of=old)
                self._need_settled()
                if old == new:
                    raise MoveError(f"{visible(old)} has that name already")
                stamp = relocate.stamp_of(self._root / old)
            except OSError as error:
                raise MoveError(f"{visible(old)} was not renamed: {relocate.reason(error)}") from error
            entries = self._journal.begin([(Path(old), Path(new), stamp)], kind="folder")
            self._carrier.carry_out(entries)
            return FolderRename(entries[0].id, old, new)

    def undo(self, count: int = 1) -> Retraced:
        """Take back the last `count` actions, newest first, until a filing in one of them is refused.

        The other filings of that action are taken back nevertheless. A filing is taken back whole or not at all. One
        that has a file that has changed or gone since is refused once and then let go of, so that it does not stand
        in the way of those before it; one whose old place is taken, or cannot be reached, can be tried again.
        """
        return self._retrace(count, "undoing")

    def undo_filings(self, count: int) -> Retraced:
        """Take back the last `count` filings, newest first, also some out of one action; otherwise like `undo`."""
        return self._retrace(count, "undoing", whole_actions=False)

    def redo(self, count: int = 1) -> Retraced:
        """Do again what the last `count` undos took back, the last one first; refusals are those of `undo`.

        What was undone can be redone until something else is filed.
        """
        return self._retrace(count, "redoing")

    def history(self, limit: int) -> tuple[Recorded, ...]:
        """The last `limit` filings and renamings, newest first."""
        with self._journal.exclusive():
            entries = self._journal.history(limit)
        return tuple(Recorded(entry.action, entry.time_ns, self._what(entry), entry.state) for entry in entries)

    def reconcile(self) -> tuple[Settled, ...]:
        """Finish or roll back every move that was cut short. To be called once at start, before anything is moved.

        Of a journal that was damaged and set aside the first message tells.
        """
        with self._journal.exclusive():
            unsettled = self._journal.unsettled()
            kept, self._journal.kept = self._journal.kept, None
            begun_anew = [self._carrier.begun_anew(kept)] if kept else []
            return (*begun_anew, *(self._carrier.settle(entries) for entries in unsettled))

    def _need_settled(self) -> None:
        # An entry bears the folder's name of its time; which that was must not change before its file is found.
        if self._journal.unsettled():
            raise MoveError("a move was cut short, and no folder is renamed before it is put right: start again")

    def _check(self, clip: Path) -> None:
        if not self._is_inside(clip):
            raise MoveError(f"{shown(clip)} is not in the library {shown(self._root)}: only its own clips are filed")
        if clip.name.startswith("."):
            raise MoveError(f"{shown(clip)} is hidden, and no clip of the library: give it another name first")
        if not stat.S_ISREG(os.lstat(clip).st_mode):
            raise MoveError(f"{shown(clip)} is a link or no file at all: only real files are filed")

    def _is_inside(self, clip: Path) -> bool:
        if not clip.is_relative_to(self._root) or ".." in clip.parts:
            return False
        place, top = Path(os.path.realpath(clip.parent)), self._top(clip)
        if self._config.file_through_links and is_label(self._root, top.name, through_links=True):
            return place.is_relative_to(os.path.realpath(top))
        return place.is_relative_to(os.path.realpath(self._root))

    def _top(self, path: Path) -> Path:
        return self._root / path.relative_to(self._root).parts[0]

    def _plan(
        self, clip: Path, folder: Path, keep_duplicates: bool = False
    ) -> list[tuple[Path, Path, FileStamp]]:
        """Source, target and stamp of the clip and of what belongs to it, under the first number that is free."""
        files = [clip, *sidecars_of(clip, self._config)]
        suffixes = [file.name[len(clip.stem) :] for file in files]
        for number in itertools.count(1):
            stem = numbered(clip.stem, number, suffixes)
            targets = [folder / (stem + suffix) for suffix in suffixes]
            if not keep_duplicates and os.path.lexists(targets[0]) and relocate.same_content(clip, targets[0]):
                raise DuplicateError(
                    f"{shown(clip)} is a duplicate of {shown(targets[0])}; one of the two is enough", targets[0]
                )
            if not any(map(os.path.lexists, targets)):
                break
        return [
            (file.relative_to(self._root), target.relative_to(self._root), relocate.stamp_of(file))
            for file, target in zip(files, targets, strict=True)
        ]

    def _file(self, moves: Sequence[tuple[Path, Path, FileStamp]], action: int | None) -> Filing:
        entries = self._journal.begin(moves, action)
        self._carrier.carry_out(entries)
        return filing_of(self._root, entries[0])

    def _retrace(self, count: int, state: Literal["undoing", "redoing"], whole_actions: bool = True) -> Retraced:
        done: list[Filing | FolderRename] = []
        refusals: list[MoveError] = []
        with self._journal.exclusive():
            for _ in range(count):
                action = self._journal.last_done() if state == "undoing" else self._journal.first_undone()
                for entries in action if whole_actions else action[:1]:
                    try:
                        self._set_out_again(entries, state)
                        done.append(self._what(entries[0]))
                    except MoveError as refusal:
                        refusals.append(refusal)
                if refusals or not action:
                    break
        filings = tuple(one for one in done if isinstance(one, Filing))
        folders = tuple(one for one in done if isinstance(one, FolderRename))
        return Retraced(filings, folders, tuple(refusals))

    def _set_out_again(self, entries: Sequence[Entry], state: Literal["undoing", "redoing"]) -> None:
        """Take one filing back, or redo it, if all its files are as they were left and their old names are free."""
        if entries[0].kind == "folder":
            self._need_settled()
        stamps: list[FileStamp] = []
        for entry in entries:
            origin, destination = ends(self._root, replace(entry, state=state))
            why = f"{shown(origin)} was not {'taken back' if state == 'undoing' else 'filed again'}: "
            try:
                stamp = look(origin)
                if stamp is None and not origin.parent.is_dir():
                    raise MoveError(f"{why}the folder {shown(origin.parent)} is not there; bring it back and try again")
                if stamp is None or not (entry.kind == "folder" or is_same(stamp, entry.stamp)):
                    given_up: State = "lost" if state == "undoing" else "withdrawn"
                    self._journal.change([(each, given_up, each.stamp) for each in entries])
                    what = "it is no longer there" if stamp is None else "it has changed since, and stays"
                    raise MoveError(f"{why}{what}; move it by hand if need be")
                another_case = entry.kind == "folder" and origin.name.casefold() == destination.name.casefold()
                if os.path.lexists(destination) and not another_case:
                    raise MoveError(f"{why}{shown(destination)} is there already; move that away and try again")
            except OSError as error:
                raise MoveError(why + relocate.reason(error)) from error
            stamps.append(stamp)
        self._carrier.carry_out(
            self._journal.change([(entry, state, stamp) for entry, stamp in zip(entries, stamps, strict=True)])
        )

    def _what(self, entry: Entry) -> Filing | FolderRename:
        if entry.kind == "folder":
            return FolderRename(entry.id, str(entry.source), str(entry.target))
        return filing_of(self._root, entry)
