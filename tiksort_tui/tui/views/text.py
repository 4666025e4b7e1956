"""Text in cells: names cut to a width, bars, clocks, and the styles that all panels share."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tiksort_tui.domain import visible

# The space between a number and its unit, and what stands for it while lines are broken: it is in no visible text.
UNIT, UNBROKEN = re.compile(r"(?<=\d) (?=%|[kMG]B\b)"), "\ue000"
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
    return set_cell_size(text, width - 1 - cell_len(tail)) + "…" + tail if width > 0 else ""


def message(text: str, width: int) -> str:
    """A message in at most `width` cells: names are shortened first, then whole clauses go at its end."""
    text = visible(text)
    words = sorted(re.findall(r"\S*\.\w{2,7}\b|(?<!\w)'[^']+'(?!\w)", text), key=len, reverse=True)
    for word in words:
        if cell_len(text) > width:
            room = max(12, cell_len(word) - (cell_len(text) - width))
            text = text.replace(word, fit(word, min(room, cell_len(word))))
    if cell_len(text) <= width:
        return text
    ends = [mark.start() for mark in re.finditer(r"[,;.)](?= )| \(", text)]
    clauses = [text[: end + (text[end] == ")")] for end in ends]
    whole = [clause for clause in clauses if width // 2 < cell_len(clause) <= width - 2]
    if whole:
        return f"{whole[-1]} …"
    # Else what happened stands at the beginning, and why at the end.
    words = text.split(" ")
    tail: list[str] = []
    while words and cell_len(" ".join([words[-1], *tail])) <= width // 2:
        tail.insert(0, words.pop())
    while words and cell_len(" ".join([*words, "…", *tail])) > width:
        words.pop()
    return fit(" ".join([*words, "…", *tail]), width).rstrip()


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
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


def clock(seconds: float) -> str:
    """m:ss, or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
