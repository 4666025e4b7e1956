"""What lies over the sorting screen for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from textual.screen import ModalScreen

Answer = TypeVar("Answer")


def is_escape(key: str) -> bool:
    """Whether Esc was pressed: with another key soon after it, which is lost, the terminal tells of one, alt+key."""
    return key == "escape" or key.startswith("alt+")


class Covering(ModalScreen[None], Generic[Answer]):
    """A screen over the sorting screen. Its keys come as events, from the terminal and from mpv's window alike."""

    is_there = False
    """Whether it has been drawn, and takes keys."""
    then: Callable[[Any], None] | None = None
    """Told of the answer, if any is given."""

    def osd(self) -> str:
        """What it shows in a few words, for who looks at mpv's window."""
        raise NotImplementedError

    def answer(self, given: Answer) -> None:
        """Go, and have done what was asked for: before another key comes, which would be for the screen below."""
        # A second key may come before the screen is gone.
        if self.is_active:
            self.dismiss()
            if self.then is not None:
                self.then(given)
