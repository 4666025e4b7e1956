"""What the screens that ask for a name have in common."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from tiksort_tui.tui.screens.covering import Covering, is_escape


class Dialog(Covering[str]):
    """Gives one answer, empty where it was called off with Esc."""

    def on_key(self, event: events.Key) -> None:
        if is_escape(event.key):
            event.stop()
            event.prevent_default()
            self.answer("")

    def osd(self) -> str:
        return self.query_one(Input).value

    def answer(self, text: str) -> None:
        # A second key may come before the screen is gone.
        if self.is_current:
            self.dismiss(text)
