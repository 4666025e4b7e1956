"""Asking the file system what became of an interrupted move, and clearing away what the move made on its way.

Nothing is removed but the program's own: its unfinished copies, and at the destination what holds nothing that the
origin does not. Every function but `is_back` raises OSError where the file system cannot be asked.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tiksort_tui.domain import FileStamp
from tiksort_tui.library import relocate
from tiksort_tui.library.entries import Entry, is_forward
from tiksort_tui.library.naming import shown


@dataclass(frozen=True, slots=True)
class Found:
    """Where an interrupted move left its file, with its stamp there; `remark` is the end of a sentence for the user."""

    place: Literal["arrived", "stayed", "lost"]
    stamp: FileStamp
    remark: str = ""


def ends(root: Path, entry: Entry) -> tuple[Path, Path]:
    """From where and to where the move of `entry` goes that is under way."""
    source, target = root / entry.source, root / entry.target
    return (source, target) if is_forward(entry.state) else (target, source)


def part_of(entry: Entry, destination: Path) -> Path:
    """The name beside `destination` that a copy is made under."""
    # With the time, so that a leftover of another journal, whose numbers began at 1 too, is not taken for this one's.
    return destination.with_name(f".tiksort-{entry.id}-{entry.time_ns}.part")


def unfinished_copies(root: Path) -> list[Path]:
    """The copies in the library that moves were cut short in, for when no journal knows of them."""
    found = []
    for folder, _, names in os.walk(root):
        found += [Path(folder, name) for name in fnmatch.filter(names, ".tiksort-*.part")]
    return sorted(found)


def look(path: Path) -> FileStamp | None:
    """The stamp of `path`, None where nothing is."""
    try:
        return relocate.stamp_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_same(found: FileStamp, stamp: FileStamp | None) -> bool:
    """Whether `found` is the unchanged content of `stamp`.

    Device and inode do not count: they change when a disk is mounted anew or a library is copied elsewhere.
    """
    return stamp is not None and (found.size, found.mtime_ns) == (stamp.size, stamp.mtime_ns)


def is_touched(found: FileStamp, stamp: FileStamp) -> bool:
    """Whether `found` is the very file of `stamp`, as large as it was, with another time."""
    return found[:3] == stamp[:3]


def is_back(root: Path, filing: Sequence[Entry]) -> bool:
    """Whether all files of a filing that was given up are at their targets as they were left, and may go back."""
    try:
        return all(
            (found := look(root / entry.target)) is not None
            # The time of a folder changes with what comes into it. But of a file the inode does not tell, as in
            # `is_touched`: that of one that had gone may have been given to another.
            and (found[:2] == entry.stamp[:2] if entry.kind == "folder" else is_same(found, entry.stamp))
            and not os.path.lexists(root / entry.source)
            for entry in filing
        )
    except OSError:
        return False


def locate(root: Path, entry: Entry, note: relocate.Note) -> Found:
    """Find the file of the unsettled `entry`, and leave it in one place only."""
    origin, destination = ends(root, entry)
    if entry.kind == "folder":
        return _locate_folder(root, origin.name, destination.name, entry.stamp)
    part = part_of(entry, destination)
    here, there, copied = look(origin), look(destination), look(part)
    if here is None and there is None and copied is not None and is_same(copied, entry.copy):
        # The original was deleted meanwhile: the finished copy is the only one.
        relocate.rename(part, destination, copied, note)
        there, copied = look(destination), None
    if there is not None and _is_gone(here, entry.stamp) and _is_clip(there, entry):
        part.unlink(missing_ok=True)
        relocate.sync_folder(destination.parent)
        return Found("arrived", there, _kept(origin) if here else "")
    if here is None:
        rest = f"; a copy of it may be {shown(part)}" if copied is not None else ""
        return Found("lost", entry.stamp, f"; {shown(origin)} is at neither place: another program took it{rest}")
    if copied is not None:
        part.unlink()
    if there is None:
        return Found("stayed", here)
    if not _is_leftover(entry, origin, destination):
        return Found("stayed", here, _kept(destination))
    relocate.unlink_unchanged(destination, there)
    relocate.sync_folder(destination.parent)
    return Found("stayed", here)


def _locate_folder(root: Path, old: str, new: str, stamp: FileStamp) -> Found:
    # By the listing: a file system may answer to a name in another case than it holds.
    names = os.listdir(root)
    if old in names:
        return Found("stayed", stamp)
    return Found("arrived", stamp) if new in names else Found("lost", stamp, "; another program took it")


def _is_clip(found: FileStamp, entry: Entry) -> bool:
    """Whether `found` is the file that `entry` moves, or its finished copy."""
    return is_same(found, entry.stamp) or is_same(found, entry.copy)


def _is_gone(here: FileStamp | None, stamp: FileStamp) -> bool:
    """Whether the file of `stamp` has left, for nothing or another file. One that was written to has not."""
    return here is None or not (here.inode == stamp.inode or is_same(here, stamp))


def _is_leftover(entry: Entry, origin: Path, destination: Path) -> bool:
    """Whether the file at `destination` is what the move made there, and holds nothing that `origin` does not."""
    if os.path.samefile(origin.parent, destination.parent):
        return False  # One folder under two names: what is there is the original itself.
    status = os.lstat(destination)
    there = FileStamp.of(status)
    is_placeholder = entry.placeholder is not None and stat.S_ISREG(status.st_mode) and status.st_size == 0
    if there == relocate.stamp_of(origin) or is_placeholder:
        return True
    # The very file that the move made, as it was made.
    made = entry.copy is not None and there.inode == entry.copy.inode and is_same(there, entry.copy)
    return made and relocate.same_content(origin, destination)


def _kept(path: Path) -> str:
    return f"; {shown(path)} is another file, and is kept"
