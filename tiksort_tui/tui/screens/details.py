"""All that is known of the clip on screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from tiksort_tui.errors import TiksortError
from tiksort_tui.tui.details import Details
from tiksort_tui.tui.screens.overlay import Overlay
from tiksort_tui.tui.views import Lines
from tiksort_tui.tui.views.known import known

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp


class DetailsScreen(Overlay):
    """The page on `clip`. Its file is looked at once more, and the page filled when that is done."""

    page_title = "Details"

    def __init__(self, clip: Path) -> None:
        super().__init__()
        self._clip = clip
        self._known: Details | None = None
        self._sidecars: list[str] = []

    def on_mount(self) -> None:
        self.sort.start(self._look())

    @property
    def sort(self) -> SortApp:
        return cast("SortApp", self.app)

    def lines(self, width: int) -> Lines:
        return known(self.sort.session, self._clip, self._known, self._sidecars, width)

    async def _look(self) -> None:
        try:
            self._known = await self.sort.details.read(self._clip, 0, 0)
            self._sidecars = await self.sort.details.sidecars(self._clip)
        except TiksortError as error:
            self.sort.sort_screen.tell(str(error))
        if self.is_attached:
            self.fill()
