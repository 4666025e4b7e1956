"""Where everything stands on the sorting screen, for each size of the terminal."""

from __future__ import annotations

from collections.abc import Container

from textual.geometry import Region

# From here on there are three columns, else two.
WIDE_FROM, HIGH_FROM = 110, 24
# Below this there is no room for lists: the clip, its suggestion, and the word that the window is small.
SMALLEST_WIDTH, SMALLEST_HEIGHT = 60, 14
# From here on the columns beside the clip take a share of the room.
ROOMY_FROM = 160
# The folders' column, as narrow and as broad as it gets: their names have all but so many cells of it.
LEFT_NARROW, LEFT_WIDE, LEFT_ROOMY = (21, 24), (24, 30), (33, 44)
BESIDE_NAMES = 11
RIGHT, RIGHT_ROOMY = 28, 36
STRIP_FROM_HEIGHT = 22
QUEUE_LINES = 5
SUGGESTION_LINES, ALIKE_LINES, PROGRESS_LINES, LEARNING_LINES, SESSION_LINES = 13, 3, 4, 5, 7


def arrange(
    width: int,
    height: int,
    words: bool,
    clip: bool,
    strip: int | None = None,
    drawn: int | None = None,
    names: int = 0,
    empty: Container[str] = (),
) -> dict[str, Region]:
    """The panels' regions by their name; one that has no room has none.

    Nor have the words of a clip where none is known of any (`words`), and what a clip shows where there is none
    (`clip`). The pictures take at most `strip` lines; None: as many as five upright ones need. Those of the clip on
    screen take `drawn` of them; None: all. What is said instead of pictures has also the lines of the panels below that
    are `empty`. The folders' column is made for names of `names` cells. As the room shrinks these give way, in this
    order: session, alike, all but a line of the words, learning, most of the queue, strip.
    """
    if width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT:
        regions = _small(width, height)
    else:
        arranged = _wide if width >= WIDE_FROM and height >= HIGH_FROM else _narrow
        most = 0 if not clip or height < STRIP_FROM_HEIGHT else height if strip is None else strip
        regions = arranged(width, height, words and clip, most, names)
        if not clip:
            # What is said at the end stands where the clip was, and how far it is where the suggestion was.
            top, queue = regions["clip"].y, regions["queue"]
            regions["queue"] = Region(queue.x, top + 2, queue.width, queue.bottom - top - 2)
            regions["clip"] = Region(queue.x, top, queue.width, 1)
            if "learning" in regions:
                x, width = regions["suggestion"].x, regions["suggestion"].width
                regions["progress"] = Region(x, top, width, PROGRESS_LINES)
                regions["learning"] = Region(x, top + 5, width, queue.bottom - top - 5)
            del regions["suggestion"], regions["alike"]
        elif drawn and regions["words"].area:
            # The words stand below the pictures, after a free line where there is one, and have the lines left by them.
            place, text = regions["strip"], regions["words"]
            regions["strip"] = place.crop_size((place.width, drawn))
            top = min(text.y, place.y + drawn + 1)
            regions["words"] = Region(text.x, top, text.width, text.bottom - top)
        else:
            _give_lines_below(regions, empty)
    return {name: region for name, region in regions.items() if region.area > 0}


def _give_lines_below(regions: dict[str, Region], empty: Container[str]) -> None:
    """Have the place of the pictures reach down over the panels that are `empty`, but over nothing else."""
    for name in ("words", "suggestion"):
        place, below = regions["strip"], regions.get(name, Region())
        if not below.area:
            continue
        if name not in empty or below.x != place.x or not place.area:
            return
        regions["strip"] = Region(place.x, place.y, place.width, below.bottom - place.y)
        del regions[name]


def _left(least: int, most: int, names: int) -> int:
    return max(least, min(most, names + BESIDE_NAMES))


