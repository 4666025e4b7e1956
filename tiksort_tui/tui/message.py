"""The line at the bottom of the screen, which who pressed a key in mpv's window reads there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tiksort_tui.tui import views

OSD_WIDTH = 60
# A word is soon read; what is typed into stays until the next key, or for who has turned away.
OSD_SECONDS, COVERED_OSD_SECONDS = 1.5, 10.0
# What came of a key stands so long, whatever else happens; news that stood shorter than that were not read.
ANSWER_SECONDS, NEWS_SECONDS = 2.5, 1.0


class _News(NamedTuple):
    text: str
    trouble: bool
    about: str


class Message:
    """What was said last; it stands until the next key, or until it is taken back. `show` shows text in mpv's window
    for some seconds. Times are in seconds of one clock.

    The answer to a key comes before news, which wait until it has been read.
    """

    def __init__(self, show: Callable[[str, float], None]) -> None:
        self.text = ""
        self.trouble = False
        self.looks_at_mpv = False
        """Whether the last key was pressed in mpv's window."""
        self._about = ""
        self._is_news = False
        self._since = self._quiet_until = 0.0
        self._waiting: _News | None = None
        self._show = show

    @property
    def style(self) -> str:
        return "$warning" if self.trouble else "$text"

    def say(self, text: str, trouble: bool, now: float) -> None:
        """This came of what the person did."""
        self._put_off(now, ANSWER_SECONDS)
        self._set(text, trouble, "", now)

    def tell(self, text: str, trouble: bool, about: str, now: float) -> None:
        """This came by itself."""
        self._waiting = _News(text, trouble, about)
        self.go_on(now)

    def go_on(self, now: float) -> bool:
        """Tell the news that waited, if there are any and it is time for them; whether there is another text now."""
        if self._waiting is None or now < self._quiet_until:
            return False
        (text, trouble, about), self._waiting = self._waiting, None
        self._set(text, trouble, about, now, is_news=True)
        return True

    def clear(self, now: float) -> None:
        """A key was pressed: what was said has been read, but for news that had come only just before."""
        if self._is_news and now < self._since + NEWS_SECONDS:
            self._put_off(now, NEWS_SECONDS)
        self.text = self._about = ""

    def take_back(self, about: str) -> None:
        """The news, if they are `about` this, hold no longer."""
        if about == self._about:
            self.text = self._about = ""
        if self._waiting and about == self._waiting.about:
            self._waiting = None

    def tell_mpv(self, instead: str = "") -> None:
        """For who looks at mpv's window: what is said, or the lines of what lies over the screen `instead`."""
        if self.looks_at_mpv:
            lines = (views.message(line, OSD_WIDTH) for line in (instead or self.text).split("\n"))
            self._show("\n".join(lines), COVERED_OSD_SECONDS if instead else OSD_SECONDS)

    def _put_off(self, now: float, seconds: float) -> None:
        if self.text and self._is_news:
            self._waiting = self._waiting or _News(self.text, self.trouble, self._about)
        self._quiet_until = max(self._quiet_until, now + seconds)

    def _set(self, text: str, trouble: bool, about: str, now: float, is_news: bool = False) -> None:
        self.text, self.trouble, self._about, self._is_news, self._since = text, trouble, about, is_news, now
        self.tell_mpv()
