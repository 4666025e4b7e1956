"""The sorting screen: turns keys into what the session does, and shows the session."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Region, Size
from textual.screen import ModalScreen, Screen

from tiksort_tui.domain import visible
from tiksort_tui.errors import TiksortError
from tiksort_tui.tui import views
from tiksort_tui.tui.actions import perform
from tiksort_tui.tui.details import Details
from tiksort_tui.tui.geometry import WIDE, arrange
from tiksort_tui.tui.guard import FilingGuard
from tiksort_tui.tui.keymap import FILING
from tiksort_tui.tui.panel import Panel, StripPanel
from tiksort_tui.tui.screens.folder_name import FolderNameScreen

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp

TEXT_PANELS = (
    "header", "top_rule", "folders", "session", "clip", "said", "queue", "suggestion", "progress", "learning",
    "bottom_rule", "keys", "message",
)  # fmt: skip
REDRAW_SECONDS = 0.1
OSD_WIDTH = 60
DETAILS_AFTER_SECONDS = 0.03
# Filings after which the speed says something.
FILINGS_FOR_A_SPEED = 3


class SortScreen(Screen[None]):
    """One library on one screen. All keys come to `press`, from the terminal and from mpv's window alike."""

    def __init__(self) -> None:
        super().__init__()
        self._panels = {name: Panel(name) for name in TEXT_PANELS}
        self._strip = StripPanel("strip")
        self._guard = FilingGuard()
        self._shown: Path | None = None
        self._details = Details()
        self._message, self._message_style, self._message_about = "", "", ""
        self._looks_at_mpv = False
        self._dirty = False
        self._held: list[events.Key] | None = None
        self._regions: dict[str, Region] = {}

    @property
    def sort(self) -> SortApp:
        return cast("SortApp", self.app)

    def compose(self) -> ComposeResult:
        yield from self._panels.values()
        yield self._strip

    def on_mount(self) -> None:
        self.set_interval(REDRAW_SECONDS, self._redraw_if_dirty)
        self._show_current()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size)
        self._read_details()
        self.changed()

    def _arrange(self, size: Size) -> None:
        clip = self.sort.session.current is not None
        self._regions = regions = arrange(size.width, size.height, self.sort.speech, clip)
        for name, panel in [*self._panels.items(), ("strip", self._strip)]:
            region = regions.get(name)
            panel.display = region is not None
            if region is not None:
                panel.styles.offset = (region.x, region.y)
                panel.styles.width, panel.styles.height = region.width, region.height

    def on_screen_suspend(self) -> None:
        self._guard.covered()

    def on_screen_resume(self) -> None:
        self._held = None
        self.call_after_refresh(self._painted, self._shown)

    def on_key(self, event: events.Key) -> None:
        # Also for keys that mean nothing here: Textual's own bindings must not get them.
        event.stop()
        event.prevent_default()
        # When it came, which may be a while ago: held keys must not look like slow ones after a hiccup.
        if self._held is None:
            self.press(event.key, event.time)
        else:
            self._held.append(event)

    def press(self, key: str, at: float, in_mpv: bool = False) -> None:
        """Do what `key`, by Textual's name, stands for; it came `at` this time of the monotonic clock.

        Who pressed it `in_mpv`'s window looks there, and reads there what comes of it.
        """
        command = self.sort.keymap.command_of(key)
        allowed = self._guard.allows(key, self.sort.session.current, at)
        if command is None or self._guard.torn(key, at) or (command in FILING and not allowed):
            return
        self._looks_at_mpv = in_mpv
        self.take_back()
        perform(self, command, key)
        self.changed()

    def say(self, text: str, trouble: bool = False, about: str = "") -> None:
        """Show one line at the bottom, until the next key or until it is taken back."""
        self._message = text.replace(f"{self.sort.root}/", "")
        if self._looks_at_mpv:
            self.sort.player.show(views.message(self._message, OSD_WIDTH))
        self._message_style, self._message_about = ("$warning" if trouble else "$text"), about
        self.changed(soon=False)

    def take_back(self, about: str | None = None) -> None:
        """The line at the bottom, if it is `about` this, holds no longer."""
        if about is None or about == self._message_about:
            self._message = self._message_about = ""
            self.changed(soon=False)

    def lay_over(self, screen: ModalScreen[Any], then: Callable[[Any], None] | None = None) -> None:
        """Put `screen` over this one. Keys that come before it is there are meant for it."""
        held = self._held = []

        def there() -> None:
            for event in held:
                self.app.post_message(events.Key(event.key, event.character))

        self.app.push_screen(screen, then)
        screen.call_after_refresh(there)

    def ask_for_folder(self, name: str = "", problem: str = "") -> None:
        """Ask for a new folder's name, again if there was a problem with `name`."""
        self.lay_over(FolderNameScreen("New folder", name, problem), self._make_folder)

    def ask_for_new_name(self, old: str, name: str = "", problem: str = "") -> None:
        """Ask for another name for the folder `old`, again if there was a problem with `name`."""
        if old:
            screen = FolderNameScreen(f"Another name for {visible(old)}", name or old, problem)
            self.lay_over(screen, lambda new: self.sort.moves.rename_folder(old, new) if new else None)

    def extracted(self, clip: Path) -> None:
        """The engine knows more of `clip` now."""
        if clip == self._shown:
            self._read_details()

    def changed(self, soon: bool = True) -> None:
        """Something that is shown has changed; `soon` for what the person did, else within a tenth of a second."""
        self._dirty = True
        if soon and self.is_mounted:
            if self.sort.session.current != self._shown:
                self._show_current()
            self._redraw_if_dirty()

    def file_into(self, folder: str | None, otherwise: str) -> None:
        """File the clip on screen into `folder`, or say `otherwise`, if anything, where that is none."""
        if folder is None:
            self.say(otherwise)
        elif request := self.sort.session.file(folder):
            self.sort.moves.file(request)
        elif self._shown is not None:
            self.say(f"there is no folder {folder} any more: n makes one")
        self.changed()

    def file_into_chosen(self, folder: str) -> None:
        """File the clip on screen into `folder`, which is made first if need be; none was chosen if it is empty."""
        if folder and folder not in [known.name for known in self.sort.session.folders]:
            self.sort.moves.make_folder(folder, then=lambda: self.file_into(folder, ""))
        elif folder:
            self.file_into(folder, "")

    def go_to(self, name: str) -> None:
        """Bring the clip of this name on screen, if there is one."""
        self.sort.session.go_to(self.sort.root / name)
        self.changed()

    def do(self, command: str) -> None:
        """Do what `command`, if any, says; it was chosen by its name."""
        if command:
            perform(self, command, "")
            self.changed()

    def _make_folder(self, name: str | None) -> None:
        if name:
            self.sort.moves.make_folder(name)

    def _show_current(self) -> None:
        """The cursor has come to another clip: play it, and find out what is known of it."""
        if (self._shown is None) != (self.sort.session.current is None):
            self._arrange(self.size)
        clip = self._shown = self.sort.session.current
        self._details = Details()
        self._strip.show([])
        self.sort.playback = None
        if clip is None:
            self.sort.player.stop()
        else:
            self.sort.player.play(clip)
            self._read_details()
        self.sort.runs.want()
        self.call_after_refresh(self._painted, clip)

    def _painted(self, clip: Path | None) -> None:
        if self.is_current:
            self._guard.painted(clip, time.monotonic())

    def _read_details(self) -> None:
        if self._shown is not None:
            self.sort.start(self._details_of(self._shown))

    async def _details_of(self, clip: Path) -> None:
        # The next clip's name is painted first, and of clips that are passed over in a row only the last is looked up.
        await asyncio.sleep(DETAILS_AFTER_SECONDS)
        region = self._regions.get("strip")
        if clip != self._shown:
            return
        try:
            details = await self.sort.details.read(clip, region.width if region else 0, region.height if region else 0)
        except TiksortError as error:
            self.say(str(error), trouble=True)
            return
        if clip == self._shown:
            self._details = details
            self._strip.show(list(details.strip))
            self.changed()

    def _redraw_if_dirty(self) -> None:
        if not self._dirty and not self.sort.progress.stage:
            return
        self._dirty = False
        now = time.monotonic()
        wide = self.size.width >= WIDE
        for name, region in self._regions.items():
            if name != "strip":
                lines = self._lines(name, region.width, region.height, now, wide)
                # A terminal may be narrower than any sensible layout.
                self._panels[name].show([line.truncate(region.width) for line in lines[: region.height]])

    def _lines(self, name: str, width: int, height: int, now: float, wide: bool) -> views.Lines:
        app, session = self.sort, self.sort.session
        minutes = (now - app.began) / 60
        filed = session.filed.total()
        pace = minutes * 60 / filed if filed >= FILINGS_FOR_A_SPEED else None
        match name:
            case "header":
                player = app.player.describe()
                return [views.header(_short(app.root), app.progress, player, now, width, "learning" in self._regions)]
            case "top_rule" | "bottom_rule":
                return [Content("─" * width)]
            case "folders":
                return views.folders(session, width, height)
            case "session":
                return views.session_totals(filed, minutes)
            case "clip":
                return views.clip(session, self._details.info, self._details.size, app.playback, width)
            case "said":
                return views.said(self._details.transcript, width, height)
            case "suggestion":
                return views.suggestion(session, app.progress, width, tall=wide)
            case "queue" if session.current is None:
                return views.finished(session, minutes, width)
            case "queue":
                return views.queue(session, app.progress, width, height)
            case "progress":
                return views.remaining(session, pace, width)
            case "learning":
                return views.learning(app.progress, app.notices, now, width, height)
            case "keys":
                return [Content.styled(" " + app.keymap.hints(width - 2), views.MUTED)]
            case _:
                return [Content.styled(" " + views.message(self._message, width - 1), self._message_style)]


def _short(root: Path) -> str:
    """`root` as people write it: ~ for their home."""
    home = Path.home()
    return f"~/{root.relative_to(home)}" if root.is_relative_to(home) and root != home else str(root)
