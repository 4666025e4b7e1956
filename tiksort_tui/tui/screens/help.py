"""All keys, made from the live key map, after what the user should know of this machine."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tiksort_tui.domain import visible
from tiksort_tui.tui.keymap import Keymap, shown
from tiksort_tui.tui.screens.overlay import Overlay
from tiksort_tui.tui.views import Lines
from tiksort_tui.tui.views.text import ACCENT, MUTED, beside, wrap

# From here on the keys stand in two columns, so far from each other.
TWO_COLUMNS_FROM, BETWEEN = 104, 3
# A third key, as leaving has one, would cost all lines their room.
MOST_KEYS = 2
ENDING = "The same keys act in mpv's window."
# What stands beside folders and clips.
MARKS = (
    ("┃ ┃", "the folder that is suggested"),
    ("╎ ╎  62 %?", "a suggestion that is unsure: a question"),
    ("!", "a clip that cannot be read"),
    ("·", "a clip that is not read yet"),
)


class HelpScreen(Overlay):
    """The table of keys of `keymap`, under the `notices`."""

    page_title = "Keys"
    widest = 130

    def __init__(self, keymap: Keymap, notices: Sequence[str] = ()) -> None:
        super().__init__()
        self._keymap = keymap
        self._notices = notices

    def lines(self, width: int) -> Lines:
        rows = [(keys, command.what) for keys, command in self._keymap.rows(MOST_KEYS)]
        rows += [(shown(key), f"file into {visible(folder)}") for key, folder in self._keymap.folders.items()]
        lines: Lines = []
        for notice in self._notices:
            lines += [*(Content.styled(line, "$warning") for line in wrap(notice, width)), Content()]
        if width < TWO_COLUMNS_FROM:
            lines += _table(rows, width)
        else:
            half = (len(rows) + 1) // 2
            left = _table(rows[:half], (width - BETWEEN) // 2)
            column = max(line.cell_length for line in left) + BETWEEN
            lines += beside(left, _table(rows[half:], width - column), column)
        ending = [Content.styled(line, MUTED) for line in wrap(ENDING, width)]
        return [*lines, Content(), *_table(MARKS, width), Content(), *ending]


def _table(rows: Sequence[tuple[str, str]], width: int) -> Lines:
    """What each key does, in lines of at most `width` cells."""
    column = max((cell_len(keys) for keys, _ in rows), default=0) + 2
    lines: Lines = []
    for keys, what in rows:
        for row, line in enumerate(wrap(what, max(8, width - column))):
            head = set_cell_size("" if row else keys, column)
            lines.append(Content.assemble((head, ACCENT), line))
    return lines
