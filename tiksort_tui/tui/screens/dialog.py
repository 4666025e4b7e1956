"""What the screens that ask for a name have in common."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from tiksort_tui.tui.screens.covering import Covering


class Field(Input):
    """One line to type into, in a Dialog. Its keys count in the order in which they come, however fast that is.

    Textual itself brings those that type nothing round by the app, so that letters which came later overtake them.
    """

    async def on_key(self, event: events.Key) -> None:
        dialog = self.screen
        assert isinstance(dialog, Dialog)
        if dialog.press(event.key, self.value):
            event.stop()
            event.prevent_default()
        elif not event.is_printable and (bound := dialog.active_bindings.get(event.key)) and bound.node is self:
            event.stop()
            event.prevent_default()
            await self.app.run_action(bound.binding.action, self)


class Dialog(Covering[str]):
    """Gives one answer, empty where it was called off with Esc, which the app sees to: the field would take alt+key."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field

    def on_mount(self) -> None:
        # Textual itself does so only while the terminal has the focus, and not the window of mpv.
        self.set_focus(self.field)

    def osd(self) -> str:
        return self.field.value

    def press(self, key: str, typed: str) -> bool:
        """Do what `key` stands for while this is `typed`; False where that is the field's to know."""
        if key == "enter":
            self.submit(typed)
        return key == "enter"

    def submit(self, typed: str) -> None:
        """Answer, if `typed` is an answer."""
        self.answer(typed)
