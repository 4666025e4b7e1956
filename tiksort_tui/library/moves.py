"""Filing clips, taking filings back, and putting right what a crash cut short: the only code that moves a user's file.

At every moment each clip exists whole, at a place that the journal knows. The journal is written before the file
system is touched, and the file system is asked what is true after every failure. Nothing is ever overwritten or
forced; where two different files claim one place, both are kept.
"""

from __future__ import annotations

import difflib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tiksort_tui.domain import FileStamp, Filing, Move
from tiksort_tui.errors import MoveError
from tiksort_tui.library import relocate
from tiksort_tui.library.journal import Entry, Journal, State


@dataclass(frozen=True, slots=True)
class Undone:
    """What `Mover.undo` did: the filings that it took back, newest first, and the refusal that stopped it."""

    filings: tuple[Filing, ...]
    refusal: MoveError | None


@dataclass(frozen=True, slots=True)
class Settled:
    """One interrupted move put right.

    `state` says where the clip is: `done` at its target, `undone` at its source, `lost` at neither; `pending` and
    `undoing` mean that this could not be found out yet. `message` is a sentence for the user.
    """

    filing: Filing
    state: State
    message: str


class Mover:
    """Moves the clips of the library `root`, one at a time over all processes; its journal is for one thread at a time.

    Every method may raise LibraryError, when the journal cannot be used.
    """

    def __init__(self, root: Path, journal: Journal) -> None:
        self._root = root
        self._journal = journal

    def file(self, clip: Path, folder: str, action: int | None = None) -> Filing:
        """Bring `clip` into the direct sub-folder `folder` under its own name.

        The filings of one bulk action bear its number: the `entry` of its first filing. Raises MoveError, and the
        clip is where it was.
        """
        with self._journal.exclusive():
            try:
                move = self._plan(clip, folder)
                stamp = relocate.stamp_of(move.source)
            except OSError as error:
                raise MoveError(f"{_shown(clip)} was not filed: {relocate.reason(error)}") from error
            source, target = move.source.relative_to(self._root), move.target.relative_to(self._root)
            entry = self._journal.begin(source, target, stamp, action)
            self._carry_out(entry)
            return self._filing(entry)

    def undo(self, count: int = 1) -> Undone:
        """Take back the last `count` filings, newest first, until one is refused.

        Each Filing is as it was filed: the clip is at its `source` again. A filing whose clip has changed or gone
        since is refused once and then let go of, so that it does not stand in the way of those before it; one whose
        old place is taken, or cannot be reached, can be tried again.
        """
        filings: list[Filing] = []
        with self._journal.exclusive():
            for _ in range(count):
                entry = self._journal.newest_done()
                if entry is None:
                    break
                try:
                    self._take_back(entry)
                except MoveError as refusal:
                    return Undone(tuple(filings), refusal)
                filings.append(self._filing(entry))
        return Undone(tuple(filings), None)

    def reconcile(self) -> tuple[Settled, ...]:
        """Finish or roll back every move that was cut short. To be called once at start, before anything is moved."""
        with self._journal.exclusive():
            return tuple(self._settle_later(entry) for entry in self._journal.unsettled())

    def _plan(self, clip: Path, folder: str) -> Move:
        root = os.path.realpath(self._root)
        inside = clip.is_relative_to(self._root) and Path(os.path.realpath(clip.parent)).is_relative_to(root)
        if not inside or ".." in clip.parts:
            raise MoveError(f"{_shown(clip)} is not in the library {_shown(self._root)}: only its own clips are filed")
        if not stat.S_ISREG(os.lstat(clip).st_mode):
            raise MoveError(f"{_shown(clip)} is a link or no file at all: only real files are filed")
        if not _is_label(self._root, folder):
            raise MoveError(f"there is no folder {folder!r} in the library{self._nearest(folder)}")
        top = clip.relative_to(self._root).parts[0]
        target = self._root / folder / clip.name
        if os.path.samefile(self._root / top, self._root / folder):
            raise MoveError(f"{_shown(clip)} is in {folder!r} already")
        if os.path.lexists(target):
            raise MoveError(f"{_shown(target)} is there already: rename one of the two, then file the clip again")
        return Move(clip, target)

    def _nearest(self, folder: str) -> str:
        known = [name for name in os.listdir(self._root) if _is_label(self._root, name)]
        near = difflib.get_close_matches(folder, known, n=1, cutoff=0.0)
        return f"; did you mean {near[0]!r}?" if near else ": make one first"

    def _take_back(self, entry: Entry) -> None:
        origin, destination = self._root / entry.target, self._root / entry.source
        why = f"{_shown(origin)} was not taken back: "
        try:
            stamp = _look(origin)
            if stamp is None and not origin.parent.is_dir():
                raise MoveError(f"{why}the folder {_shown(origin.parent)} is not there; bring it back and try again")
            if stamp is None or not _is_same(stamp, entry.stamp):
                self._journal.update(entry, "lost", entry.stamp)
                what = "it is no longer there" if stamp is None else "it has changed since it was filed, and stays"
                raise MoveError(f"{why}{what}; move it by hand if need be")
            if os.path.lexists(destination):
                raise MoveError(f"{why}{_shown(destination)} is there already; move that away and try again")
        except OSError as error:
            raise MoveError(why + relocate.reason(error)) from error
        self._carry_out(self._journal.update(entry, "undoing", stamp))

    def _carry_out(self, entry: Entry) -> None:
        """Do what the unsettled `entry` says; raises MoveError if its file did not arrive."""
        origin, destination = self._ends(entry)
        try:
            relocate.relocate(
                origin,
                destination,
                entry.stamp,
                _part(entry, destination),
                lambda made, stamp: self._journal.note(entry, made, stamp),
            )
            self._journal.update(entry, _arrived(entry), relocate.stamp_of(destination))
        except OSError as error:
            settled = self._settle_later(self._journal.reread(entry))
            if settled.state != _arrived(entry):
                raise MoveError(f"{settled.message}: {relocate.reason(error)}") from error

    def _settle_later(self, entry: Entry) -> Settled:
        """`_settle`, but an entry that cannot be settled now stays as it is."""
        try:
            return self._settle(entry)
        except OSError as error:
            return self._settled(entry, entry.state, f"could not be settled yet: {relocate.reason(error)}")

    def _settle(self, entry: Entry) -> Settled:
        """Ask the file system what became of an unsettled move: finished, rolled back, or its file is lost."""
        origin, destination = self._ends(entry)
        part = _part(entry, destination)
        here, there, copied = _look(origin), _look(destination), _look(part)
        if here is None and there is None and copied is not None and _is_same(copied, entry.copy):
            # The original was deleted meanwhile: the finished copy is the only one.
            relocate.rename(part, destination, copied, lambda made, stamp: self._journal.note(entry, made, stamp))
            there, copied = _look(destination), None
        if there is not None and _is_gone(here, entry.stamp) and _is_clip(there, entry):
            part.unlink(missing_ok=True)
            relocate.sync_folder(destination.parent)
            self._journal.update(entry, _arrived(entry), there)
            return self._settled(entry, _arrived(entry), "was finished" + (_kept(origin) if here else ""))
        if here is None:
            self._journal.update(entry, "lost", entry.stamp)
            rest = f"; a copy of it may be {_shown(part)}" if copied is not None else ""
            return self._settled(entry, "lost", f"found its file at neither place: another program took it{rest}")
        if copied is not None:
            part.unlink()
        return self._roll_back(entry, there)

    def _roll_back(self, entry: Entry, there: FileStamp | None) -> Settled:
        """The original stays; what the move made at the destination is removed, where that loses nothing."""
        origin, destination = self._ends(entry)
        ending = "was rolled back"
        if there is not None and _is_leftover(entry, origin, destination):
            relocate.unlink_unchanged(destination, there)
            relocate.sync_folder(destination.parent)
        elif there is not None:
            ending += _kept(destination)
        if entry.state == "pending":
            self._journal.forget(entry)
            return self._settled(entry, "undone", ending)
        self._journal.update(entry, "done", entry.stamp)
        return self._settled(entry, "done", ending)

    def _settled(self, entry: Entry, state: State, ending: str) -> Settled:
        origin, destination = self._ends(entry)
        message = f"the move of {_shown(origin)} to {_shown(destination.parent)} {ending}"
        return Settled(self._filing(entry), state, message)

    def _ends(self, entry: Entry) -> tuple[Path, Path]:
        source, target = self._root / entry.source, self._root / entry.target
        return (source, target) if entry.state == "pending" else (target, source)

    def _filing(self, entry: Entry) -> Filing:
        return Filing(entry.id, self._root / entry.source, self._root / entry.target)


