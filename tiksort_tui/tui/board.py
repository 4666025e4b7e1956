"""The sorting screen's panels: where each stands, and that it shows its part of a scene."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from rich.cells import cell_len
from textual.geometry import Region, Size
from textual.widget import Widget

from tiksort_tui.domain import visible
from tiksort_tui.session import Session
from tiksort_tui.tui.details import Details
from tiksort_tui.tui.geometry import arrange
from tiksort_tui.tui.panel import Panel, StripPanel, put
from tiksort_tui.tui.scene import Scene

TEXT_PANELS = (
    "header", "top_rule", "folders", "session", "clip", "words", "queue", "suggestion", "alike", "progress",
    "learning", "bottom_rule", "keys", "message", "small",
)  # fmt: skip
# The place of the pictures is as high as those of the last so many clips need.
STEADY_CLIPS = 12


class Board:
    """The first words of a clip and the highest pictures get their place when they come. The words keep it, and the
    pictures as long as some of the last clips had such high ones: so nothing moves to and fro from one clip to the
    next, but for the words, which use what lower pictures leave free."""

    def __init__(self) -> None:
        self._strip = StripPanel("strip")
        self._panels = {**{name: Panel(name) for name in TEXT_PANELS}, "strip": self._strip}
        self._regions: dict[str, Region] = {}
        self._size, self._clip = Size(), False
        self._words, self._names = False, 0
        # The lines of the pictures of this clip, and of the last ones that have some.
        self._drawn, self._last_drawn = 0, deque[int](maxlen=STEADY_CLIPS)
        # The panels of this clip that hold nothing, where what is said instead of its pictures needs room.
        self._empty: frozenset[str] = frozenset()
        self.strip_room = Size()
        """The cells that pictures may take."""

    @property
    def regions(self) -> Mapping[str, Region]:
        """The places of the panels that have room."""
        return self._regions

    def widgets(self) -> Iterator[Widget]:
        yield from self._panels.values()

    def arrange(self, size: Size, speech: bool, session: Session) -> None:
        """Place all panels on a screen of `size`. `speech`: clips are listened to."""
        if size != self._size:
            self._drawn = 0
            self._last_drawn.clear()
        self._size, self._clip, self._words = size, session.current is not None, self._words or speech
        self._names = max((cell_len(visible(folder.name)) for folder in session.folders), default=0)
        self._place()

    def show(self, details: Details | None) -> None:
        """The clip's pictures, or where it has none the word why; None as long as none are drawn for this size."""
        if details is not None:
            self._words, self._drawn = self._words or details.words, len(details.strip)
            if self._drawn:
                self._last_drawn.append(self._drawn)
                self._empty = frozenset()
            self._place()
        self._strip.show(list(details.strip) if details else [])

    def fill(self, scene: Scene) -> None:
        """Have every panel that has room show its part of `scene`."""
        before = self._empty
        if scene.details is not None:
            self._empty = _empty(scene.session, scene.details)
        elif scene.session.prediction(scene.session.current):
            self._empty = frozenset()
        if self._empty != before:
            self._place()
        for name, region in self._regions.items():
            if name == "strip" and scene.details and scene.details.strip:
                continue
            if name == "message" and scene.keeps_notice:
                continue
            lines = scene.lines(name, region.width, region.height)
            # A terminal may be narrower than any sensible layout.
            self._panels[name].show([line.truncate(region.width) for line in lines[: region.height]])

    def _place(self) -> None:
        width, height = self._size
        roomiest = arrange(width, height, self._words, self._clip, names=self._names)
        self.strip_room = roomiest.get("strip", Region()).size
        highest = max(self._last_drawn, default=None)
        regions = arrange(width, height, self._words, self._clip, highest, self._drawn, self._names, self._empty)
        if regions == self._regions:
            return
        self._regions = regions
        for name, panel in self._panels.items():
            put(panel, regions.get(name))


def _empty(session: Session, details: Details) -> frozenset[str]:
    """Of a clip without pictures, the panels below their place in which nothing is to be said."""
    if details.strip:
        return frozenset()
    unread = session.current in session.failures and session.prediction(session.current) is None
    empty = {"words": not details.words, "suggestion": unread}
    return frozenset(name for name, is_empty in empty.items() if is_empty)
