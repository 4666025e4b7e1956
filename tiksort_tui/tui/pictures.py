"""The strip: a clip's five small pictures, in half blocks, two pixels to a cell, or in shades where colours are few."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from PIL import Image

UPPER_HALF = "▀"
SHADES = " ░▒▓█"
# A picture that is narrower than this shows nothing.
NARROWEST = 3
# Broad pictures stand in two rows where they are this much larger then.
WORTH_TWO_ROWS = 1.2


def draw_strip(jpegs: Sequence[bytes], width: int, height: int) -> list[Strip]:
    """At most `height` lines of `width` cells that show `jpegs` side by side. For a thread: it decodes pictures."""
    sheet = _sheet(jpegs, width, height)
    if sheet is None:
        return []
    pixels, inside = sheet.convert("RGB").load(), sheet.getchannel("A").load()
    assert pixels is not None
    assert inside is not None

    def colour(x: int, y: int) -> Color | None:
        return Color.from_rgb(*pixels[x, y]) if inside[x, y] else None  # type: ignore[misc]

    lines = []
    for y in range(0, sheet.height, 2):
        segments = []
        for x in range(width):
            upper, lower = colour(x, y), colour(x, y + 1)
            segments.append(Segment(UPPER_HALF if upper else " ", Style(color=upper, bgcolor=lower)))
        lines.append(Strip(segments, width))
    return lines


def draw_shades(jpegs: Sequence[bytes], width: int, height: int, on_light_ground: bool = False) -> list[Strip]:
    """The same in five shades of the terminal's own colour, fuller cells for what is lighter, or darker on a light
    ground."""
    from PIL import Image, ImageOps

    sheet = _sheet(jpegs, width, height)
    if sheet is None:
        return []
    inside = sheet.getchannel("A")
    grey = ImageOps.autocontrast(sheet.convert("L"), mask=inside)
    if on_light_ground:
        grey = ImageOps.invert(grey)
    cells = width, sheet.height // 2
    lights, seen = (layer.resize(cells, Image.Resampling.BOX).tobytes() for layer in (grey, inside))
    shades = [SHADES[light * len(SHADES) // 256] if there else " " for light, there in zip(lights, seen, strict=True)]
    return [Strip([Segment("".join(shades[y * width : (y + 1) * width]))], width) for y in range(cells[1])]


def _sheet(jpegs: Sequence[bytes], width: int, height: int) -> Image.Image | None:
    """The pictures side by side, or those that are broad in two rows, in `width` by twice `height` pixels (RGBA)."""
    # Only here: it takes 50 ms that the first screen need not wait for.
    from PIL import Image

    if not jpegs or width < len(jpegs) * NARROWEST or height < 1:
        return None
    pictures = [Image.open(io.BytesIO(jpeg)).convert("RGBA") for jpeg in jpegs]
    # The frames of one clip are of one size.
    shape = pictures[0].size
    columns, rows = len(pictures), 1
    two_rows = (len(pictures) + 1) // 2, 2
    if _scale(shape, width, height, *two_rows) >= WORTH_TWO_ROWS * _scale(shape, width, height, columns, rows):
        columns, rows = two_rows
    scale = _scale(shape, width, height, columns, rows)
    across, down = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
    right, below = across + min(2, (width + 1) // columns - across), down + down % 2 + 2
    sheet = Image.new("RGBA", (width, rows * below - 2))
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    for place, picture in enumerate(pictures):
        sheet.paste(picture.resize((across, down), resampling), (place % columns * right, place // columns * below))
    return sheet


def _scale(shape: tuple[int, int], width: int, height: int, columns: int, rows: int) -> float:
    """By how much a picture of `shape` is scaled so that so many fit, with a free pixel beside and two below each."""
    across, down = (width + 1) // columns - 1, (height - rows + 1) // rows * 2
    return max(0.0, min(across / shape[0], down / shape[1]))
