"""The strip in pixels, for terminals that can: sixels, encoded by textual-image, or kitty's graphics protocol.

What draws a picture is a part of the lines that it stands on, and so comes and goes with them. The terminal is never
asked for anything: a late answer would come as keys.
"""

from __future__ import annotations

import base64
import io
import os
import re
import struct
import sys
from collections.abc import Sequence
from fcntl import ioctl
from functools import partial
from importlib.util import find_spec
from itertools import cycle
from termios import TIOCGWINSZ

from rich.color import Color
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.strip import Strip

from tiksort_tui.config import PicturesChoice
from tiksort_tui.errors import ConfigError
from tiksort_tui.tui.details import StripDrawer
from tiksort_tui.tui.pictures import draw_shades, draw_strip, place, sheet_of

COLOUR_DEFINITION = re.compile(r"#(\d+);2;\d+;\d+;\d+")
SAVE_CURSOR, RESTORE_CURSOR = "\x1b7", "\x1b8"
# The cell of DEC's VT340, which is meant where a terminal does not say how large its cells are.
VT340_CELL = 10, 20
# Kitty scales pictures itself: of larger cells it gets no more than this, in pixels.
FINEST_LINE = 20
# Kitty shows a part of a picture in each cell with this letter. The first one of a line says by two marks which line of
# the picture it is and which column, the others go on from there. Its colour's number is the picture's.
# https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders
PLACEHOLDER = "\U0010eeee"
MARKS = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c\u0350\u0351\u0352\u0357\u035b\u0363\u0364"
    "\u0365\u0366\u0367\u0368\u0369\u036a\u036b\u036c\u036d\u036e\u036f\u0483\u0484\u0485\u0486\u0487\u0592\u0593\u0594"
)
# More strips than there are such colours are never in sight.
_colours = cycle(range(196, 231))
CHUNK = 4096
# What says that the terminal is one inside another: tmux, and GNU screen.
MULTIPLEXERS = "TMUX", "STY"


def check_pictures(choice: PicturesChoice) -> None:
    """Raise ConfigError if what draws them is not installed."""
    if choice == "sixel" and not _can_encode_sixels():
        raise ConfigError(
            'pictures = "sixel" in [screen] of the configuration needs textual-image 0.12, which is not installed:'
            " pip install 'tiksort-tui[pictures]', or choose \"blocks\""
        )


def choose_drawer(choice: PicturesChoice, colour_system: str | None, few_colours: bool, dark: bool) -> StripDrawer:
    """What draws the strip; `colour_system` is Rich's word for the terminal's colours."""
    # There sixels leave remains (tmux 3.5), and kitty's pictures do not come through.
    inside_another = any(name in os.environ for name in MULTIPLEXERS)
    if choice == "sixel" and not inside_another:
        return draw_sixels
    # Without its colours kitty's letters have no picture.
    if choice == "kitty" and not inside_another and not few_colours:
        return partial(draw_kitty, in_truecolour=colour_system == "truecolor")
    return partial(draw_shades, on_light_ground=not dark) if few_colours else draw_strip


def draw_sixels(jpegs: Sequence[bytes], width: int, height: int) -> list[Strip]:
    """Like `draw_strip`: blank lines, and after the last of them what draws the pictures over all of them.

    They must not reach the terminal's last column: there the cursor stays in it, and would be a cell too far left.
    """
    # What is public of it asks the terminal when it is imported.
    from textual_image._sixel import image_to_sixels

    lines, placed = place(jpegs, width, height, cell_size())
    if not placed:
        return []
    drawn = ""
    for column, line, picture in placed:
        up = f"\x1b[{lines - 1 - line}A" if line < lines - 1 else ""
        # To define a colour selects it, but not in every terminal (xterm 379).
        sixels = COLOUR_DEFINITION.sub(r"\g<0>#\1", image_to_sixels(picture))
        drawn += f"{SAVE_CURSOR}{up}\x1b[{width - column}D{sixels}{RESTORE_CURSOR}"
    blank = Segment(" " * width)
    return [*[Strip([blank], width)] * (lines - 1), Strip([blank, _unseen(drawn)], width)]


def draw_kitty(jpegs: Sequence[bytes], width: int, height: int, in_truecolour: bool) -> list[Strip]:
    """Like `draw_strip`: lines of placeholders, and before the first of them the picture that they show."""
    across, down = cell_size()
    shrunk = min(1, FINEST_LINE / down)
    cell = max(1, round(across * shrunk)), round(down * shrunk)
    sheet = sheet_of(jpegs, width, min(height, len(MARKS)), cell)
    if sheet is None:
        return []
    colour = next(_colours)
    red, green, blue = triplet = Color.from_ansi(colour).get_truecolor()
    picture = red << 16 | green << 8 | blue if in_truecolour else colour
    png = io.BytesIO()
    sheet.save(png, "PNG", compress_level=2)
    data = base64.b64encode(png.getvalue()).decode()
    lines = sheet.height // cell[1]
    # Virtual (U), and to be answered never (q).
    keys, sent = f"a=T,U=1,f=100,i={picture},c={width},r={lines},", ""
    while data:
        chunk, data = data[:CHUNK], data[CHUNK:]
        sent += f"\x1b_G{keys}q=2,m={int(bool(data))};{chunk}\x1b\\"
        keys = ""
    style = Style(color=Color.from_triplet(triplet))
    rows = [Segment(PLACEHOLDER + mark + MARKS[0] + PLACEHOLDER * (width - 1), style) for mark in MARKS[:lines]]
    return [Strip([_unseen(sent), rows[0]], width), *(Strip([row], width) for row in rows[1:])]


def cell_size() -> tuple[int, int]:
    """The pixels of the terminal's cells, across and down, as the system knows them."""
    try:
        answer = ioctl(sys.__stderr__.fileno() if sys.__stderr__ else -1, TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        return VT340_CELL
    lines, columns, across, down = struct.unpack("HHHH", answer)
    if not (lines and columns and across >= columns and down >= lines):
        return VT340_CELL
    return across // columns, down // lines


def _can_encode_sixels() -> bool:
    try:
        # Other versions may keep their encoder elsewhere.
        return find_spec("textual_image._sixel") is not None
    except ImportError:
        return False


def _unseen(text: str) -> Segment:
    """What is written to the terminal, and takes no cell."""
    return Segment(text, None, [(ControlType.CURSOR_FORWARD, 0)])
