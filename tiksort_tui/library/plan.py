"""What a filing needs before it is begun: that the clip may go, what goes with it, and free names for all.

Makes nothing but the trash folder.
"""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path

from tiksort_tui.config import LibraryConfig
from tiksort_tui.errors import DuplicateError, MoveError
from tiksort_tui.library import relocate
from tiksort_tui.library.bunch import Claims
from tiksort_tui.library.entries import Move
from tiksort_tui.library.naming import is_label, need_label, numbered, shown
from tiksort_tui.library.sidecars import rivals_of, sidecars_of
from tiksort_tui.library.state import TRASH_FOLDER


class Planner:
    """Plans the filings of one bunch in the library `root`, before any of them is carried out.

    A plan is the moves of the clip and of what belongs to it, the clip's first; None where it depends on a filing that
    was planned before. With `only` that clip is planned, and no other.
    """

    def __init__(self, root: Path, config: LibraryConfig, only: Path | None = None) -> None:
        self._root = root
        self._config = config
        self._only = only
        self._claims = Claims()
        self._names: dict[Path, list[str]] = {}

    def into(self, clip: Path, folder: str, free_name: bool = True) -> list[Move] | None:
        """Plan to bring `clip` into the direct sub-folder `folder`; under another name only if a `free_name` will do.

        Raises DuplicateError where the same content is there under that name, and MoveError.
        """
        try:
            if self._claims.touch(clip):
                return None
            self._check(clip)
            need_label(self._root, folder, self._config.file_through_links)
            if os.path.samefile(self._top(clip), self._root / folder):
                raise MoveError(f"{shown(clip)} is in {folder!r} already")
            moves = self._moves(clip, self._root / folder)
        except OSError as error:
            raise MoveError(f"{shown(clip)} was not filed: {relocate.reason(error)}") from error
        if moves and not free_name and moves[0][1].name != clip.name:
            taken = shown(self._root / folder / clip.name)
            raise MoveError(f"{taken} is there already: rename one of the two, then file the clip again")
        return moves

    def into_trash(self, clip: Path) -> list[Move] | None:
        """Plan to bring `clip` into the library's trash folder, also what is there already; raises MoveError."""
        trash = self._root / TRASH_FOLDER
        try:
            self._check(clip)
            if self._top(clip) == trash:
                raise MoveError(f"{shown(clip)} is in the trash already")
            if not os.path.lexists(trash):
                trash.mkdir()
                relocate.sync_folder(self._root)
            if trash.is_symlink() or not trash.is_dir():
                raise MoveError(f"{shown(trash)} is no folder of the library: move it away, then try again")
            return self._moves(clip, trash, keep_duplicates=True)
        except OSError as error:
            raise MoveError(f"{shown(clip)} was not put in the trash: {relocate.reason(error)}") from error

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

    def _moves(self, clip: Path, folder: Path, keep_duplicates: bool = False) -> list[Move] | None:
        """The clip and what belongs to it go to `folder`, under the first number that is free for all."""
        names = self._names_in(clip.parent)
        if self._claims.touch(*rivals_of(clip, self._config, names)):
            return None
        files = [clip, *sidecars_of(clip, self._config, names)]
        suffixes = [file.name[len(clip.stem) :] for file in files]
        for number in itertools.count(1):
            stem = numbered(clip.stem, number, suffixes)
            targets = [folder / (stem + suffix) for suffix in suffixes]
            if self._claims.touch(*files, *targets):
                return None
            if not keep_duplicates and os.path.lexists(targets[0]) and relocate.same_content(clip, targets[0]):
                raise DuplicateError(
                    f"{shown(clip)} is a duplicate of {shown(targets[0])}; one of the two is enough", targets[0]
                )
            if not any(map(os.path.lexists, targets)):
                break
        moves = [
            (file.relative_to(self._root), target.relative_to(self._root), relocate.stamp_of(file))
            for file, target in zip(files, targets, strict=True)
        ]
        self._claims.take(*files, *targets)
        return moves

    def _names_in(self, folder: Path) -> list[str]:
        """The names in `folder` before the bunch, in order: listed once, it may be large."""
        if folder not in self._names:
            names = os.listdir(folder)
            if self._only:
                # No other name can matter, and to sort 20,000 holds up the screen.
                start = f"{self._only.name.partition('.')[0]}."
                names = [name for name in names if name.startswith(start)]
            self._names[folder] = sorted(names)
        return self._names[folder]