def _wide(width: int, height: int, words: bool, most: int, names: int) -> dict[str, Region]:
    # A blank line above the rule where there is room for it.
    top, bottom = 2, height - (4 if height >= 30 else 3)
    room = bottom - top
    bounds, side = (LEFT_ROOMY, RIGHT_ROOMY) if width >= ROOMY_FROM else (LEFT_WIDE, RIGHT)
    left = _left(*bounds, names)
    middle, right = left + 2, width - side - 2
    middle_width = right - middle - 2
    said = 0 if not words else 1 if room < 25 else 3 if room < 45 else 4
    strip = max(0, min(room // 2 - 4, _highest_strip(middle_width), most))
    above = 4 + (strip + 1 if strip else 0)
    queue = top + above + (said + 1 if said else 0)
    session = SESSION_LINES if room >= 29 else 0
    spare = room - SUGGESTION_LINES - PROGRESS_LINES - 1
    learning = spare >= LEARNING_LINES + 1
    alike = ALIKE_LINES if spare >= LEARNING_LINES + 1 + ALIKE_LINES + 1 else 0
    progress = top + SUGGESTION_LINES + 1 + (alike + 1 if alike else 0)
    return {
        "header": Region(0, 0, width, 1),
        "top_rule": Region(0, 1, width, 1),
        "folders": Region(0, top, left, room - session - (1 if session else 0)),
        "session": Region(0, bottom - session, left, session),
        "clip": Region(middle, top, middle_width, 3),
        "strip": Region(middle, top + 4, middle_width, strip),
        "words": Region(middle, top + above, middle_width, said),
        "queue": Region(middle, queue, middle_width, bottom - queue),
        "suggestion": Region(right, top, side, SUGGESTION_LINES),
        "alike": Region(right, top + SUGGESTION_LINES + 1, side, alike),
        "progress": Region(right, progress, side, PROGRESS_LINES),
        "learning": Region(right, progress + 5, side, bottom - progress - 5 if learning else 0),
        "bottom_rule": Region(0, height - 3, width, 1),
        "keys": Region(0, height - 2, width, 1),
        "message": Region(0, height - 1, width, 1),
    }


def _narrow(width: int, height: int, words: bool, most: int, names: int) -> dict[str, Region]:
    top, bottom = 2, height - 2
    room = bottom - top
    left = _left(*LEFT_NARROW, names)
    middle = left + 2
    middle_width = width - middle - 1
    said = 0 if not words or height < STRIP_FROM_HEIGHT else 1 if height < 30 else 3
    alike = ALIKE_LINES if height >= 34 else 0
    needed = 2 + said + 1 + 3 + 1 + (alike + 1 if alike else 0) + QUEUE_LINES
    # Of more room the queue gets its share.
    share = 8 + (height - 24) // 2
    strip = max(0, min(room - needed, share, _highest_strip(middle_width), most))
    suggestion = top + 2 + strip + said + 1
    queue = suggestion + 4 + (alike + 1 if alike else 0)
    progress = 3 if height < 30 else PROGRESS_LINES
    session = SESSION_LINES + 1 if height >= 36 else 0
    return {
        "header": Region(0, 0, width, 1),
        "top_rule": Region(0, 1, width, 1),
        "folders": Region(0, top, left, room - progress - session - 1),
        "session": Region(0, bottom - progress - session, left, session),
        "progress": Region(1, bottom - progress, left - 1, progress),
        "clip": Region(middle, top, middle_width, 2),
        "strip": Region(middle, top + 2, middle_width, strip),
        "words": Region(middle, top + 2 + strip, middle_width, said),
        "suggestion": Region(middle, suggestion, middle_width, 3),
        "alike": Region(middle, suggestion + 4, middle_width, alike),
        "queue": Region(middle, queue, middle_width, bottom - queue),
        "message": Region(0, height - 2, width, 1),
        "keys": Region(0, height - 1, width, 1),
    }


def _small(width: int, height: int) -> dict[str, Region]:
    # Of what has no room, the last goes first.
    rows = {"clip": 2, "suggestion": 3, "message": 1, "small": 1, "queue": max(3, height - 8)}
    regions, y = {}, 0
    for name, lines in rows.items():
        y += 1 if name == "queue" else 0
        if y + lines <= height:
            regions[name] = Region(0, y, width, lines)
            y += lines
    return regions


def _highest_strip(width: int) -> int:
    """The lines that five upright pictures (9:16) take side by side in `width` cells, twice as high as wide."""
    return (width - 4) // 5 * 8 // 9 + 1
