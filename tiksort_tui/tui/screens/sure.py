"""The sure clips by folder, to be looked at and unticked, before one key files them in one go."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.geometry import Region, Size
from textual.strip import Strip

from tiksort_tui.errors import TiksortError
from tiksort_tui.tui.guard import FilingGuard
from tiksort_tui.tui.keymap import KeyInMpv
from tiksort_tui.tui.panel import Panel, StripPanel, put
from tiksort_tui.tui.screens.covering import Covering, is_escape
from tiksort_tui.tui.selection import Selection
from tiksort_tui.tui.views import Lines
from tiksort_tui.tui.views import sure as views

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp

# From here on every clip has its pictures beside it; else there are those of the one under the cursor, below the list.
ROOMY = Size(100, 30)
# The lines of pictures and a free one after them, the higher ones from so many lines on.
LOW_ROW, HIGH_ROW, HIGH_FROM = 5, 7, 50
LINES_BELOW, BELOW_FROM = 6, 18
# The list has so many, for the words that none is listed.
FEWEST_LINES = 3
# Beyond this a name, its confidence and its pictures come too far apart.
WIDEST_NAMES = 64
WALKING = {"down": 1, "j": 1, "up": -1, "k": -1, "home": -1_000_000, "end": 1_000_000}
PAGING = {"pagedown": 1, "pageup": -1}
ASKING = {"greater_than_sign": 1, "plus": 1, "equals_sign": 1, "less_than_sign": -1, "minus": -1}


class SureScreen(Covering[dict[Path, str]]):
    """Gives the ticked clips of `selection`, each with its folder; none where it was called off."""

    def __init__(self, selection: Selection) -> None:
        super().__init__()
        self._selection = selection
        self._guard = FilingGuard()
        self._panels = {name: Panel(f"sure_{name}") for name in ("head", "list", "keys")}
        self._strips = StripPanel("sure_strips")
        self._regions = dict.fromkeys(("head", "list", "strips", "keys"), Region())
        self._row = 1
        self._pictures: dict[Path, Sequence[Strip]] = {}
        self._reading = False
        self.played = False
        """Whether a clip of the list was played in place of the one on the sorting screen."""

    @property
    def sort(self) -> SortApp:
        return cast("SortApp", self.app)

    def compose(self) -> ComposeResult:
        yield from self._panels.values()
        yield self._strips

    def osd(self) -> str:
        return views.osd(self._selection)

    def on_resize(self, event: events.Resize) -> None:
        self._pictures.clear()
        self._fill()

    def _arrange(self) -> None:
        """Place the panels; without room beside the names, the pictures stand below them, however few these are."""
        (width, height), selection = self.size, self._selection
        top = len(views.headline(selection, width))
        room = max(0, height - top - 1)
        if width >= ROOMY.width and height >= ROOMY.height:
            self._row = HIGH_ROW if height >= HIGH_FROM else LOW_ROW
            names = Region(0, top, min(width // 2, WIDEST_NAMES) if selection.clips else width, room)
            strips = Region(names.right + 2, top, max(0, width - names.right - 3), room)
        else:
            self._row = 1
            below = LINES_BELOW if height >= BELOW_FROM else 0
            most = max(0, room - below - (below > 0))
            needed = len(selection.clips) + len({one.folder for one in selection.clips})
            names = Region(0, top, width - 1, min(most, max(needed, FEWEST_LINES)))
            strips = Region(1, names.bottom + 1, max(0, width - 2), below)
        head, keys = Region(0, 0, width, top), Region(0, max(top, height - 1), width, 1)
        regions = {"head": head, "list": names, "strips": strips, "keys": keys}
        regions = {name: region.intersection(self.size.region) for name, region in regions.items()}
        if regions != self._regions:
            self._regions = regions
            for name, widget in [*self._panels.items(), ("strips", self._strips)]:
                put(widget, regions[name])

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        selection, key = self._selection, event.key
        may_file = self._guard.allows(key, self._what_is_listed(), event.time, whole=isinstance(event, KeyInMpv))
        # A second key may come before the screen is gone.
        if not self.is_active:
            return
        if is_escape(key):
            self.answer({})
        elif key == "enter" and may_file and selection.ticked:
            self.answer({one.path: one.folder for one in selection.ticked})
        elif key == "p" and selection.current:
            self.played = True
            self.sort.player.play(selection.current.path)
        else:
            self._change(key)
            self._fill()

    def _change(self, key: str) -> None:
        selection = self._selection
        if key == "space":
            selection.toggle()
        elif key == "a":
            selection.toggle_folder()
        elif step := ASKING.get(key):
            selection.ask(step)
        elif page := PAGING.get(key):
            selection.walk(page * len(self._in_sight()))
        else:
            selection.walk(WALKING.get(key, 0))

    def _in_sight(self) -> range:
        # The last one needs no free line after its pictures.
        return self._selection.in_sight(self._regions["list"].height + (self._row > 1), self._row)

    def _what_is_listed(self) -> tuple[float, int]:
        return self._selection.over, len(self._selection.clips)

    def _fill(self) -> None:
        """Have the panels show the selection as it is, and the pictures that are in sight looked up."""
        self._arrange()
        selection, app = self._selection, self.sort
        places, size = self._in_sight(), self._regions["list"].size
        keys = {folder.name: folder.key for folder in app.session.folders}
        if selection.clips:
            lines = views.listed(selection, places, keys, size.width, self._row)
        else:
            lines = views.none_listed(selection, app.progress, app.keymap.key, size.width, size.height)
        self._show("head", views.headline(selection, self._regions["head"].width))
        self._show("list", lines)
        self._show("keys", [views.keys(selection, self._regions["keys"].width)])
        self._show_pictures()
        self.call_after_refresh(self._painted, self._what_is_listed())
        if not self._reading:
            self._reading = True
            app.start(self._read_pictures())

    def _show(self, name: str, lines: Lines) -> None:
        region = self._regions[name]
        self._panels[name].show([line.truncate(region.width) for line in lines[: region.height]])

    def _painted(self, what: tuple[float, int]) -> None:
        self._guard.painted(what, time.monotonic())

    def _with_pictures(self) -> list[int]:
        """The places of the clips whose pictures have room."""
        if not self._regions["strips"].area or not self._selection.clips:
            return []
        return list(self._in_sight()) if self._row > 1 else [self._selection.cursor]

    def _show_pictures(self) -> None:
        selection, places = self._selection, self._with_pictures()
        shown = {selection.clips[place].path for place in places}
        self._pictures = {clip: strips for clip, strips in self._pictures.items() if clip in shown}
        blank = Strip.blank(self._regions["strips"].width)
        lines: list[Strip] = []
        for row in places:
            if self._row > 1 and (row == places[0] or selection.begins_folder(row)):
                lines.append(blank)
            strips = self._pictures.get(selection.clips[row].path, ())
            lines += [*strips, *[blank] * (self._row - len(strips))]
        self._strips.show(lines)

    async def _read_pictures(self) -> None:
        try:
            while self.is_attached and (clip := self._next_to_read()):
                room = self._regions["strips"].size
                details = await self.sort.details.read(clip, room.width, self._row - 1 or room.height)
                if room == self._regions["strips"].size:
                    self._pictures[clip] = details.strip
                    self._show_pictures()
        except TiksortError as error:
            self.sort.sort_screen.tell(str(error))
        else:
            self._reading = False

    def _next_to_read(self) -> Path | None:
        clips = (self._selection.clips[place].path for place in self._with_pictures())
        return next((clip for clip in clips if clip not in self._pictures), None)
