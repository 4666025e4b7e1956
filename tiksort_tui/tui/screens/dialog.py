"""What the screens that ask for a name have in common."""

from __future__ import annotations

from textual.widgets import Input

from tiksort_tui.tui.screens.covering import Covering


class Dialog(Covering[str]):
    """Gives one answer, empty where it was called off with Esc, which the app sees to: the field would take alt+key."""

    def __init__(self, field: Input) -> None:
        super().__init__()
        self.field = field

    def on_mount(self) -> None:
        # Textual itself does so only while the terminal has the focus, and not the window of mpv.
        self.set_focus(self.field)

    def osd(self) -> str:
        return self.field.value
