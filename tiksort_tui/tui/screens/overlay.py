"""A calm page over the sorting screen: it scrolls, and any key that does not scroll leaves it."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tiksort_tui.tui.screens.covering import Covering
from tiksort_tui.tui.views import Lines

SCROLLING = {"down": 1, "up": -1, "j": 1, "k": -1, "pagedown": 15, "pageup": -15, "home": -1000, "end": 1000}
# The frame, what keeps the text from it, and the bar that shows how far it is scrolled.
BESIDE = 7


class Overlay(Covering[None]):
    """What has a page to show says in `lines` what stands on it."""

    page_title = ""
    widest = 100

    def __init__(self) -> None:
        super().__init__()
        self._text = Static()
        self._box = VerticalScroll(self._text, classes="box")

    def lines(self, width: int) -> Lines:
        """The page in lines of at most `width` cells."""
        raise NotImplementedError

    def osd(self) -> str:
        return f"{self.page_title}: in the terminal; any key goes on"

    def compose(self) -> ComposeResult:
        yield self._box

    def on_mount(self) -> None:
        box = self._box
        box.styles.width = self.widest
        box.border_title = self.page_title
        box.border_subtitle = "↑ ↓ scroll, any other key leaves"
        self.fill()

    def on_resize(self) -> None:
        self.fill()

    def fill(self) -> None:
        """Write the page, also anew when more is known."""
        lines = self.lines(max(1, min(self.widest, self.app.size.width) - BESIDE))
        self._text.update(Content("\n").join(lines))

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if step := SCROLLING.get(event.key):
            self._box.scroll_relative(y=step, animate=False)
        # A second key may come before the screen is gone.
        elif self.is_active:
            self.dismiss()
