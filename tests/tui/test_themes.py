"""Colours: dark, light, few and none; all can be read, and what matters most is never told by colour alone."""

import pytest
from textual.color import Color

from tests.tui.helpers import CONFIG, StandInEngine, panel, pile, predicted, until_shown
from tiksort_tui.config import with_overrides
from tiksort_tui.library.state import state_dir
from tiksort_tui.tui.app import SortApp
from tiksort_tui.tui.themes import DARK, LIGHT, has_few_colours, theme_for


# https://www.w3.org/TR/WCAG21/#dfn-relative-luminance, and the contrast of 1.4.3.
def luminance(colour):
    parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


TRUE = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("ground", ["background", "surface"])
def test_every_colour_of_text_can_be_read(theme, ground):
    colours = [theme.primary, theme.warning, theme.error, theme.success, theme.foreground]
    for colour in [*colours, theme.variables["foreground-muted"]]:
        low, high = sorted(luminance(Color.parse(one)) for one in (colour, getattr(theme, ground)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, colour


@pytest.mark.parametrize(
    ("choice", "environment", "light"),
    [
        ("dark", {"COLORFGBG": "0;15"}, False),
        ("light", {}, True),
        ("auto", {}, False),
        ("auto", {"COLORFGBG": "0;15"}, True),
        ("auto", {"COLORFGBG": "0;default;7"}, True),
        ("auto", {"COLORFGBG": "15;0"}, False),
        ("auto", {"COLORFGBG": "nonsense"}, False),
    ],
)
@pytest.mark.parametrize("terminal", [TRUE, {"TERM": "linux"}], ids=["true", "few"])
def test_dark_or_light(choice, environment, light, terminal):
    assert theme_for(choice, terminal | environment).dark is not light


@pytest.mark.parametrize(
    ("environment", "few"),
    [
        (TRUE, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-16color"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "dumb"}, True),
        (TRUE | {"NO_COLOR": "1"}, True),
    ],
)
def test_few_colours(environment, few):
    assert has_few_colours(environment) is few
    assert theme_for("auto", environment).ansi is few


async def drawn_in(tmp_path, monkeypatch, environment, theme="auto"):
    """All segments of the screen in a terminal of this `environment`, and the words of the first suggestion's row."""
    for name in ("NO_COLOR", "COLORTERM", "COLORFGBG", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    pile(tmp_path, ["a.mp4", "b.mp4"])
    app = SortApp(tmp_path, state_dir(tmp_path), with_overrides(CONFIG, screen__theme=theme))
    app.engine = StandInEngine(predicted(tmp_path, a=[("cats", 0.62), ("dogs", 0.38)], b=[("dogs", 0.9)]))
    async with app.run_test(size=(120, 36)) as pilot:
        await until_shown(pilot, "62 %?", "90 %")
        # Colour is not the only sign of a doubt.
        assert "╎1  cats" in panel(pilot, "folders")
        return [segment for strip in app.screen._compositor.render_strips() for segment in strip]


async def test_without_colours_nothing_is_coloured_and_what_matters_is_bold(tmp_path, monkeypatch):
    segments = await drawn_in(tmp_path, monkeypatch, TRUE | {"NO_COLOR": "1"})
    colours = {colour.name for one in segments for colour in (one.style.color, one.style.bgcolor) if colour}
    assert colours == {"default"}
    bold = {one.text.strip() for one in segments if one.style.bold}
    assert any("62 %?" in text for text in bold)
    assert not any("38 %" in text for text in bold)
    assert not any(one.style.reverse for one in segments)


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_in_16_colours_the_terminals_own_are_used(tmp_path, monkeypatch, theme):
    segments = await drawn_in(tmp_path, monkeypatch, {"TERM": "xterm-16color"}, theme)
    colours = [colour for one in segments for colour in (one.style.color, one.style.bgcolor) if colour]
    assert all(colour.is_default or colour.number < 16 for colour in colours)
    doubted = next(one for one in segments if "62 %?" in one.text)
    assert not doubted.style.color.is_default
    assert doubted.style.bold


@pytest.mark.parametrize(("choice", "theme"), [("dark", DARK), ("light", LIGHT)])
async def test_the_ground_is_the_chosen_one(tmp_path, monkeypatch, choice, theme):
    segments = await drawn_in(tmp_path, monkeypatch, TRUE, choice)
    ground = Color.parse(theme.background).rich_color.triplet
    assert {one.style.bgcolor.triplet for one in segments if one.style.bgcolor and "QUEUE" in one.text} == {ground}
