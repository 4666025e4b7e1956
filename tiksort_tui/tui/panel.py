"""The widgets: places that show lines which others make. None of them takes the focus, and so none takes a key."""

from __future__ import annotations

from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from tiksort_tui.tui.views import Lines


class Panel(Widget):
    """Shows lines of text, and draws again only what has changed."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._content = Content()

    def show(self, lines: Lines) -> None:
        content = Content("\n").join(lines)
        if not content.is_same(self._content):
            self._content = content
            self.refresh()

    def render(self) -> Content:
        return self._content


class StripPanel(Panel):
    """Shows lines that are drawn already, or lines of text."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._strips: list[Strip] = []

    def show(self, lines: Lines | list[Strip]) -> None:
        strips = [line for line in lines if isinstance(line, Strip)]
        if strips != self._strips:
            self._strips = strips
            self.refresh()
        super().show([line for line in lines if isinstance(line, Content)])

    def render_line(self, y: int) -> Strip:
        if not self._strips:
            return super().render_line(y)
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        # The cells beside the pictures have no colour of their own.
        return self._strips[y].apply_style(self.rich_style)
