"""What lies over the sorting screen for a while."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import ModalScreen

Answer = TypeVar("Answer")


def is_escape(key: str) -> bool:
    """Whether Esc was pressed: with another key soon after it, which is lost, the terminal tells of one, alt+key."""
    return key == "escape" or key.startswith("alt+")


class Covering(ModalScreen[Answer]):
    """A screen over the sorting screen. Its keys come as events, from the terminal and from mpv's window alike."""

    def osd(self) -> str:
        """What it shows in a few words, for who looks at mpv's window."""
        raise NotImplementedError
