"""What lies over the sorting screen for a while."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Covering(ModalScreen[Answer]):
    """A screen over the sorting screen. Its keys come as events, from the terminal and from mpv's window alike."""

    def osd(self) -> str:
        """What it shows in a few words, for who looks at mpv's window."""
        raise NotImplementedError
