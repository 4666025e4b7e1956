"""All keys, made from the live key map. Any key leaves it."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tiksort_tui.tui.keymap import COMMANDS


class HelpScreen(ModalScreen[None]):
    """The table of keys."""

    def compose(self) -> ComposeResult:
        lines = [Content.assemble((f"{command.shown:<18}", "bold $primary"), command.what) for command in COMMANDS]
        ending = Content.styled("The same keys act in the window of mpv. Any key leaves this.", "$text-muted")
        yield Static(Content("\n").join([*lines, ending]), id="keys_box")

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        # A second key may come before the screen is gone.
        if self.is_current:
            self.dismiss()
