"""Chooses one of many by typing a part of its name: folders, clips, commands, orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Label

from tiksort_tui.domain import visible
from tiksort_tui.tui.screens.dialog import Dialog
from tiksort_tui.tui.views.text import ACCENT, MUTED, fit

STEPS = {"down": 1, "up": -1, "ctrl+n": 1, "ctrl+p": -1, "tab": 1, "shift+tab": -1}
SHOWN_IN_MPV = 3
# The frame, what keeps the text from it, and the mark before a name.
WIDTH, BESIDE = 68, 8
# The lines above and below the rows, with free ones where the terminal has so many lines.
AROUND, AROUND_IN_LITTLE_ROOM, ROOMY_FROM = 9, 5, 18
# With fewer lines for them nothing but rows is shown.
FEWEST_WITH_COUNTS = 3
HOW, HOW_IN_SHORT = "Enter takes it, ↑ ↓ choose, Esc none", "Enter takes it"


class ChoiceScreen(Dialog):
    """Gives one of `options`, empty where it was called off.

    With `creates`, such as "new folder", what is typed may also be none of them, and is then given as it is.
    `marked` is where the choice stands at first. In `sentences` only whole words' parts are looked for: the letters of
    nearly any word are in one of them in their order.
    """

    def __init__(
        self, title: str, options: Sequence[str], creates: str = "", marked: str = "", sentences: bool = False
    ) -> None:
        super().__init__(Input(placeholder="a part of the name"))
        self._list = Label()
        self._choice_title = title
        self._options = options
        self._creates = creates
        self._sentences = sentences
        self._part = ""
        self._found = self._matches(self._part)
        self._place = self._found.index(marked) if marked in self._found else 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(self._choice_title)
            yield self.field
            yield self._list

    def on_resize(self) -> None:
        # Where the program is left just now there is no box.
        self.query(".box").set_class(self.app.size.height < ROOMY_FROM, "low")
        self._draw()

    async def press(self, key: events.Key | events.Paste) -> None:
        step = STEPS.get(key.key) if isinstance(key, events.Key) else None
        if step is None:
            await super().press(key)
            return
        self._find(self.field.value)
        if self._found:
            self._place = (self._place + step) % len(self._found)
            self._draw()

    def submit(self, typed: str) -> None:
        self._find(typed)
        if self._found:
            self.answer(self._found[self._place])

    def on_input_changed(self) -> None:
        # It is told later of each letter, when more may be there.
        self._find(self.field.value)
        self._draw()

    def osd(self) -> str:
        typed = super().osd()
        self._find(typed)
        found = [self._named(name) for name in self._found[self._place :][:SHOWN_IN_MPV]]
        found = [f"{' ' if place else '▸'} {name}" for place, name in enumerate(found)]
        return "\n".join([f"{self._choice_title}: {typed}", *(found or ["nothing is called that"])])

    def _find(self, part: str) -> None:
        """Find what matches `part`; the best of it is marked, unless that is done."""
        if part != self._part:
            self._part, self._found, self._place = part, self._matches(part), 0

    def _matches(self, part: str) -> list[str]:
        found = matching(self._options, part, scattered=not self._sentences)
        name = part.strip()
        if self._creates and name and name.casefold() not in map(str.casefold, self._options):
            found.append(name)
        return found

    def _named(self, name: str) -> str:
        new = self._creates and name not in self._options
        return f"{self._creates}: {visible(name)}" if new else visible(name)

    def _draw(self) -> None:
        self._list.update(Content("\n").join(self._lines(*self.app.size)))

    def _lines(self, width: int, height: int) -> list[Content]:
        """As many of the names found as a terminal of this size has room for, the marked one among them, and how to
        choose. What is not found leaves its line free: so the box keeps its place while one types."""
        room = max(1, height - (AROUND if height >= ROOMY_FROM else AROUND_IN_LITTLE_ROOM))
        width = max(1, min(WIDTH, width) - BESIDE)
        shown = self._in_sight(room)
        lines = [self._row(place, width) for place in shown]
        if not self._found:
            lines = [Content.styled(fit("nothing is called that", width), "$warning")]
        if room >= FEWEST_WITH_COUNTS:
            above, below = shown.start, len(self._found) - shown.stop
            # Each takes the line of one row.
            if above:
                lines[0] = Content.styled(f"  … {above + 1} above", MUTED)
            if below:
                lines[-1] = Content.styled(f"  … {below + 1} more", MUTED)
        how = HOW if cell_len(HOW) <= width else HOW_IN_SHORT
        free = min(room, len(self._options) + bool(self._creates)) - len(lines)
        return [*lines, Content.styled(fit(how, width).rstrip(), MUTED), *[Content()] * free]

    def _in_sight(self, room: int) -> range:
        first = max(0, min(self._place - room // 2, len(self._found) - room))
        return range(first, min(first + room, len(self._found)))

    def _row(self, place: int, width: int) -> Content:
        text = fit(self._named(self._found[place]), width).rstrip()
        return Content.styled(f"▸ {text}", ACCENT) if place == self._place else Content(f"  {text}")


def matching(options: Iterable[str], part: str, scattered: bool = True) -> list[str]:
    """The options with `part` in their names, in any case: those that begin with it, then those with it as a word's
    beginning, then the others; after them those that have its letters in their order, `scattered`."""
    wanted = part.strip().casefold()
    ranked: tuple[list[str], ...] = ([], [], [], [])
    for option in options:
        name = option.casefold()
        if name.startswith(wanted):
            ranked[0].append(option)
        elif f" {wanted}" in name:
            ranked[1].append(option)
        elif wanted in name:
            ranked[2].append(option)
        elif scattered and _has_in_order(name, wanted):
            ranked[3].append(option)
    return [option for rank in ranked for option in rank]


def _has_in_order(name: str, letters: str) -> bool:
    rest = iter(name)
    return all(letter in rest for letter in letters)
