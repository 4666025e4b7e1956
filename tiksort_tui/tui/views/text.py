"""Text in cells: names cut to a width, bars, clocks, and the styles that all panels share."""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tiksort_tui.domain import visible

EIGHTHS = " ▏▎▍▌▋▊▉"

TITLE = "bold $foreground-muted"
MUTED = "$foreground-muted"
ACCENT = "bold $primary"
DOUBT = "bold $warning"

Lines = list[Content]


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
    """A message in at most `width` cells: names are shortened before what is said of them is cut."""
    text = visible(text)
    words = sorted(re.findall(r"\S*\.\w{2,4}\b|'[^']+'", text), key=len, reverse=True)
    for word in words:
        if cell_len(text) > width:
            text = text.replace(word, fit(word, max(12, cell_len(word) - (cell_len(text) - width))))
    return fit(text, min(width, cell_len(text)))


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken between words where they fit."""
    return [line.plain.rstrip() for line in Content(visible(text)).wrap(max(1, width))]


def bar(width: int, share: float, full: str, edge: str) -> Content:
    """A bar of `width` cells, `share` of it full."""
    cells = round(max(0.0, min(1.0, share)) * width * 2)
    done = full * (cells // 2) + (edge if cells % 2 else "")
    return Content.assemble((done, "$primary"), ("─" * (width - len(done)), MUTED))


def blocks(width: int, share: float) -> str:
    """`share` of `width` cells in blocks, exact to an eighth of a cell."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def clock(seconds: float) -> str:
    """m:ss, or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
