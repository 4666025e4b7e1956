"""Making a folder of the library."""

from __future__ import annotations

from pathlib import Path

from tiksort_tui.domain import visible
from tiksort_tui.errors import MoveError
from tiksort_tui.library.naming import check_new_folder


def make_folder(root: Path, name: str) -> None:
    """Make the direct sub-folder `name` of `root`; raises MoveError that says what is wrong with the name."""
    try:
        check_new_folder(root, name)
        (root / name).mkdir()
    except OSError as error:
        raise MoveError(f"{visible(name)}: the folder cannot be made: {error.strerror}") from error
