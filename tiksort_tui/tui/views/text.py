"""Text in cells: names cut to a width, bars, clocks, and the styles that all panels share."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tiksort_tui.domain import visible
from tiksort_tui.library.state import TRASH_FOLDER

# The space between a number and its unit, and what stands for it while lines are broken: it is in no visible text.
UNIT, UNBROKEN = re.compile(r"(?<=\d) (?=%|[kMG]?B\b)"), "\ue000"
# A file, or what stands in quotation marks; and where a clause ends.
NAME = re.compile(r"(?<!\w)'[^']+'(?!\w)|\S*\.\w{2,7}\b|(?<!\S)/\S*\w")
CLAUSE_END = re.compile(r"(?=[,;.] )|(?<=\))(?= )|(?= \()")
# What is left of a name, in cells: as much as one knows it by, and ever less.
NAME_LENGTHS = (24, 16, 12)
EIGHTHS = " ▏▎▍▌▋▊▉"

TITLE = "bold $foreground-muted"
MUTED = "$foreground-muted"
ACCENT = "bold $primary"
DOUBT = "bold $warning"
FLASH = "bold reverse $success"
# What a person calls the folder of that.
TRASH = "the trash"

Lines = list[Content]
KeyOf = Callable[[str], str]
"""The key of a command, as people write it."""


def called(folder: str) -> str:
    """What people call the library's `folder`, control characters visible."""
    return TRASH if folder == TRASH_FOLDER else visible(folder)


def in_short(folder: Path) -> str:
    """`folder` as people write it: ~ for their home."""
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) and folder != home else str(folder)


def fit(text: str, width: int) -> str:
    """`text` with control characters visible, in exactly `width` cells; an ellipsis stands for a long one's middle.

    Names that are alike at their beginning are told apart by their end.
    """
    text = visible(text)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    tail = text[-max(0, (width - 1) // 3) :] if width > 4 else ""
    while tail and cell_len(tail) > (width - 1) // 3:
        tail = tail[1:]
    head = set_cell_size(text, max(0, width - 1 - cell_len(tail)))
    # A blank beside the ellipsis would look like a name that ends there, and another one that begins.
    return set_cell_size(f"{head.rstrip()}…{tail.lstrip()}", max(0, width))


def message(text: str, width: int) -> str:
    """A message in at most `width` cells: names are shortened as long as one knows them, then whole clauses go at its
    end, then names are shortened further, and at last words go."""
    text = visible(text)
    if cell_len(text) <= width:
        return text
    ends = [mark.end() for mark in CLAUSE_END.finditer(text)]
    for least in NAME_LENGTHS:
        whole = _with_shorter_names(text, width, least)
        beginnings = [_with_shorter_names(f"{text[:end]} …", width, least) for end in reversed(ends)]
        # One that says little is none.
        told = [whole, *(one for one in beginnings if cell_len(one) > width // 2)]
        if fitting := next((one for one in told if cell_len(one) <= width), None):
            return fitting
    text = _with_shorter_names(text, width, NAME_LENGTHS[-1])
    if ends or ": " in text:
        return "".join(paragraph(text, width, 1))
    # Of a single clause the end matters as well: where something went.
    words = text.split(" ")
    tail: list[str] = []
    while words and cell_len(" ".join([words[-1], *tail])) <= width // 2:
        tail.insert(0, words.pop())
    while words and cell_len(" ".join([*words, "…", *tail])) > width:
        words.pop()
    return fit(" ".join([*words, "…", *tail]), width).rstrip()


def _with_shorter_names(text: str, width: int, least: int) -> str:
    """`text` with its names, the longest ones first, as short as it takes, but no shorter than `least` cells."""
    for name in sorted(NAME.findall(text), key=cell_len, reverse=True):
        room = max(least, cell_len(name) - (cell_len(text) - width))
        text = text.replace(name, fit(name, min(room, cell_len(name))).rstrip())
    return text


def notice(text: str, key: str, width: int) -> str:
    """A notice in at most `width` cells, cut after a word; `key` then shows it whole."""
    if cell_len(visible(text)) <= width:
        return visible(text)
    more = f"  {key} tells more"
    return "".join(paragraph(text, width - cell_len(more), 1)) + more


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken between words where they fit; a number keeps its unit."""
    lines = Content(UNIT.sub(UNBROKEN, visible(text))).wrap(max(1, width))
    return [line.plain.replace(UNBROKEN, " ").rstrip() for line in lines]


def paragraph(text: str, width: int, height: int) -> list[str]:
    """`text` in at most `height` lines of `width` cells; where it goes on, an ellipsis says so after a whole word."""
    lines = wrap(" ".join(text.split()), width)
    if len(lines) <= height:
        return lines
    last = lines[height - 1] if height else ""
    while cell_len(last) > width - 2 and " " in last:
        last = last.rsplit(" ", 1)[0]
    last = last.rstrip(",;: ")
    return [*lines[: height - 1], set_cell_size(last, min(cell_len(last), width - 2)) + " …"] if height else []


def bar(width: int, share: float, full: str, edge: str) -> Content:
    """A bar of `width` cells, `share` of it full."""
    cells = round(max(0.0, min(1.0, share)) * width * 2)
    done = full * (cells // 2) + (edge if cells % 2 else "")
    return Content.assemble((done, "$primary"), ("─" * (width - len(done)), MUTED))


def line(width: int, share: float) -> str:
    """`share` of `width` cells as a thin line, exact to half a cell."""
    halves = round(max(0.0, min(1.0, share)) * width * 2)
    return "━" * (halves // 2) + "╸" * (halves % 2)


def beside(left: Lines, right: Lines, column: int) -> Lines:
    """The lines of `left`, each in `column` cells, and beside them those of `right`."""
    return [
        Content.assemble(one, " " * (column - one.cell_length if other else 0), other)
        for one, other in zip_longest(left, right, fillvalue=Content())
    ]


def blocks(width: int, share: float) -> str:
    """`share` of `width` cells in blocks, exact to an eighth of a cell."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def percent(share: float) -> str:
    """`share` as people write it: "94 %"."""
    return f"{share:.0%}".replace("%", " %")


def file_size(size: int) -> str:
    """`size`, in bytes, as people write it: "8.1 MB"."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB" if size >= 1e3 else f"{size} B"


def clock(seconds: float) -> str:
    """m:ss, or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
