"""Pictures in pixels: what a terminal that draws them shows, also after other clips, other screens and other sizes."""

import base64
import io
import math
import os
import pty
import re
import struct
import sys
import threading
from fcntl import ioctl
from functools import cache
from termios import TIOCSWINSZ
from unittest.mock import Mock

import pyte
import pytest
from PIL import Image
from rich.color import ColorSystem
from rich.console import Console
from textual.app import App
from textual.strip import Strip

from tests.tui.helpers import (
    CONFIG,
    StandInEngine,
    drawn,
    pile,
    predicted,
    remember_pictures,
    sorting,
    trained,
    until,
    until_redrawn,
)
from tests.tui.test_pictures import BROAD, UPRIGHT, jpegs
from tiksort_tui.config import with_overrides
from tiksort_tui.errors import ConfigError
from tiksort_tui.tui import graphics
from tiksort_tui.tui.app import SortApp, run_screen
from tiksort_tui.tui.graphics import PLACEHOLDER, VT340_CELL, cell_size, choose_drawer, draw_kitty, draw_sixels
from tiksort_tui.tui.panel import StripPanel
from tiksort_tui.tui.pictures import QUARTERS, draw_shades, draw_strip
from tiksort_tui.tui.screens.sure import SureScreen

RED, LIME, BLUE = "red", "lime", "blue"
ACROSS, DOWN = VT340_CELL
GRAPHICS = re.compile(r"(\x1b[P_].*?\x1b\\)", re.DOTALL)
SIXEL = re.compile(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([$-])|([?-~])")


def named(pixel):
    """The name of the colour that a pixel comes next to."""
    return (RED, LIME, BLUE)[max(range(3), key=lambda channel: pixel[channel])]


# The same picture comes again and again.
@cache
def cells_of(text):
    """The colour of each cell, by its column and line, over which these sixels are drawn."""
    width, height = map(int, re.search(r'"1;1;(\d+);(\d+)', text).groups())
    palette, pixels, colour, x, y = {}, {}, None, 0, 0
    for number, *rgb, selected, count, repeated, control, single in SIXEL.findall(text[text.index('"') : -2]):
        if number:
            palette[number] = tuple(map(int, rgb))
        elif selected:
            colour = selected
        elif control:
            x, y = 0, y + (6 if control == "-" else 0)
        else:
            bits = ord(repeated or single) - 63
            for column in range(x, x + int(count or 1)):
                pixels.update({(column, y + bit): palette[colour] for bit in range(6) if bits >> bit & 1})
            x += int(count or 1)
    assert set(pixels) == {(x, y) for x in range(width) for y in range(height)}
    return {
        (column, line): named(pixels[column * ACROSS, line * DOWN])
        for line in range(math.ceil(height / DOWN))
        for column in range(math.ceil(width / ACROSS))
    }


class PixelTerminal(pyte.Screen):
    """A terminal that draws sixels and kitty's pictures; a letter in a cell wipes off what was drawn over it.

    To define a sixel's colour does not select it, as in some xterms.
    """

    def __init__(self, columns, lines):
        super().__init__(columns, lines)
        self._sixels = {}
        self._images = {}
        self._sent = ""
        self._stream = pyte.Stream(self)

    def feed(self, text):
        for part in GRAPHICS.split(text):
            if part.startswith("\x1bP"):
                self._draw_sixels(part)
            elif part.startswith("\x1b_G"):
                self._take(part)
            else:
                self._stream.feed(part)

    def draw(self, data):
        for letter in data:
            self._sixels.pop((self.cursor.x, self.cursor.y), None)
            super().draw(letter)

    def shown(self):
        """The colour of each cell that shows a part of a picture, by its column and line."""
        cells = dict(self._sixels)
        for y in range(self.lines):
            for x in range(self.columns):
                cell = self.buffer[y][x]
                if cell.data.startswith(PLACEHOLDER):
                    cells[x, y] = named(self._images[int(cell.fg, 16)])
        return cells

    def colours(self):
        return set(self.shown().values())

    def _draw_sixels(self, text):
        for (column, line), colour in cells_of(text).items():
            self._sixels[self.cursor.x + column, self.cursor.y + line] = colour

    def _take(self, text):
        keys, _, payload = text[3:-2].partition(";")
        assert "q=2" in keys
        assert len(payload) <= 4096
        if "a=T" in keys:
            self._keys = dict(pair.split("=") for pair in keys.split(","))
        self._sent += payload
        if "m=0" in keys:
            picture = Image.open(io.BytesIO(base64.b64decode(self._sent)))
            columns, lines = int(self._keys["c"]), int(self._keys["r"])
            assert picture.size == (columns * ACROSS, lines * DOWN)
            self._images[int(self._keys["i"])] = picture.getpixel((ACROSS // 2, DOWN // 2))
            self._sent = ""


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    """What Textual writes is drawn on this terminal, which is in none of those that hold others."""
    for name in graphics.MULTIPLEXERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = PixelTerminal(120, 36)
    monkeypatch.setattr(
        App,
        "_display",
        lambda app, screen, update: update and terminal.feed(update.render_segments(app.console)),
    )
    return terminal


@pytest.fixture
def library(tmp_path):
    """Upright pictures of a, broad ones of b, none of c."""
    pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])
    remember_pictures(tmp_path, "a.mp4", RED, (90, 160))
    remember_pictures(tmp_path, "b.mp4", LIME, (160, 90))
    return tmp_path


def on(terminal, lines):
    """The letters of the colours, in lines, that the strip's `lines` show in the upper left corner of `terminal`."""
    console = Console(color_system="truecolor", force_terminal=True)
    for y, line in enumerate(lines):
        terminal.feed(f"\x1b[{y + 1};1H{line.render(console)}")
    shown = terminal.shown()
    return ["".join(shown.get((x, y), " ")[0] for x in range(lines[0].cell_length)) for y in range(len(lines))]


def test_sixels_stand_where_blocks_do_in_their_colours(terminal):
    lines = draw_sixels(jpegs(UPRIGHT, colours=((200, 0, 0), (0, 0, 200))), 62, 10)
    assert {line.cell_length for line in lines} == {62}
    assert on(terminal, lines) == [" ".join(["rrrrrrbbbbb"] * 5)[:59] + "   "] * 10


def test_broad_sixels_stand_in_two_rows(terminal):
    rows = on(terminal, draw_sixels(jpegs(BROAD, colours=((200, 0, 0), (200, 0, 0))), 62, 10))
    assert [len(row.split()) for row in rows] == [3, 3, 3, 3, 0, 2, 2, 2, 2]


@pytest.mark.parametrize("in_truecolour", [True, False])
def test_kittys_letters_name_the_picture_that_was_sent_and_their_part_of_it(in_truecolour):
    first, *others = draw_kitty(jpegs(UPRIGHT), 62, 10, in_truecolour)
    numbers = set()
    for y, line in enumerate([first, *others]):
        assert line.cell_length == 62
        letters, colour = list(line)[-1].text, list(line)[-1].style.color
        assert letters == PLACEHOLDER + graphics.MARKS[y] + graphics.MARKS[0] + PLACEHOLDER * 61
        if in_truecolour:
            red, green, blue = colour.triplet
            numbers.add(red * 65536 + green * 256 + blue)
        else:
            # What Rich makes of it in a terminal of 256 colours.
            numbers.add(colour.downgrade(ColorSystem.EIGHT_BIT).number)
    (number,) = numbers
    assert f",i={number}," in next(iter(first)).text
    assert f",c=62,r={1 + len(others)}," in next(iter(first)).text


@pytest.mark.parametrize(
    ("draw", "most"),
    # Kitty knows no more marks.
    [(draw_sixels, 60), (lambda *room: draw_kitty(*room, True), len(graphics.MARKS))],
    ids=["sixel", "kitty"],
)
def test_without_pictures_or_room_there_is_nothing(draw, most):
    assert draw([], 62, 10) == draw(jpegs(UPRIGHT), 14, 10) == draw(jpegs(UPRIGHT), 62, 0) == []
    assert len(draw(jpegs((20, 256)), 62, 60)) == most


@pytest.mark.parametrize("pictures", ["sixel", "kitty"])
async def test_pictures_go_with_their_clip_and_under_other_screens(library, terminal, pictures):
    config = with_overrides(CONFIG, screen__pictures=pictures)
    told = predicted(library, a=[("cats", 0.9)], b=[("cats", 0.8)])
    async with sorting(library, StandInEngine(trained(promise=0.5), told), config=config) as pilot:
        strip = pilot.app.sort_screen.query_one("#strip")

        def is_whole(colour):
            """Whether the strip's cells show this, and no other cell shows a picture."""
            shown = terminal.shown()
            return set(shown.values()) == {colour} and all(strip.region.contains(*cell) for cell in shown)

        await until(lambda: is_whole(RED))
        await pilot.press("j")
        await until(lambda: is_whole(LIME))
        cells = terminal.shown()
        # The one covers the pictures whole, the other a part of them.
        for key in ("question_mark", "n"):
            await pilot.press(key)
            await until(lambda: pilot.app.screen is not pilot.app.sort_screen and not terminal.shown())
            await pilot.press("escape")
            await until(lambda: terminal.shown() == cells)
        await pilot.press("j")
        await until_redrawn(pilot, lambda: not terminal.shown())
        await pilot.press("k", "k")
        await until(lambda: is_whole(RED))
        await pilot.press("b")
        await until(lambda: isinstance(pilot.app.screen, SureScreen) and terminal.colours() == {RED, LIME})
        await pilot.press("escape")
        await until(lambda: is_whole(RED))
        terminal.resize(30, 90)
        await pilot.resize_terminal(90, 30)
        await until_redrawn(pilot, lambda: strip.region.right < 90)
        await until(lambda: is_whole(RED))


@pytest.mark.parametrize("draw", [draw_sixels, lambda *room: draw_kitty(*room, True)], ids=["sixel", "kitty"])
async def test_lists_of_pictures_replace_each_other_without_remains(terminal, draw):
    """However they move and change, there is what a terminal shows that has only seen the last one."""
    high, low, broad = (
        draw(jpegs(shape, colours=(colour, colour)), 60, lines)
        for shape, lines, colour in ((UPRIGHT, 8, RED), (UPRIGHT, 4, LIME), (BROAD, 8, BLUE))
    )
    blank = Strip.blank(60)
    both = [blank, *low], [*low, blank, *high], [*high, blank, *low], [blank, *broad, *low]
    panel = StripPanel("strip")
    panel.styles.width, panel.styles.height = 60, 20

    class Lists(App[None]):
        def compose(self):
            yield panel

    async with Lists().run_test(size=(120, 36)) as pilot:
        for lines in (high, broad, low, *both, low, []):
            panel.show(lines)
            await pilot.pause()
            alone = PixelTerminal(120, 36)
            on(alone, lines or [blank])
            assert terminal.shown() == alone.shown()


async def test_of_clips_that_are_passed_over_only_the_last_is_drawn(library, monkeypatch):
    may_draw, drawing = threading.Event(), []

    def draw(*room):
        drawing.append(room)
        may_draw.wait()
        return []

    monkeypatch.setattr("tiksort_tui.tui.app.choose_drawer", lambda *_: draw)
    async with sorting(library) as pilot:
        await until(lambda: drawing)
        details, looked_up = pilot.app.details, []
        read = details.read
        monkeypatch.setattr(details, "read", lambda *asked: looked_up.append(asked) or read(*asked))
        for count, key in enumerate("jkjkj", start=1):
            await pilot.press(key)
            await until(lambda count=count: len(looked_up) == count)
        may_draw.set()
        # It draws one after the other: what is asked for now comes after all that it was asked for before.
        await details.read(library / "a.mp4", 62, 10)
        assert len(drawing) == 3


async def test_unless_it_is_asked_for_nothing_of_it_is_imported(library, monkeypatch):
    # To import it fails.
    monkeypatch.setitem(sys.modules, "textual_image", None)
    async with sorting(library) as pilot:
        await until(lambda: set(QUARTERS[1:]) & set(drawn(pilot)))


@pytest.mark.parametrize("installed", [None, "another version"])
def test_what_is_not_installed_is_named_before_anything_is_touched(tmp_path, tmp_path_factory, monkeypatch, installed):
    for name in [name for name in sys.modules if name.startswith("textual_image")]:
        monkeypatch.delitem(sys.modules, name)
    if installed:
        package = tmp_path_factory.mktemp("packages") / "textual_image"
        package.mkdir()
        (package / "__init__.py").touch()
        monkeypatch.syspath_prepend(package.parent)
    else:
        monkeypatch.setitem(sys.modules, "textual_image", None)
    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(sys, stream, Mock(**{"isatty.return_value": True}))
    monkeypatch.setattr(SortApp, "run", lambda app: pytest.fail("the screen was opened"))
    with pytest.raises(ConfigError, match=r"pictures.*\[screen\].*textual-image.*pip install 'tiksort-tui\[pictures"):
        run_screen(tmp_path, with_overrides(CONFIG, screen__pictures="sixel"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("choice", "colours", "few", "inside", "name"),
    [
        ("blocks", "truecolor", False, None, draw_strip),
        ("blocks", "standard", True, None, draw_shades),
        ("sixel", "standard", True, None, draw_sixels),
        ("sixel", "truecolor", False, "TMUX", draw_strip),
        ("kitty", "256", False, None, draw_kitty),
        ("kitty", "256", False, "STY", draw_strip),
        ("kitty", None, True, None, draw_shades),
    ],
)
def test_where_the_terminal_cannot_there_are_blocks(monkeypatch, choice, colours, few, inside, name):
    if inside:
        monkeypatch.setenv(inside, "there")
    drawer = choose_drawer(choice, colours, few, dark=True)
    assert getattr(drawer, "func", drawer) is name


@pytest.mark.parametrize(
    ("lines", "columns", "width", "height", "cell"),
    [(24, 80, 640, 408, (8, 17)), (24, 80, 645, 420, (8, 17)), (24, 80, 0, 0, VT340_CELL), (0, 0, 0, 0, VT340_CELL)],
)
def test_the_terminal_says_how_large_its_cells_are(monkeypatch, lines, columns, width, height, cell):
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", lines, columns, width, height))
    with open(slave, "w") as terminal:
        monkeypatch.setattr(sys, "__stderr__", terminal)
        assert cell_size() == cell
    os.close(master)
