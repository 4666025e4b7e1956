"""What the screens that ask for a name have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.widgets import Input

from tiksort_tui.tui.screens.covering import Covering, is_escape

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp


class Dialog(Covering[str]):
    """Gives one answer, empty where it was called off.

    The app brings each key to `press`, in their order: Textual lets letters overtake Enter, arrows and what deletes.
    """

    def __init__(self, field: Input) -> None:
        super().__init__()
        self.field = field
        # Nothing moves that need not.
        field.cursor_blink = False

    def on_mount(self) -> None:
        # Textual itself does so only while the terminal has the focus, and not the window of mpv.
        self.set_focus(self.field)

    def osd(self) -> str:
        return self.field.value

    async def press(self, key: events.Key | events.Paste) -> None:
        """Do what `key` stands for; of what is pasted, the first line is typed."""
        # Textual takes it away while another window has the focus, mpv's for one.
        self.set_focus(self.field, from_app_focus=True)
        if isinstance(key, events.Paste):
            self._type("".join(key.text.splitlines()[:1]))
        elif is_escape(key.key):
            self.answer("")
        elif key.key == "enter":
            self.submit(self.field.value)
        elif key.is_printable and key.character:
            self._type(key.character)
        elif (bound := self.active_bindings.get(key.key)) and bound.node is self.field:
            await self.app.run_action(bound.binding.action, self.field)
        elif cast("SortApp", self.app).keymap.command_of(key.key) == "quit":
            await self.app.action_quit()

    def submit(self, typed: str) -> None:
        """Answer, if `typed` is an answer."""
        self.answer(typed)

    def _type(self, text: str) -> None:
        self.field.replace(text, *self.field.selection)
