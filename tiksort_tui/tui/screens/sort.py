"""The sorting screen: turns keys into what the session does, and shows the session."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen

from tiksort_tui.domain import visible
from tiksort_tui.errors import TiksortError
from tiksort_tui.tui.actions import perform
from tiksort_tui.tui.board import Board
from tiksort_tui.tui.details import DETAILS_AFTER_SECONDS, Details
from tiksort_tui.tui.garbage import collect_if_due
from tiksort_tui.tui.guard import FilingGuard
from tiksort_tui.tui.keymap import FILING, KeyInMpv
from tiksort_tui.tui.message import Message
from tiksort_tui.tui.panel import REDRAW_SECONDS
from tiksort_tui.tui.scene import TAKES, Scene
from tiksort_tui.tui.screens.covering import Covering
from tiksort_tui.tui.views.text import in_short

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp

# What news can be about.
ON_SCREEN = "the clip on screen"
# It may be a piece of a torn escape sequence.
LEFT_OUT = "Left out: so soon after Esc or a bracket it may be no key; press it again"


class SortScreen(Screen[None]):
    """One library on one screen. The app brings all keys to `press`, from the terminal and from mpv's window alike."""

    def __init__(self) -> None:
        super().__init__()
        self._board = Board()
        self._guard = FilingGuard()
        self._shown: Path | None = None
        self._delay = 0.0
        self._details: Details | None = None
        self._message = Message(lambda text, seconds: self.sort.player.show(text, seconds))
        self._dirty = False

    @property
    def sort(self) -> SortApp:
        return cast("SortApp", self.app)

    @property
    def shown(self) -> Path | None:
        """The clip that was played last here."""
        return self._shown

    @property
    def said(self) -> tuple[str, str]:
        """The line at the bottom, and its style."""
        return self._message.text, self._message.style

    def compose(self) -> ComposeResult:
        yield from self._board.widgets()

    def on_mount(self) -> None:
        self.set_interval(REDRAW_SECONDS, self._redraw_if_dirty)
        self._show_current()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size)
        self._read_details()
        self.changed()

    def _arrange(self, size: Size) -> None:
        self._board.arrange(size, self.sort.speech, self.sort.session)
        self._board.show(None)

    def on_screen_suspend(self) -> None:
        self._guard.covered()
        self.sort.player.listen_to(self.sort.keymap.mpv_typed_keys)

    def on_screen_resume(self) -> None:
        self.sort.player.listen_to(self.sort.keymap.mpv_keys)
        self._message.tell_mpv()
        self.call_after_refresh(self._painted, self._shown)

    def heard_in_mpv(self, event: KeyInMpv) -> None:
        """A key was pressed in mpv's window: it does what it does in the terminal, also in what lies over this screen.

        Who pressed it looks there, and reads there what comes of it.
        """
        if not self.is_active:
            self._message.looks_at_mpv = True
        self.app.post_message(event)
        self._tell_what_covers_later()

    def press(self, key: str, at: float, in_mpv: bool = False) -> None:
        """Do what `key`, by Textual's name, stands for; it came `at` this time of the monotonic clock."""
        command = self.sort.keymap.command_of(key)
        allowed = self._guard.allows(key, self.sort.session.current, at, whole=in_mpv)
        if command is not None and not in_mpv and self._guard.leaves_out(key, at, files=command in FILING):
            self.say(LEFT_OUT)
            return
        if command is None or (command in FILING and not allowed):
            return
        self._message.looks_at_mpv = in_mpv
        self.clear_message()
        perform(self, command, key)
        self.changed()

    def say(self, text: str, trouble: bool = False) -> None:
        """Show at the bottom what came of what the person did, until the next key."""
        self._message.say(self._below_root(text), trouble, time.monotonic())
        self.changed(soon=False)

    def tell(self, text: str, about: str = "", trouble: bool = True) -> None:
        """Show at the bottom what came by itself, until the next key or until it is taken back."""
        self._message.tell(self._below_root(text), trouble, about, time.monotonic())
        self.changed(soon=False)

    def clear_message(self) -> None:
        """A key was pressed: what stood at the bottom has been read."""
        self._message.clear(time.monotonic())
        self.changed(soon=False)

    def take_back(self, about: str) -> None:
        """What was told, if it is `about` this, holds no longer."""
        self._message.take_back(about)
        self.changed(soon=False)

    def lay_over(self, screen: Covering[Any], then: Callable[[Any], None] | None = None) -> None:
        """Put `screen` over this one. Keys that come before it is there are meant for it."""

        def there() -> None:
            screen.is_there = True
            self.app.call_later(self.sort.hand_on_keys)
            self._tell_what_covers_later()

        screen.then = then
        self.app.push_screen(screen)
        screen.call_after_refresh(there)

    def extracted(self, clip: Path) -> None:
        """The engine knows more of `clip` now."""
        if clip == self._shown:
            self._read_details()

    def replaced(self) -> None:
        """Under the name of the clip on screen there is another file: it is shown and played, and must be seen anew.

        That is done with the next `changed`.
        """
        if self._shown is not None:
            self.tell(f"{visible(self._shown.name)} has changed, and is shown anew")
        self._guard.covered()
        self._shown = None

    def identified(self) -> None:
        """The engine has seen all files: a clip that it knows by its content can be looked up under a new name now."""
        if self._details is None or self._details.info is None:
            self._read_details()

    def changed(self, soon: bool = True) -> None:
        """Something that is shown has changed; `soon` for what the person did, else within a tenth of a second."""
        self._dirty = True
        if soon and self.is_mounted:
            self._redraw_if_dirty()

    def file_into(self, folder: str | None, otherwise: str) -> None:
        """File the clip on screen into `folder`, or say `otherwise`, if anything, where that is none.

        What has changed by that is the caller's to have shown.
        """
        if folder is None:
            self.say(otherwise)
        elif request := self.sort.session.file(folder):
            self.sort.moves.file(request)
            self._delay = self.sort.config.player.delay
        elif self._shown is not None:
            self.say(f"There is no folder {folder} any more: {self.sort.keymap.key('new_folder')} makes one")

    def take(self, command: str) -> None:
        """File the clip on screen into the suggestion that `command`, one of TAKES, stands for."""
        session = self.sort.session
        folder, clip = session.suggestion(1 + TAKES.index(command)), session.current
        self.file_into(folder, "There is no suggestion to take")
        if clip is not None and clip != session.current:
            self.sort.tally.take(clip, command)

    def go_to(self, name: str) -> None:
        """Bring the clip of this name on screen, if there is one."""
        self.sort.session.go_to(self.sort.root / name)
        self.changed()

    def do(self, command: str) -> None:
        """Do what `command`, if any, says; it was chosen by its name."""
        if command:
            perform(self, command, "")
            self.changed()

    def _tell_what_covers_later(self) -> None:
        # Behind the last key in both queues: what it did is told.
        self.app.call_later(lambda: (self.app.focused or self.app.screen).call_later(self._tell_what_covers))

    def _tell_what_covers(self) -> None:
        # One that is not there yet is told of when it is.
        if isinstance(covering := self.app.screen, Covering) and covering.is_there:
            self._message.tell_mpv(covering.osd())

    def _show_current(self) -> None:
        """The cursor has come to another clip: play it, and find out what is known of it."""
        if (self._shown is None) != (self.sort.session.current is None):
            self._arrange(self.size)
        clip = self._shown = self.sort.session.current
        self._details = None
        self._board.show(None)
        self._message.take_back(ON_SCREEN)
        self.sort.playback = None
        if clip is None:
            self.sort.player.stop()
        else:
            # After a filing the filed clip plays on for a while, where the person wants it so.
            delay, self._delay = self._delay, 0.0
            if delay:
                self.set_timer(delay, lambda: self._play(clip))
            else:
                self._play(clip)
            self._read_details()
        self.sort.runs.want()

    def _play(self, clip: Path) -> None:
        if clip == self._shown:
            self.sort.player.play(clip)

    def _painted(self, clip: Path | None) -> None:
        if self.is_active:
            self._guard.painted(clip, time.monotonic())

    def _read_details(self) -> None:
        if self._shown is not None:
            self.sort.start(self._details_of(self._shown), name="details", alone=True)

    async def _details_of(self, clip: Path) -> None:
        # The next clip's name is painted first.
        await asyncio.sleep(DETAILS_AFTER_SECONDS)
        room = self._board.strip_room
        if clip != self._shown:
            return
        try:
            details = await self.sort.details.read(clip, room.width, room.height)
        except TiksortError as error:
            self.tell(str(error))
            return
        if clip == self._shown:
            self._details = details
            self._board.show(details)
            self.changed()
            # Now the person looks.
            if self.is_active:
                self.call_after_refresh(collect_if_due)

    def _redraw_if_dirty(self) -> None:
        self._dirty |= self._message.go_on(time.monotonic())
        if not (self._dirty or self.sort.tally.flashes or self.sort.progress.stage):
            return
        self._dirty = False
        another = self.sort.session.current != self._shown
        if another:
            self._show_current()
        self._board.fill(self._scene(time.monotonic()))
        if another:
            # Only when all panels have been told: they are painted together then, and not one before the others.
            self.call_after_refresh(self._painted, self._shown)

    def _scene(self, now: float) -> Scene:
        app, tally = self.sort, self.sort.tally
        return Scene(
            in_short(app.root), app.moves.remark, app.session, app.progress, app.playback, app.player.describe(),
            app.notices, app.keymap, self._details,
            tally.taken(app.session.unsorted), tally.last, tally.flashed(now), *self.said, self._board.regions, now,
            tally.pace.seconds,
        )  # fmt: skip

    def _below_root(self, text: str) -> str:
        return text.replace(f"{self.sort.root}/", "")
