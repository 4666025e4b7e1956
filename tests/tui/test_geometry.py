"""Where the panels stand: at every size on the screen, beside each other, and giving way in a set order."""

import itertools

import pytest
from textual.geometry import Region

from tiksort_tui.config import KeysConfig
from tiksort_tui.tui.geometry import SMALLEST_HEIGHT, SMALLEST_WIDTH, arrange
from tiksort_tui.tui.keymap import Keymap

WIDTHS = (1, 2, 20, 59, 60, 61, 79, 80, 81, *range(100, 125), 159, 160, 161, 200, 300)
HEIGHTS = (*range(1, 48), 60, 61, 120)
ALWAYS = {"header", "folders", "clip", "suggestion", "queue", "progress", "keys", "message"}


@pytest.mark.parametrize(("words", "clip"), [*itertools.product((True, False), repeat=2)])
def test_nothing_lies_off_the_screen_or_over_something_else(words, clip):
    for width, height in itertools.product(WIDTHS, HEIGHTS):
        for strip, drawn, names, empty in (
            (None, None, 0, ()), (3, 0, 12, ("words", "suggestion")), (None, 4, 99, ()), (4, 0, 12, ("suggestion",)),
        ):  # fmt: skip
            regions = arrange(width, height, words, clip, strip, drawn, names, empty)
            for name, region in regions.items():
                assert 0 <= region.x < region.right <= width, (name, width, height)
                assert 0 <= region.y < region.bottom <= height, (name, width, height)
            for one, other in itertools.combinations(regions.values(), 2):
                assert not one.overlaps(other), (regions, width, height)


def test_at_every_size_but_small_ones_one_can_sort():
    for width, height in itertools.product(range(SMALLEST_WIDTH, 240, 3), range(SMALLEST_HEIGHT, 70)):
        regions = arrange(width, height, words=True, clip=True)
        assert regions.keys() >= ALWAYS, (width, height)
        # The clip on screen and two more, under the heading.
        assert regions["queue"].height >= 4 or height < 16, (width, height)
        assert regions["suggestion"].height in (3, 13), (width, height)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_panels_give_way_in_their_order_and_never_come_back(width):
    # In two columns the header always tells what is learned.
    folding = ["session", "alike", "caption", *(["learning"] if width > 100 else []), "strip"]
    heights = range(70, SMALLEST_HEIGHT, -1) if width < 100 else range(70, 23, -1)
    seen = []
    for height in heights:
        regions = arrange(width, height, words=True, clip=True)
        there = {*regions} | ({"caption"} if regions.get("words", Region()).height > 1 else set())
        seen.append([name for name in folding if name in there])
    assert seen[0] == folding
    for before, after in itertools.pairwise(seen):
        assert after in (before, before[1:])
    assert len(seen[-1]) <= 1


def test_the_pictures_at_the_end():
    """The two sizes of the drawing: name, column, line, width and height of what counts."""
    places = {name: tuple(region) for name, region in arrange(120, 36, words=True, clip=True).items()}
    assert places["strip"] == (26, 6, 62, 10)
    assert places["words"] == (26, 17, 62, 3)
    assert places["queue"] == (26, 21, 62, 11)
    assert places["suggestion"][:2] == (90, 2)
    assert places["alike"][:2] == (90, 16)
    assert places["progress"][:2] == (90, 20)
    assert places["learning"][:2] == (90, 25)
    assert places["session"][:2] == (0, 25)
    places = {name: tuple(region) for name, region in arrange(80, 24, words=True, clip=True).items()}
    assert places["clip"] == (23, 2, 56, 2)
    assert places["strip"] == (23, 4, 56, 7)
    assert places["words"] == (23, 11, 56, 1)
    assert places["suggestion"] == (23, 13, 56, 3)
    assert places["queue"] == (23, 17, 56, 5)
    assert places["progress"][:2] == (1, 19)


@pytest.mark.parametrize(("width", "narrowest", "widest"), [(80, 21, 24), (120, 24, 30), (200, 33, 44)])
def test_the_folders_have_room_for_their_names_within_bounds(width, narrowest, widest):
    seen = [arrange(width, 36, words=True, clip=True, names=names)["folders"].width for names in range(60)]
    assert (seen[0], seen[-1]) == (narrowest, widest)
    assert seen == sorted(seen)
    assert seen[widest - 11] == widest


def test_a_free_line_parts_the_folders_from_what_is_below_them():
    for width, height in itertools.product((60, 80, 100, 120, 200), (14, 24, 30, 36, 60)):
        regions = arrange(width, height, words=True, clip=True)
        # Below them, not below a rule over the whole width.
        column = [regions[name] for name in ("session", "progress") if name in regions and regions[name].x < 3]
        assert all(region.y > regions["folders"].bottom for region in column), (width, height)
        assert column or (width >= 110 and height < 60), (width, height)


def test_the_keys_for_help_and_leaving_are_always_told():
    for width in range(SMALLEST_WIDTH, 200):
        hints = Keymap(KeysConfig()).hints(width - 2)
        assert "? keys" in hints
        assert "q quit" in hints
        assert len(hints) <= width - 2


@pytest.mark.parametrize("words", [True, False])
def test_what_is_said_instead_of_pictures_has_the_lines_of_what_is_empty_below_it(words):
    before = arrange(80, 24, words, clip=True, strip=4, drawn=0)
    both = arrange(80, 24, words, clip=True, strip=4, drawn=0, empty=("words", "suggestion"))
    assert both["strip"].bottom == before["suggestion"].bottom
    assert both["strip"].y == before["strip"].y
    assert {"words", "suggestion"}.isdisjoint(both)
    assert both["queue"] == before["queue"]
    # A clip that has words keeps them.
    assert arrange(80, 24, True, True, 4, 0, empty=("suggestion",)) == arrange(80, 24, True, True, 4, 0)
    wide = arrange(120, 36, words, clip=True, strip=4, drawn=0, empty=("words", "suggestion"))
    assert "suggestion" in wide
    assert "words" not in wide
