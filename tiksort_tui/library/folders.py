"""Making a folder of the library; its name must be one that every system can hold and a person can tell apart."""

from __future__ import annotations

import os
from pathlib import Path

from tiksort_tui.domain import visible
from tiksort_tui.errors import MoveError

LONGEST_NAME = 255


def make_folder(root: Path, name: str) -> None:
    """Make the direct sub-folder `name` of `root`; raises MoveError that says what is wrong with the name."""
    shown = visible(name)
    if not name.strip() or name != name.strip():
        raise MoveError("a folder's name cannot be empty, or begin or end with a space")
    if name.startswith("."):
        raise MoveError(f"{shown}: names that begin with a dot are hidden, and no folders of a library")
    if "/" in name or not name.isprintable():
        raise MoveError(f"{shown}: a folder's name cannot hold / or control characters")
    if len(os.fsencode(name)) > LONGEST_NAME:
        raise MoveError(f"{shown[:40]}…: the name is longer than {LONGEST_NAME} bytes")
    try:
        there = next((entry for entry in os.listdir(root) if entry.casefold() == name.casefold()), None)
        if there is not None:
            raise MoveError(f"{visible(there)} is there already")
        (root / name).mkdir()
    except OSError as error:
        raise MoveError(f"{shown}: the folder cannot be made: {error.strerror}") from error
