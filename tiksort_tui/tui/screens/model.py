"""The model's own pages over the sorting screen: how good it is, what shows that, and what it finds misfiled."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Region

from tiksort_tui.domain import visible
from tiksort_tui.errors import TiksortError
from tiksort_tui.tui import views
from tiksort_tui.tui.details import DETAILS_AFTER_SECONDS
from tiksort_tui.tui.guard import FilingGuard
from tiksort_tui.tui.keymap import KeyInMpv, shown
from tiksort_tui.tui.panel import REDRAW_SECONDS, Panel, StripPanel, put
from tiksort_tui.tui.screens.covering import Covering, is_escape
from tiksort_tui.tui.screens.overlay import SCROLLING
from tiksort_tui.tui.undecided import Undecided, renamed_folders
from tiksort_tui.tui.views import evidence, model

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp

PAGES = ("summary", "folders", "confusion", "reliability", "misfilings")
MISFILINGS = PAGES.index("misfilings")
TEXT_PANELS = ("header", "top_rule", "page", "bottom_rule", "keys", "message")
# With less room there is nothing but the page.
SMALLEST_WIDTH, SMALLEST_HEIGHT = 12, 6
# From here on there is a rule above the keys.
RULE_FROM = 30
# With fewer lines the list of misfilings has all of them.
STRIP_FROM = 14
# Of the keys' hints, the last go first where there is no room, but for the very last.
HINTS = ("1-5 Tab pages", "↑ ↓ scroll", "{retrain} retrain", "Esc back")
MISFILINGS_HINTS = (
    "Enter moves it", "x leaves it", "{undo} undo", "j k walk", "1-5 Tab pages", "{pause} pause", "Esc back",
)  # fmt: skip
STEPS = {"right": 1, "tab": 1, "left": -1, "shift+tab": -1}
# What these mean here comes before what they may stand for on the sorting screen.
OWN_KEYS = {*STEPS, *SCROLLING, *map(str, range(1, len(PAGES) + 1)), "enter"}
# What does here what it does on the sorting screen.
SAME = {
    "undo", "redo", "pause", "back_1", "forward_1", "slower", "faster", "normal_speed", "mute", "louder", "softer",
    "fullscreen", "window", "retrain",
}  # fmt: skip


def arrange(width: int, height: int, listed: int = 0, strip: int | None = None) -> dict[str, Region]:
    """The panels' regions by their name; one without room has none.

    Where `listed` misfilings have pictures below them, these take `strip` lines; None: as many as they may. The list
    gives way to them until it has half of the room.
    """
    if width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT:
        return {"page": Region(0, 0, width, height)}
    rule = height >= RULE_FROM
    bottom = height - (3 if rule else 2)
    page, most = bottom - 2, 0
    if listed and page >= STRIP_FROM:
        most = max(page // 2, page - listed - 2)
        strip = most if strip is None else min(strip, most)
        page = min(listed + 1, page - strip - 1)
    regions = {
        "header": Region(0, 0, width, 1),
        "top_rule": Region(0, 1, width, 1),
        "page": Region(1, 2, width - 2, page),
        "strip": Region(1, 3 + page, width - 2, strip if most and strip else 0),
        "bottom_rule": Region(0, bottom, width, 1 if rule else 0),
        "keys": Region(0, height - (2 if rule else 1), width, 1),
        "message": Region(0, height - (1 if rule else 2), width, 1),
    }
    return {name: region for name, region in regions.items() if region.area > 0}


class ModelScreen(Covering[None]):
    """Shows what `app.progress` tells of the model, also when that changes.

    On the page of misfilings the clip under the cursor plays, and a key moves it or leaves it where it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self._panels = {name: Panel(name) for name in TEXT_PANELS}
        self._strip = StripPanel("strip")
        self._regions: dict[str, Region] = {}
        self._guard = FilingGuard()
        self._undecided = Undecided()
        self._page = self._scrolled = 0
        self._clip: Path | None = None
        self._below: Path | None = None
        self._played: Path | None = None
        self._drawn: object = None
        # As many as there were on a screen of this size, so that the pictures keep their place.
        self._listed, self._strip_lines = 0, 0

    @property
    def sort(self) -> SortApp:
        return cast("SortApp", self.app)

    def compose(self) -> ComposeResult:
        yield from self._panels.values()
        yield self._strip

    def on_mount(self) -> None:
        self._below = self._played = self.sort.sort_screen.shown
        self.set_interval(REDRAW_SECONDS, self._follow)

    def osd(self) -> str:
        one = self._undecided.current if self._page == MISFILINGS else None
        return evidence.misfiled_osd(one) if one else f"The model, {PAGES[self._page]}: in the terminal; Esc goes back"

    def on_resize(self, event: events.Resize) -> None:
        self._clip = None
        self._listed = self._strip_lines = 0
        self._follow()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        key, at, whole = event.key, event.time, isinstance(event, KeyInMpv)
        allowed = self._guard.allows(key, self._clip, at, whole)
        command = self.sort.keymap.command_of(key)
        # A second key may come before the screen is gone.
        torn = not whole and self._guard.torn(key, at)
        if not self.is_active or torn or (key == "enter" and not allowed):
            return
        self.sort.sort_screen.clear_message()
        if is_escape(key) or command in ("model", "quit"):
            self._play(None)
            self.dismiss()
            return
        if key in STEPS:
            self._turn_to((self._page + STEPS[key]) % len(PAGES))
        elif key.isdecimal() and 0 < int(key) <= len(PAGES):
            self._turn_to(int(key) - 1)
        elif (step := SCROLLING.get(key)) and self._page == MISFILINGS:
            self._undecided.walk(step)
        elif step:
            self._scrolled += step
        elif key == "enter":
            self._move()
        elif key == "x" and self._clip is not None:
            self._undecided.leave(self.sort.session)
            back = f"; {self._key('undo')} brings it back" if self._key("undo") else ""
            self.sort.sort_screen.say(f"{visible(self._clip.name)} stays, off this list until the next start{back}")
        elif command == "undo" and (clip := self._undecided.take_back(self.sort.session)):
            self.sort.sort_screen.say(f"{visible(clip.name)} is in this list again")
        elif command in SAME:
            self.sort.sort_screen.do(command)
        self._follow()

    def _key(self, command: str) -> str:
        """The first key of a command that means nothing else here, empty where there is none."""
        taken = OWN_KEYS | ({"x"} if self._clip else set())
        return next((shown(key) for key in self.sort.keymap.keys[command] if key not in taken), "")

    def _turn_to(self, page: int) -> None:
        self._page, self._scrolled = page, 0

    def _move(self) -> None:
        """Bring the clip under the cursor into the folder that it looks like."""
        app, one = self.sort, self._undecided.current
        if one and app.moves.allowed():
            self._undecided.moved(app.session)
            app.moves.refile(one.path, one.better)

    def _follow(self) -> None:
        """Show everything as it is now; the clip that has come under the cursor is played and looked at."""
        trained = self.sort.progress.model
        self._undecided.update(trained.misfiled if trained else (), self.sort.session)
        current = self._undecided.current if self._page == MISFILINGS else None
        self._listed = max(self._listed, len(self._undecided.rows)) if current else 0
        self._place()
        clip = current.path if current else None
        if clip != self._clip:
            self._clip = clip
            self._strip.show([])
            if clip:
                self.sort.start(self._look_at(clip), name="details of misfilings", alone=True)
            self.call_after_refresh(self._painted, clip)
        self._play(clip)
        self._draw()

    def _painted(self, clip: Path | None) -> None:
        self._guard.painted(clip, time.monotonic())

    def _play(self, clip: Path | None) -> None:
        """Play `clip`, None: the one on the sorting screen, unless it plays already."""
        below = self.sort.sort_screen.shown
        if below != self._below:
            # The sorting screen has just played it.
            self._below = self._played = below
        clip = clip or below
        if clip != self._played:
            self._played = clip
            self.sort.playback = None
            if clip:
                self.sort.player.play(clip)
            else:
                self.sort.player.stop()

    async def _look_at(self, clip: Path) -> None:
        await asyncio.sleep(DETAILS_AFTER_SECONDS)
        room = arrange(*self.size, self._listed).get("strip")
        if clip != self._clip or room is None:
            return
        try:
            details = await self.sort.details.read(clip, room.width, room.height)
        except TiksortError as error:
            self.sort.sort_screen.tell(str(error))
            return
        if clip == self._clip:
            self._strip_lines = max(self._strip_lines, len(details.strip))
            self._place()
            self._strip.show(list(details.strip))
            self._draw()

    def _place(self) -> None:
        regions = arrange(*self.size, self._listed, self._strip_lines or None)
        if regions != self._regions:
            self._regions = regions
            for name, panel in [*self._panels.items(), ("strip", self._strip)]:
                put(panel, regions.get(name))

    def _draw(self) -> None:
        progress, said = self.sort.progress, self.sort.sort_screen.said
        undecided = self._undecided
        state = (
            self._regions, self._page, self._scrolled, undecided.rows, undecided.place, id(progress.model),
            progress.no_model, progress.stage, progress.done, said, dict(self.sort.session.renamed),
        )  # fmt: skip
        if state == self._drawn:
            return
        count = f" {len(undecided.rows)}" if undecided.rows else ""
        width, (text, style) = self.size.width, said
        if not text and progress.stage:
            text = f"{progress.stage} …"
        keys = {command: self._key(command) for command in ("undo", "pause", "retrain")}
        hints = [hint.format(**keys) for hint in (MISFILINGS_HINTS if self._clip else HINTS)]
        hints = [hint for hint in hints if not hint.startswith(" ")]
        while len(hints) > 1 and len("  ".join(hints)) > width - 2:
            hints.pop(-2)
        shown = {
            "header": [evidence.tabs([*PAGES[:-1], PAGES[-1] + count], self._page, width)],
            "top_rule": [Content("─" * width)],
            "page": self._lines(),
            "bottom_rule": [Content("─" * width)],
            "keys": [Content.styled(f" {'  '.join(hints)}", views.MUTED)],
            "message": [Content.styled(f" {views.message(text, width - 1)}", style)],
        }
        for name, region in self._regions.items():
            if name != "strip":
                # A terminal may be narrower than any sensible layout.
                self._panels[name].show([line.truncate(region.width) for line in shown[name][: region.height]])
        # As it is drawn: scrolling stops at the end of what there is.
        self._drawn = (*state[:2], self._scrolled, *state[3:])

    def _lines(self) -> views.Lines:
        """The part of the page that is scrolled to."""
        progress, few_colours = self.sort.progress, bool(self.app.ansi_color)
        page = self._regions.get("page", Region())
        trained, width, height = progress.model, page.width, page.height
        if trained is None:
            lines = model.no_model(progress, self.sort.keymap.key, width)
        elif self._page == MISFILINGS and not progress.looked_for_misfilings:
            told = f"Not looked for yet: {self.sort.keymap.key('retrain')} does."
            return [Content.styled(line, views.MUTED) for line in views.wrap(told, width)]
        elif self._page == MISFILINGS:
            return evidence.misfilings(trained, self._undecided.rows, self._undecided.place, width, height)
        else:
            report = trained.report
            renamed = renamed_folders(self.sort.session)
            scores = (replace(score, folder=renamed.get(score.folder, score.folder)) for score in report.folders)
            report = replace(report, folders=tuple(scores))
            lines = [
                lambda: model.summary(trained, few_colours, width),
                lambda: model.folder_table(report, width),
                lambda: evidence.confusion(report, few_colours, width),
                lambda: evidence.reliability(report, width),
            ][self._page]()
        self._scrolled = max(0, min(self._scrolled, len(lines) - height))
        below = len(lines) - self._scrolled - height
        lines = lines[self._scrolled : self._scrolled + height]
        if below > 0 and lines:
            lines[-1] = Content.styled(f"… {below + 1} more lines", views.MUTED)
        return lines
