"""The strip: a clip's five small pictures in blocks, two colours to a cell, or in shades where colours are few."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from PIL import Image

# Of a cell's quarters, upper left, upper right, lower left, lower right, those that a bit of the place stands for.
QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
# All ways to part the quarters in two, the halves first: they are taken where it does not matter.
PARTS = (3, 5, 1, 2, 4, 6, 7)
SHADES = " ░▒▓█"
# The pixels of a cell, across and down.
HALVES, SQUARE = (1, 2), (2, 4)
OPAQUE = 127
# What is made smaller than this loses its edges, and is sharpened.
BLURRED_UNDER, SHARPNESS = 0.4, 50
# A picture that is narrower than this shows nothing.
NARROWEST = 3
# Broad pictures stand in two rows where they are this much larger then, and in one of so few lines.
WORTH_TWO_ROWS, LOW_ROW = 1.2, 6


def draw_strip(jpegs: Sequence[bytes], width: int, height: int) -> list[Strip]:
    """At most `height` lines of `width` cells that show `jpegs` side by side. For a thread: it decodes pictures.

    The quarters of a cell have two colours. Which of them share one is chosen so that the picture loses least.
    """
    sheet = sheet_of(jpegs, width, height, SQUARE)
    if sheet is None:
        return []
    # Only here: it takes long to import, and the cache, from which pictures come, needs it as well.
    import numpy as np

    lines = sheet.height // SQUARE[1]
    # [lines, width, quarters, channels]: quarters are twice as high as wide.
    cells = np.asarray(sheet.reduce((1, 2)), np.float32).reshape(lines, 2, width, 2, 4).swapaxes(1, 2)
    colours, there = cells[..., :3].reshape(lines, width, 4, 3), cells[..., 3].reshape(lines, width, 4) > OPAQUE
    parts = np.array([[part >> quarter & 1 for quarter in range(4)] for part in PARTS], np.float32)
    count = parts.sum(1)[:, None]
    inside = np.einsum("pq,yxqc->yxpc", parts, colours)
    means = np.stack([inside / count, (colours.sum(2, keepdims=True) - inside) / (4 - count)])
    # The squared error is least where the weighed squares of the means are largest.
    best = ((means**2).sum(-1) * np.stack([count, 4 - count])[:, None, None, :, 0]).sum(0).argmax(-1)
    two = np.take_along_axis(means, best[None, :, :, None, None], 3)[:, :, :, 0].round().astype(int).tolist()

    def cell(y: int, x: int) -> Segment:
        seen = there[y, x]
        if seen.all():
            first, second = (Color.from_rgb(*colour[y][x]) for colour in two)
            return Segment(QUARTERS[PARTS[best[y, x]]], Style(color=first, bgcolor=second))
        # The edge of a picture, or beside it.
        colour = Color.from_rgb(*colours[y, x, seen].mean(0).round().astype(int).tolist()) if seen.any() else None
        return Segment(QUARTERS[int(seen @ (1, 2, 4, 8))], Style(color=colour))

    return [Strip([cell(y, x) for x in range(width)], width) for y in range(lines)]


def draw_shades(jpegs: Sequence[bytes], width: int, height: int, on_light_ground: bool = False) -> list[Strip]:
    """The same in five shades of the terminal's own colour, fuller cells for what is lighter, or darker on a light
    ground."""
    from PIL import Image, ImageOps

    sheet = sheet_of(jpegs, width, height)
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


def sheet_of(
    jpegs: Sequence[bytes], width: int, height: int, cell: tuple[int, int] = HALVES
) -> Image.Image | None:
    """The pictures where `place` has them, on one sheet (RGBA) of `width` cells and as many lines as they take."""
    # Only here and below: it takes 50 ms that the first screen need not wait for.
    from PIL import Image

    lines, placed = place(jpegs, width, height, cell)
    if not placed:
        return None
    sheet = Image.new("RGBA", (width * cell[0], lines * cell[1]))
    for column, line, picture in placed:
        sheet.paste(picture, (column * cell[0], line * cell[1]))
    return sheet


def place(
    jpegs: Sequence[bytes], width: int, height: int, cell: tuple[int, int]
) -> tuple[int, list[tuple[int, int, Image.Image]]]:
    """The pictures side by side, or those that are broad in two rows, in `width` by `height` cells of `cell` pixels.

    Gives the lines that they take, and each (RGB) with the column and the line of its upper left corner.
    """
    from PIL import Image, ImageFilter

    if not jpegs or width < len(jpegs) * NARROWEST or height < 1:
        return 0, []
    pictures = [Image.open(io.BytesIO(jpeg)).convert("RGB") for jpeg in jpegs]
    # The frames of one clip are of one size.
    shape = pictures[0].size
    scale_in = partial(_scale, shape, (width, height), cell)
    columns, rows = len(pictures), 1
    two_rows = (len(pictures) + 1) // 2, 2
    in_one = scale_in(columns, rows)
    if shape[1] * in_one < LOW_ROW * cell[1] and scale_in(*two_rows) >= WORTH_TWO_ROWS * in_one:
        columns, rows = two_rows
    scale = scale_in(columns, rows)
    size = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
    across, down = -(-size[0] // cell[0]), -(-size[1] // cell[1])
    right, below = across + min(2, (width + 1) // columns - across), down + 1
    resampling = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BILINEAR
    pictures = [picture.resize(size, resampling) for picture in pictures]
    if scale < BLURRED_UNDER:
        pictures = [picture.filter(ImageFilter.UnsharpMask(1, SHARPNESS, 0)) for picture in pictures]
    placed = [(i % columns * right, i // columns * below, picture) for i, picture in enumerate(pictures)]
    return rows * below - 1, placed


def _scale(shape: tuple[int, int], room: tuple[int, int], cell: tuple[int, int], columns: int, rows: int) -> float:
    """By how much a picture of `shape` is scaled so that so many fit, with a free cell beside and below each."""
    across, down = ((room[0] + 1) // columns - 1) * cell[0], (room[1] - rows + 1) // rows * cell[1]
    return max(0.0, min(across / shape[0], down / shape[1]))
