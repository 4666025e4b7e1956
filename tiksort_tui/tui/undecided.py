"""The sorted clips that look misfiled and of which nothing is decided yet, and the one under the cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tiksort_tui.pipeline.events import Misfiled
from tiksort_tui.session import Session


class Undecided:
    """A list with a cursor, which stays on its clip when others come and go."""

    def __init__(self) -> None:
        self.rows: Sequence[Misfiled] = ()
        self.place = 0
        self._found: Sequence[Misfiled] = ()
        # The clips that were decided, and whether they were moved.
        self._decided: list[tuple[Path, bool]] = []
        self._comes_back: Path | None = None

    @property
    def current(self) -> Misfiled | None:
        """The one under the cursor, None where there is none."""
        return self.rows[self.place] if self.rows else None

    def update(self, found: Sequence[Misfiled], session: Session) -> None:
        """Take over what was `found`, without what is decided in `session`, and without folders that are not there.

        The surest stand first: what else makes a mistake likely is not shown beside them. A folder that was renamed
        since is told by its new name.
        """
        self._found = sorted(found, key=lambda one: -one.confidence)
        folders, renamed = {folder.name for folder in session.folders}, renamed_folders(session)
        current = self.current
        aside = {_path_now(clip, session.root, renamed) for clip in session.set_aside}
        rows = (_now(one, session.root, renamed) for one in self._found)
        self.rows = [one for one in rows if one.path not in aside and {one.folder, one.better} <= folders]
        if current:
            self._go_to(current.path)
        if any(one.path == self._comes_back for one in self.rows):
            self._go_to(self._comes_back)
            self._comes_back = None
        self.walk(0)

    def walk(self, step: int) -> None:
        """Move the cursor; it stops at both ends."""
        self.place = max(0, min(self.place + step, len(self.rows) - 1))

    def leave(self, session: Session) -> None:
        """The clip under the cursor is where it belongs."""
        if self.current:
            session.set_aside.add(self.current.path)
            self._decided.append((self.current.path, False))

    def moved(self, session: Session) -> None:
        """The clip under the cursor goes where it looks as if it belonged."""
        if self.current:
            session.set_aside.add(self.current.path)
            self._decided.append((self.current.path, True))

    def take_back(self, session: Session) -> Path | None:
        """Have the clip that was left last under the cursor again; None where a move was the last, or nothing.

        One that was moved is under the cursor when it has come back.
        """
        if not self._decided:
            return None
        clip, moved = self._decided.pop()
        self._comes_back = clip
        if moved:
            return None
        session.set_aside.discard(clip)
        self.update(self._found, session)
        return clip

    def _go_to(self, clip: Path | None) -> None:
        places = (place for place, one in enumerate(self.rows) if one.path == clip)
        self.place = next(places, self.place)


def renamed_folders(session: Session) -> Mapping[str, str]:
    """The folders by a name that they had before, which a model may know, and which is no other folder's by now."""
    there = {folder.name for folder in session.folders}
    return {before: now for before, now in session.renamed.items() if before not in there}


def _now(one: Misfiled, root: Path, renamed: Mapping[str, str]) -> Misfiled:
    """The same by the names that the folders have now."""
    if renamed.keys().isdisjoint((one.folder, one.better)):
        return one
    folder, better = (renamed.get(name, name) for name in (one.folder, one.better))
    return replace(one, path=_path_now(one.path, root, renamed), folder=folder, better=better)


def _path_now(clip: Path, root: Path, renamed: Mapping[str, str]) -> Path:
    top, *below = clip.relative_to(root).parts
    return root.joinpath(renamed[top], *below) if top in renamed else clip
