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


class StripPanel(Widget):
    """Shows lines that are drawn already."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._strips: list[Strip] = []

    def show(self, strips: list[Strip]) -> None:
        if strips is not self._strips:
            self._strips = strips
            self.refresh()

    def render_line(self, y: int) -> Strip:
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        # The cells beside the pictures have no colour of their own.
        return self._strips[y].apply_style(self.rich_style)