def _arrived(entry: Entry) -> State:
    return "done" if entry.state == "pending" else "undone"


def _part(entry: Entry, destination: Path) -> Path:
    # With the time, so that a leftover of another journal, whose numbers began at 1 too, is not taken for this one's.
    return destination.with_name(f".tiksort-{entry.id}-{entry.time_ns}.part")


def _look(path: Path) -> FileStamp | None:
    try:
        return relocate.stamp_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_same(found: FileStamp, stamp: FileStamp | None) -> bool:
    """Whether `found` is the unchanged content of `stamp`.

    Device and inode do not count: they change when a disk is mounted anew or a library is copied elsewhere.
    """
    return stamp is not None and (found.size, found.mtime_ns) == (stamp.size, stamp.mtime_ns)


def _is_clip(found: FileStamp, entry: Entry) -> bool:
    """Whether `found` is the file that `entry` moves, or its finished copy."""
    return _is_same(found, entry.stamp) or _is_same(found, entry.copy)


def _is_gone(here: FileStamp | None, stamp: FileStamp) -> bool:
    """Whether the file of `stamp` has left, for nothing or another file. One that was written to has not."""
    return here is None or not (here.inode == stamp.inode or _is_same(here, stamp))


def _is_leftover(entry: Entry, origin: Path, destination: Path) -> bool:
    """Whether the file at `destination` is what the move made there, and holds nothing that `origin` does not."""
    if os.path.samefile(origin.parent, destination.parent):
        return False  # One folder under two names: what is there is the original itself.
    there = relocate.stamp_of(destination)
    if there == relocate.stamp_of(origin) or _is_made(there, entry.placeholder):
        return True
    return _is_made(there, entry.copy) and relocate.same_content(origin, destination)


def _is_made(found: FileStamp, made: FileStamp | None) -> bool:
    """Whether `found` is the very file that the move made, as it was made."""
    return made is not None and found.inode == made.inode and _is_same(found, made)


def _kept(path: Path) -> str:
    empty = " (it is empty: if nobody needs it, it is a leftover of this move)" if not os.lstat(path).st_size else ""
    return f"; {_shown(path)} is another file, and is kept{empty}"


def _is_label(root: Path, folder: str) -> bool:
    """Whether `folder` is the bare name of a real, visible, direct sub-folder."""
    path = root / folder
    return path.name == folder and not folder.startswith(".") and os.path.isdir(path) and not os.path.islink(path)


def _shown(path: Path) -> str:
    """`path` in quotes, with what a terminal cannot show escaped."""
    return repr(str(path))
