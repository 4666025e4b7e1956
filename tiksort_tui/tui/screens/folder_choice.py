"""Chooses a folder by typing a part of its name: for those that have no key of their own."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Label

from tiksort_tui.domain import visible
from tiksort_tui.tui.screens.dialog import Dialog

SHOWN = 8


class FolderChoiceScreen(Dialog):
    """Gives one of `folders`, empty where it was called off."""

    def __init__(self, folders: Sequence[str]) -> None:
        super().__init__()
        self._folders = folders

    def compose(self) -> ComposeResult:
        with Vertical(id="name_box"):
            yield Label("File into")
            yield Input(placeholder="a part of the folder's name", id="folder_name")
            yield Label(self._found(""), id="found")

    def on_input_changed(self, event: Input.Changed) -> None:
        self.query_one("#found", Label).update(self._found(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if matches := matching(self._folders, event.value):
            self.answer(matches[0])

    def _found(self, part: str) -> Content:
        matches = matching(self._folders, part)
        if not matches:
            return Content.styled("no folder is called that", "$warning")
        names = [visible(name) for name in matches[:SHOWN]]
        lines = [Content.styled(names[0], "bold $primary"), *map(Content, names[1:])]
        if len(matches) > SHOWN:
            lines.append(Content.styled(f"… {len(matches) - SHOWN} more", "$foreground-muted"))
        return Content("\n").join([*lines, Content.styled("Enter takes the first, Esc none", "$foreground-muted")])



def matching(folders: Sequence[str], part: str) -> list[str]:
    """The folders with `part` in their names, in any case; those that begin with it first."""
    wanted = part.casefold()
    found = [name for name in folders if wanted in name.casefold()]
    return sorted(found, key=lambda name: not name.casefold().startswith(wanted))
