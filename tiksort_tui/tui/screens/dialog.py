"""What the screens that ask for a name have in common."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from tiksort_tui.tui.screens.covering import Covering, is_escape


class Dialog(Covering[str]):
    """Gives one answer, empty where it was called off with Esc."""

    def __init__(self, field: Input) -> None:
        super().__init__()
        self.field = field

    def on_mount(self) -> None:
        # Textual itself does so only while the terminal has the focus, and not the window of mpv.
        self.set_focus(self.field)

    def on_key(self, event: events.Key) -> None:
        if is_escape(event.key):
            event.stop()
            event.prevent_default()
            self.answer("")

    def osd(self) -> str:
        return self.field.value
