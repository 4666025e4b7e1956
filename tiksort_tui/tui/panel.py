"""The widgets: places that show lines which others make. None of them takes the focus, and so none takes a key."""

from __future__ import annotations

from itertools import zip_longest

from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tiksort_tui.tui.views import Lines

# What changes by itself is drawn so often.
REDRAW_SECONDS = 0.1


def put(widget: Widget, region: Region | None) -> None:
    """Have `widget` stand there, or nowhere."""
    widget.display = region is not None and region.area > 0
    if region is not None:
        widget.styles.offset = (region.x, region.y)
        widget.styles.width, widget.styles.height = region.width, region.height


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
        self._in_pixels = False

    def show(self, lines: Lines | list[Strip]) -> None:
        strips = [line for line in lines if isinstance(line, Strip)]
        # All lines of a picture are of one drawing: where one is another, all are, and are drawn again.
        changed = [y for y, (old, new) in enumerate(zip_longest(self._strips, strips)) if old is not new]
        if changed:
            self._strips = strips
            self._in_pixels = any(segment.control for strip in strips for segment in strip)
            self.refresh(Region(0, changed[0], self.size.width, changed[-1] + 1 - changed[0]))
        super().show([line for line in lines if isinstance(line, Content)])

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._in_pixels and not self.screen.is_active:
            # They would be drawn over the screen that lies over this one.
            return [Strip.blank(crop.width, self.visual_style.rich_style)] * crop.height
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        if not self._strips:
            return super().render_line(y)
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        # The cells beside the pictures have no colour of their own.
        return self._strips[y].apply_style(self.rich_style)
