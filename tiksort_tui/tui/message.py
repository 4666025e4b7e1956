"""The line at the bottom of the screen, which who pressed a key in mpv's window reads there."""

from __future__ import annotations

from collections.abc import Callable

from tiksort_tui.tui import views

OSD_WIDTH = 60
# A word is soon read; what is typed into stays until the next key, or for who has turned away.
OSD_SECONDS, COVERED_OSD_SECONDS = 1.5, 10.0


class Message:
    """What was said last; it stands until the next key, or until it is taken back. `show` shows text in mpv's window
    for some seconds."""

    def __init__(self, show: Callable[[str, float], None]) -> None:
        self.text = ""
        self.trouble = False
        self.looks_at_mpv = False
        """Whether the last key was pressed in mpv's window."""
        self._about = ""
        self._show = show

    @property
    def style(self) -> str:
        return "$warning" if self.trouble else "$text"

    def say(self, text: str, trouble: bool, about: str) -> None:
        self.text, self.trouble, self._about = text, trouble, about
        self.tell_mpv()

    def take_back(self, about: str | None) -> None:
        """What is said, if it is `about` this, holds no longer; None: whatever it is about."""
        if about is None or about == self._about:
            self.text = self._about = ""

    def tell_mpv(self, instead: str = "") -> None:
        """For who looks at mpv's window: what is said, or the lines of what lies over the screen `instead`."""
        if self.looks_at_mpv:
            lines = (views.message(line, OSD_WIDTH) for line in (instead or self.text).split("\n"))
            self._show("\n".join(lines), COVERED_OSD_SECONDS if instead else OSD_SECONDS)
