"""The strip of pictures: upright and broad ones, in colours and in shades."""

import io

import pytest
from PIL import Image

from tiksort_tui.tui.pictures import QUARTERS, draw_shades, draw_strip

UPRIGHT, SQUARE, BROAD = (144, 256), (256, 256), (256, 144)


def jpegs(shape, count=5, colours=((0, 0, 0), (255, 255, 255))):
    """Pictures whose left half is of one colour, and the right one of the other."""
    picture = Image.new("RGB", shape, colours[1])
    picture.paste(colours[0], (0, 0, shape[0] // 2, shape[1]))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95)
    return [buffer.getvalue()] * count


def runs(text):
    return len(text.split())


@pytest.mark.parametrize("draw", [draw_strip, draw_shades])
@pytest.mark.parametrize("room", [(62, 10), (56, 7), (142, 24), (15, 1), (30, 40)], ids=str)
@pytest.mark.parametrize("shape", [UPRIGHT, SQUARE, BROAD, (256, 4), (4, 256)], ids=str)
def test_all_five_fit_into_their_room(draw, room, shape):
    width, height = room
    lines = draw(jpegs(shape), width, height)
    assert 1 <= len(lines) <= height
    assert {line.cell_length for line in lines} == {width}


def test_upright_pictures_fill_a_place_that_was_made_for_them():
    lines = draw_strip(jpegs(UPRIGHT), 62, 10)
    assert len(lines) == 10
    assert runs(lines[0].text) == 5


def test_broad_pictures_stand_in_two_rows_where_that_makes_them_larger():
    lines = draw_strip(jpegs(BROAD), 62, 10)
    assert [runs(line.text) for line in lines] == [3, 3, 3, 3, 0, 2, 2, 2, 2]
    # In a low place a second row would make them smaller.
    assert [runs(line.text) for line in draw_strip(jpegs(BROAD), 62, 3)] == [5, 5, 5]


def test_halves_have_their_colours_and_what_is_beside_a_picture_has_none():
    line = draw_strip(jpegs(UPRIGHT, colours=((200, 0, 0), (0, 0, 200))), 62, 10)[4]
    styles = [segment.style for segment in line for _ in segment.text]
    first, last, beside = styles[0], styles[10], styles[11]
    assert first.color.triplet.red > 150 > 60 > first.color.triplet.blue
    assert last.color.triplet.blue > 150 > 60 > last.color.triplet.red
    assert beside.color is None
    assert beside.bgcolor is None


def test_shades_show_what_is_light_and_on_a_light_ground_what_is_dark():
    on_dark, on_light = (draw_shades(jpegs(UPRIGHT), 62, 10, light)[4].text for light in (False, True))
    assert on_dark[:4] == "    "
    assert on_dark[7:11] == "████"
    assert on_light[:4] == "████"
    assert on_light[7:11] == "    "


def test_without_pictures_or_room_there_is_nothing():
    assert draw_strip([], 62, 10) == []
    assert draw_strip(jpegs(UPRIGHT), 14, 10) == []
    assert draw_strip(jpegs(UPRIGHT), 62, 0) == []


@pytest.mark.parametrize("place", range(4))
def test_a_quarter_of_a_cell_is_told_from_the_others(place):
    # Five cells of 32 by 64 pixels with a free one after each, of which one quarter is white.
    picture = Image.new("RGB", (32, 64))
    picture.paste((255, 255, 255), (place % 2 * 16, place // 2 * 32, place % 2 * 16 + 16, place // 2 * 32 + 32))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95)
    (line,) = draw_strip([buffer.getvalue()] * 2, 6, 1)
    cell = next(iter(line))
    quarters = QUARTERS.index(cell.text)
    white, black = cell.style.color.triplet, cell.style.bgcolor.triplet
    if not quarters >> place & 1:
        quarters, white, black = 15 - quarters, black, white
    assert quarters == 1 << place
    assert min(white) > 180 > 60 > max(black)


@pytest.mark.parametrize("shape", [(85, 256), (97, 256), (256, 131), (256, 139)], ids=str)
def test_the_edge_of_a_picture_has_its_colours_and_nothing_of_what_is_beside_it(shape):
    for line in draw_strip(jpegs(shape, colours=((250, 250, 250), (250, 250, 250))), 62, 9):
        for segment in line:
            for colour in (segment.style.color, segment.style.bgcolor):
                assert colour is None or min(colour.triplet) > 240


def test_broad_pictures_that_are_high_enough_in_one_row_take_no_second_one():
    """Else the place of the pictures would grow at the first broad clip, and all below it would jump."""
    lines = draw_strip(jpegs(BROAD), 125, 24)
    assert len(lines) <= 8
    assert {runs(line.text) for line in lines} == {5}
