"""The strip: a clip's five small pictures in half blocks, two pixels to a cell."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

UPPER_HALF = "▀"


def draw_strip(jpegs: Sequence[bytes], width: int, height: int) -> list[Strip]:
    """`height` lines of `width` cells that show `jpegs` side by side. For a thread: it decodes pictures."""
    # Only here: it takes 50 ms that the first screen need not wait for.
    from PIL import Image

    if not jpegs or width < len(jpegs) * 3 or height < 1:
        return []
    cell = (width - len(jpegs) + 1) // len(jpegs)
    sheet = Image.new("RGB", (width, 2 * height))
    drawn = Image.new("1", (width, 2 * height))
    for place, jpeg in enumerate(jpegs):
        with Image.open(io.BytesIO(jpeg)) as picture:
            picture.thumbnail((cell, 2 * height))
            left = place * (cell + 1) + (cell - picture.width) // 2
            sheet.paste(picture, (left, 0))
            drawn.paste(1, (left, 0, left + picture.width, picture.height))
    pixels, inside = sheet.load(), drawn.load()
    assert pixels is not None
    assert inside is not None

    def colour(x: int, y: int) -> Color | None:
        return Color.from_rgb(*pixels[x, y]) if inside[x, y] else None  # type: ignore[misc]

    lines = []
    for y in range(0, 2 * height, 2):
        segments = []
        for x in range(width):
            upper, lower = colour(x, y), colour(x, y + 1)
            segments.append(Segment(UPPER_HALF if upper else " ", Style(color=upper, bgcolor=lower)))
        lines.append(Strip(segments, width))
    return lines
