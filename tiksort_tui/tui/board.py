"""The sorting screen's panels: where each stands, and that it shows its part of a scene."""

from __future__ import annotations

from collections.abc import Iterator

from textual.geometry import Region, Size
from textual.widget import Widget

from tiksort_tui.tui.details import Details
from tiksort_tui.tui.geometry import arrange
from tiksort_tui.tui.panel import Panel, StripPanel
from tiksort_tui.tui.scene import Scene

TEXT_PANELS = (
    "header", "top_rule", "folders", "session", "clip", "words", "queue", "suggestion", "alike", "progress",
    "learning", "bottom_rule", "keys", "message", "small",
)  # fmt: skip


class Board:
    """The first words of a clip and the highest pictures get their place when they come, and keep it: so nothing
    moves to and fro from one clip to the next."""

    def __init__(self) -> None:
        self._strip = StripPanel("strip")
        self._panels = {**{name: Panel(name) for name in TEXT_PANELS}, "strip": self._strip}
        self._regions: dict[str, Region] = {}
        self._size, self._clip = Size(), False
        self._words, self._strip_lines = False, 0
        self.strip_room = Size()
        """The cells that pictures may take."""

    @property
    def names(self) -> frozenset[str]:
        """The panels that have room."""
        return frozenset(self._regions)

    def widgets(self) -> Iterator[Widget]:
        yield from self._panels.values()

    def arrange(self, size: Size, speech: bool, clip: bool) -> None:
        """Place all panels on a screen of `size`. `speech`: clips are listened to; `clip`: there is one on screen."""
        if size != self._size:
            self._strip_lines = 0
        self._size, self._clip, self._words = size, clip, self._words or speech
        self._place()

    def show(self, details: Details | None) -> None:
        """The clip's pictures, or where it has none the word why; None as long as it was not looked at."""
        if details is not None:
            words, lines = self._words or details.words, max(self._strip_lines, len(details.strip))
            if (words, lines) != (self._words, self._strip_lines):
                self._words, self._strip_lines = words, lines
                self._place()
        self._strip.show(list(details.strip) if details else [])

    def fill(self, scene: Scene) -> None:
        """Have every panel that has room show its part of `scene`."""
        for name, region in self._regions.items():
            if name == "strip" and scene.details and scene.details.strip:
                continue
            lines = scene.lines(name, region.width, region.height)
            # A terminal may be narrower than any sensible layout.
            self._panels[name].show([line.truncate(region.width) for line in lines[: region.height]])

    def _place(self) -> None:
        width, height = self._size
        self.strip_room = arrange(width, height, self._words, self._clip).get("strip", Region()).size
        self._regions = regions = arrange(width, height, self._words, self._clip, self._strip_lines or None)
        for name, panel in self._panels.items():
            region = regions.get(name)
            panel.display = region is not None
            if region is not None:
                panel.styles.offset = (region.x, region.y)
                panel.styles.width, panel.styles.height = region.width, region.height
