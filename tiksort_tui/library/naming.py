"""Names: which may be a folder's, which sub-folders take clips, and the next free name where one is taken.

Reads folders, never writes.
"""

from __future__ import annotations

import difflib
import os
import unicodedata
from pathlib import Path

from tiksort_tui.domain import visible
from tiksort_tui.errors import MoveError

LONGEST_NAME = 255  # bytes
# Of this system, and of those that a disk may be carried to.
_SEPARATORS = set('/\\:*?"<>|')
_DEVICES = [f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)]
_RESERVED = {"CON", "PRN", "AUX", "NUL", *_DEVICES}


def is_way_out(root: Path, path: Path) -> bool:
    """Whether the link `path` leads to a folder that shares nothing with the library `root`."""
    real = Path(os.path.realpath(path))
    return os.path.isdir(real) and not real.is_relative_to(root) and not root.is_relative_to(real)


def is_label(root: Path, folder: str, through_links: bool) -> bool:
    """Whether `folder` is the bare name of a visible, direct sub-folder: a real one, or with `through_links` one that
    is a link out of the library."""
    path = root / folder
    if path.name != folder or folder.startswith(".") or not os.path.isdir(path):
        return False
    return not os.path.islink(path) or (through_links and is_way_out(root, path))


def need_label(root: Path, folder: str, through_links: bool) -> None:
    """Raises MoveError, with the nearest known name, where `folder` is no folder of the library to file into."""
    if not is_label(root, folder, through_links):
        if os.path.islink(root / folder) and is_way_out(root, root / folder):
            raise MoveError(
                f"{folder!r} is a link that leads out of the library; library.file_through_links in the config allows "
                "to file into it"
            )
        known = [name for name in os.listdir(root) if is_label(root, name, through_links)]
        near = difflib.get_close_matches(folder, known, n=1)
        rest = f"; did you mean {near[0]!r}?" if near else ": make one first"
        raise MoveError(f"there is no folder {folder!r} in the library{rest}")


def check_new_folder(root: Path, name: str, instead_of: str | None = None) -> None:
    """Raises MoveError that says what is wrong with `name` for a folder of `root`.

    It must be one that every system can hold and a person can tell from all others but `instead_of`.
    """
    shown_name = visible(name)
    if not name.strip() or name != name.strip():
        raise MoveError("a folder's name cannot be empty, or begin or end with a space")
    if name.startswith("."):
        raise MoveError(f"{shown_name}: names that begin with a dot are hidden, and no folders of a library")
    if bad := sorted(set(name) & _SEPARATORS):
        raise MoveError(f"{shown_name}: a folder's name cannot hold {' '.join(bad)}")
    if not name.isprintable():
        raise MoveError(f"{shown_name}: a folder's name cannot hold characters that show nothing")
    if len(os.fsencode(name)) > LONGEST_NAME:
        raise MoveError(f"{shown_name[:40]}…: the name is longer than {LONGEST_NAME} bytes")
    if name.endswith(".") or name.partition(".")[0].rstrip().upper() in _RESERVED:
        raise MoveError(f"{shown_name}: Windows and its disks cannot hold a folder of that name")
    for there in os.listdir(root):
        if told_apart_by(there) == told_apart_by(name) and there != instead_of:
            raise MoveError(f"{visible(there)} is there already")


def told_apart_by(name: str) -> str:
    """What is the same for names that some file system, or a person, takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def numbered(stem: str, number: int, suffixes: list[str]) -> str:
    """`stem` for the `number`-th of its name: `stem (2)`, shortened so that each of `suffixes` fits behind it.

    Where a suffix alone is too long for that, so is the name.
    """
    if number == 1:
        return stem
    mark = f" ({number})"
    room = LONGEST_NAME - len(mark) - max(len(os.fsencode(suffix)) for suffix in suffixes)
    while stem and len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + mark


def shown(path: Path) -> str:
    """`path` in quotes, with what a terminal cannot show escaped."""
    return repr(str(path))
