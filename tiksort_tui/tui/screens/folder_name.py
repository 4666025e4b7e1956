"""Asks for the name of a folder."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Label

from tiksort_tui.tui.screens.dialog import Dialog


class FolderNameScreen(Dialog):
    """Gives the name, empty where it was called off. `problem` says what was wrong with `name`, the last answer."""

    def __init__(self, title: str, name: str = "", problem: str = "") -> None:
        super().__init__(Input(name, placeholder="its name", select_on_focus=not problem))
        self._name_title = title
        self._problem = problem

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(Content.styled(self._problem, "$warning") if self._problem else Content(self._name_title))
            yield self.field
            yield Label("Enter does it, Esc does not")

    def osd(self) -> str:
        return f"{self._problem or self._name_title}: {super().osd()}"
