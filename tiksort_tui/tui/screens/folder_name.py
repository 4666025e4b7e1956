"""Asks for the name of a new folder."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label


class FolderNameScreen(ModalScreen[str]):
    """Gives the name, empty where it was called off."""

    def compose(self) -> ComposeResult:
        with Vertical(id="name_box"):
            yield Label("New folder")
            yield Input(placeholder="its name", id="folder_name")
            yield Label("Enter makes it, Esc does not")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.dismiss("")
