"""All keys, made from the live key map. Any key that does not scroll leaves it."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tiksort_tui.domain import visible
from tiksort_tui.tui.keymap import Keymap, shown

SCROLLING = {"down": 1, "up": -1, "j": 1, "k": -1, "pagedown": 15, "pageup": -15, "home": -1000, "end": 1000}


class HelpScreen(ModalScreen[None]):
    """The table of keys of `keymap`."""

    def __init__(self, keymap: Keymap) -> None:
        super().__init__()
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        rows = [(keys, command.what) for keys, command in self._keymap.rows()]
        rows += [(shown(key), f"file into {visible(folder)}") for key, folder in self._keymap.folders.items()]
        ending = "The same keys act in mpv's window. ↑ ↓ scroll, any other key leaves."
        width = max(len(keys) for keys, _ in rows) + 2
        lines = [Content.assemble((keys.ljust(width), "bold $primary"), what) for keys, what in rows]
        with VerticalScroll(id="keys_box"):
            yield Static(Content("\n").join([*lines, Content(), Content.styled(ending, "$text-muted")]))

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        box = self.query_one("#keys_box", VerticalScroll)
        if step := SCROLLING.get(event.key):
            box.scroll_relative(y=step, animate=False)
        # A second key may come before the screen is gone.
        elif self.is_current:
            self.dismiss()
