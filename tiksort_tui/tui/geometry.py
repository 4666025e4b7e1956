"""Where everything stands on the sorting screen, for each size of the terminal."""

from __future__ import annotations

from textual.geometry import Region

WIDE = 110
LEFT_WIDE, LEFT_NARROW = 25, 22
RIGHT, MARGIN = 30, 1
STRIP_FROM_HEIGHT = 22
QUEUE_LINES = 5


def arrange(width: int, height: int, speech: bool, clip: bool) -> dict[str, Region]:
    """The panels' regions by their name; one that has no room has none.

    Nor has what is said in a clip where nothing listens (`speech`), and what a clip shows where there is none (`clip`).
    """
    strip = clip and height >= STRIP_FROM_HEIGHT
    regions = (_wide if width >= WIDE else _narrow)(width, height, speech and clip, strip)
    return {name: region for name, region in regions.items() if region.area > 0}


def _wide(width: int, height: int, speech: bool, pictures: bool) -> dict[str, Region]:
    top, bottom = 2, height - 3
    room = bottom - top
    middle, right = LEFT_WIDE + 1, width - RIGHT - MARGIN
    middle_width = right - middle - 2
    strip = max(0, min(room // 2 - 4, middle_width // 5 * 8 // 9)) if pictures else 0
    said = 3 if room >= 24 and speech else 0
    queue = top + 4 + strip + (1 if strip else 0) + (said + 1 if said else 0)
    session = min(4, max(0, room - 16))
    return {
        "header": Region(0, 0, width, 1),
        "top_rule": Region(0, 1, width, 1),
        "folders": Region(0, top, LEFT_WIDE, room - session),
        "session": Region(0, bottom - session, LEFT_WIDE, session),
        "clip": Region(middle, top, middle_width, 3),
        "strip": Region(middle, top + 4, middle_width, strip),
        "said": Region(middle, top + 4 + strip + 1, middle_width, said),
        "queue": Region(middle, queue, middle_width, bottom - queue),
        "suggestion": Region(right, top, RIGHT, min(13, room)),
        "progress": Region(right, top + 14, RIGHT, 5 if room >= 19 else 0),
        "learning": Region(right, top + 19, RIGHT, max(0, room - 19)),
        "bottom_rule": Region(0, height - 3, width, 1),
        "keys": Region(0, height - 2, width, 1),
        "message": Region(0, height - 1, width, 1),
    }


def _narrow(width: int, height: int, speech: bool, pictures: bool) -> dict[str, Region]:
    top, bottom = 2, height - 2
    middle = LEFT_NARROW + 1
    middle_width = width - middle - MARGIN
    needed = 2 + 1 + 3 + 1 + QUEUE_LINES + (2 if speech else 0)
    # Of more room the queue gets its share.
    strip = max(0, min(bottom - top - needed, 8 + (height - 24) // 2)) if pictures else 0
    said = 2 if strip and speech else 0
    suggestion = top + 3 + strip + said
    progress = 3 if height >= 18 else 0
    return {
        "header": Region(0, 0, width, 1),
        "top_rule": Region(0, 1, width, 1),
        "folders": Region(0, top, LEFT_NARROW, bottom - top - progress),
        "progress": Region(1, bottom - progress, LEFT_NARROW - 3, progress),
        "clip": Region(middle, top, middle_width, 2),
        "strip": Region(middle, top + 2, middle_width, strip),
        "said": Region(middle, top + 2 + strip, middle_width, said),
        "suggestion": Region(middle, suggestion, middle_width, 3),
        "queue": Region(middle, suggestion + 4, middle_width, bottom - suggestion - 4),
        "message": Region(0, height - 2, width, 1),
        "keys": Region(0, height - 1, width, 1),
    }
