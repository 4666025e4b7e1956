"""The sorted clips that look misfiled and of which nothing is decided yet, and the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from tiksort_tui.pipeline.events import Misfiled
from tiksort_tui.session import Session


class Undecided:
    """A list with a cursor, which stays on its clip when others come and go."""

    def __init__(self) -> None:
        self.rows: Sequence[Misfiled] = ()
        self.place = 0

    @property
    def current(self) -> Misfiled | None:
        """The one under the cursor, None where there is none."""
        return self.rows[self.place] if self.rows else None

    def update(self, found: Sequence[Misfiled], session: Session) -> None:
        """Take over what was `found`, without what is decided in `session`, and without folders that are not there."""
        folders = {folder.name for folder in session.folders}
        current = self.current
        self.rows = [
            one for one in found if one.path not in session.set_aside and {one.folder, one.better} <= folders
        ]
        if current:
            places = (place for place, one in enumerate(self.rows) if one.path == current.path)
            self.place = next(places, self.place)
        self.walk(0)

    def walk(self, step: int) -> None:
        """Move the cursor; it stops at both ends."""
        self.place = max(0, min(self.place + step, len(self.rows) - 1))
