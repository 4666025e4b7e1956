"""Names: which may be a folder's, which sub-folders take clips, and the next free name where one is taken.

Reads folders, never writes.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from tiksort_tui.domain import visible
from tiksort_tui.errors import MoveError

LONGEST_NAME = 255  # bytes


def is_label(root: Path, folder: str) -> bool:
    """Whether `folder` is the bare name of a real, visible, direct sub-folder."""
    path = root / folder
    return path.name == folder and not folder.startswith(".") and os.path.isdir(path) and not os.path.islink(path)


def need_label(root: Path, folder: str) -> None:
    """Raises MoveError, with the nearest known name, where `folder` is no folder of the library."""
    if not is_label(root, folder):
        known = [name for name in os.listdir(root) if is_label(root, name)]
        near = difflib.get_close_matches(folder, known, n=1, cutoff=0.0)
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
    if "/" in name or not name.isprintable():
        raise MoveError(f"{shown_name}: a folder's name cannot hold / or control characters")
    if len(os.fsencode(name)) > LONGEST_NAME:
        raise MoveError(f"{shown_name[:40]}…: the name is longer than {LONGEST_NAME} bytes")
    for there in os.listdir(root):
        if there.casefold() == name.casefold() and there != instead_of:
            raise MoveError(f"{visible(there)} is there already")


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
