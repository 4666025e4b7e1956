"""The program around the sorting screen: it holds the session, the engine, the player and the filer, and ends them."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.events import Event, Key, Paste

from tiksort_tui.config import Config
from tiksort_tui.domain import visible
from tiksort_tui.encoders import choose_encoders
from tiksort_tui.engine.client import Engine
from tiksort_tui.errors import ConfigError, EncoderError, EngineError, ExitCode
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import LOG, open_library, state_dir
from tiksort_tui.pipeline.summary import fingerprint, load_summary
from tiksort_tui.player.events import KeyPressed, Playback, PlayerEvent, PlayerGone, PlayFailed, Playing
from tiksort_tui.player.player import Player
from tiksort_tui.session import Session
from tiksort_tui.tui.details import DetailsReader
from tiksort_tui.tui.driver import mend_driver
from tiksort_tui.tui.garbage import kept
from tiksort_tui.tui.graphics import check_pictures, choose_drawer
from tiksort_tui.tui.keymap import KeyInMpv, Keymap
from tiksort_tui.tui.moving import MOVING, Moves
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.running import Runs
from tiksort_tui.tui.screens.covering import Covering
from tiksort_tui.tui.screens.dialog import Dialog
from tiksort_tui.tui.screens.sort import ON_SCREEN, SortScreen
from tiksort_tui.tui.tally import Tally
from tiksort_tui.tui.themes import has_few_colours, theme_for
from tiksort_tui.tui.watching import watch_library

PLAYER_LOG = "mpv.log"
TERMINAL_SECONDS = 1.0
# How soon a screen that looks on takes over from one that has left.
TURN_SECONDS = 2.0
FIRST_SCREEN_SECONDS = 0.1
# Who leaves waits so long for the moves in flight, and for the rest of a bunch.
FINISH_SECONDS = 5.0
# After the terminal is gone, all of that has this long.
HANG_UP_SECONDS = 10.0
PLAYER = "player"
# What Textual returns after an exception that nobody caught.
UNEXPECTED = 1


class SortApp(App[None]):
    """Sorts one library."""

    CSS_PATH = "styles.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, root: Path, state: Path, config: Config) -> None:
        few_colours = has_few_colours(os.environ)
        super().__init__(ansi_color=few_colours or None)
        theme = theme_for(config.screen.theme, os.environ)
        self.register_theme(theme)
        self.theme = theme.name
        self.root, self.state, self.config = root, state, config
        self.keymap = Keymap(config.keys)
        self.progress = Progress()
        self.playback: Playback | None = None
        self.notices: list[str] = []
        self.speech = False
        self._is_unchanged: Callable[[], bool] = lambda: False
        self.can_learn = True
        self._work: set[asyncio.Task[None]] = set()
        self._keys = deque[Key | Paste]()
        self.hung_up = False
        self._play_failed: Path | None = None
        self.session = self._open_session()
        self.moves = Moves(self)
        draw = choose_drawer(config.screen.pictures, self.console.color_system, few_colours, theme.dark)
        self.details = DetailsReader(state, config.library, draw)
        self.engine = Engine(state / LOG)
        self.runs = Runs(self)
        self.player = Player(config.player, state / PLAYER_LOG, self.keymap.mpv_keys, self._hear_player)
        self.tally = Tally(time.monotonic())
        self.sort_screen = SortScreen()

    async def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: self.start(self.leave(ExitCode.INTERRUPTED)))
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        self.set_interval(TERMINAL_SECONDS, self._look_for_terminal)
        self.set_interval(TURN_SECONDS, self.moves.look_for_turn)
        await self.push_screen(self.sort_screen)
        self.start(self.moves.begin(), name=MOVING)
        if self.session.predictions:
            # There is something to look at: whether it still holds is seen when it has been drawn.
            self.set_timer(FIRST_SCREEN_SECONDS, self._begin)
        else:
            self._begin()

    def _begin(self) -> None:
        self.start(watch_library(self))
        if not (self.progress.stage or self._is_unchanged()):
            self.runs.toggle()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, (Key, Paste)) and not event.is_forwarded:
            self._keys.append(event)
            await self.hand_on_keys()
        else:
            await super().on_event(event)

    async def hand_on_keys(self) -> None:
        """Give each key to the screen that it is for, one after the other: what one has opened gets those after it."""
        while self._keys and self.screen_stack and not (isinstance(self.screen, Covering) and not self.screen.is_there):
            key = self._keys.popleft()
            if isinstance(self.screen, Dialog):
                await self.screen.press(key)
            elif self.screen is self.sort_screen and isinstance(key, Key):
                # When it came, which may be a while ago: held keys must not look like slow ones after a hiccup.
                self.sort_screen.press(key.key, key.time, in_mpv=isinstance(key, KeyInMpv))
            else:
                await super().on_event(key)

    async def on_unmount(self) -> None:
        self.runs.close()
        self.moves.cut_short()
        # A run that sees its engine end starts another one; a look-up finds its thread gone.
        for task in self._work:
            if task.get_name() != MOVING:
                task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self.engine.close()
        await self.player.close()
        await self.moves.close()
        self.details.close()

    def _hang_up(self) -> None:
        """The terminal is gone: end by all means, since threads that read from it or draw on it may never end."""
        if self.hung_up:
            return
        self.hung_up = True
        timer = threading.Timer(HANG_UP_SECONDS, os._exit, (ExitCode.INTERRUPTED,))
        timer.daemon = True
        timer.start()
        self.start(self.leave())

    def _look_for_terminal(self) -> None:
        # Only who has a controlling terminal is told by a signal that it is gone.
        terminal = select.poll()
        terminal.register(sys.__stdin__ or 0, 0)
        if not self.is_headless and terminal.poll(0):
            self._hang_up()

    async def action_quit(self) -> None:
        # Not awaited: the app goes on while moves are finished.
        self.start(self.leave())

    async def leave(self, code: ExitCode = ExitCode.FINE) -> None:
        """End the program with `code` when the moves in flight are done.

        Who files many clips in one go and leaves at once expects them filed, and seconds suffice for thousands; but
        nobody waits minutes for a program to end, such as for copies to another disk. So what was asked for is given
        `FINISH_SECONDS`; then actions of many clips end after the few in hand, the rest stays as it is, and the last
        line in the terminal says so. A single clip is always finished.
        """
        filings = [task for task in self._work if task.get_name() == MOVING]
        if filings:
            self.sort_screen.say("Finishing the moves in flight …")
            await asyncio.wait(filings, timeout=FINISH_SECONDS)
            self.moves.cut_short()
            await asyncio.gather(*filings, return_exceptions=True)
        self.exit(return_code=code)

    def start(self, work: Coroutine[Any, Any, None], name: str = "", alone: bool = False) -> asyncio.Task[None]:
        """Have `work` done beside the screen; an error in it that nobody expects ends the program and is shown.

        `alone`: instead of what is still being done by that `name`, and what of it has not begun is not done any more.
        """
        for other in self._work if alone else ():
            if other.get_name() == name:
                other.cancel()
        task = asyncio.create_task(work, name=name)
        self._work.add(task)
        task.add_done_callback(self._ended)
        return task

    def _open_session(self) -> Session:
        snapshot = scan(self.root, self.config.library, self.state)
        summary = load_summary(self.state, self.root, (video.path for video in snapshot.unsorted))
        if summary is None:
            session = Session(snapshot, (), self.keymap.folders, self.config.screen.doubt)
        else:
            session = Session(snapshot, summary.predictions, self.keymap.folders, self.config.screen.doubt)
            session.failures.update((failure.path, failure.reason) for failure in summary.failed)
            self.progress.encoder, self.progress.model = summary.encoder_name, summary.model
            self.progress.no_model = summary.reason
        try:
            plan = choose_encoders(self.config)
        except EncoderError as error:
            self.notices.append(str(error))
            self._is_unchanged = lambda: True
            self.can_learn = False
        else:
            self.speech = plan.whisper is not None
            self.notices += [plan.notice] if plan.notice else []
            if summary is not None:
                before = summary.fingerprint
                self._is_unchanged = lambda: before == fingerprint(snapshot, self.config, plan)
        return session

    def _hear_player(self, event: PlayerEvent) -> None:
        # In the screen's own time: an error there is the screen's, and must not end what speaks to mpv.
        self.call_later(self._on_player, event)

    def _on_player(self, event: PlayerEvent) -> None:
        match event:
            case KeyPressed(key):
                if typed := self.keymap.key_from_mpv(key):
                    self.sort_screen.heard_in_mpv(KeyInMpv(*typed))
            case Playback(path=path) if path == self.session.current != self._play_failed:
                self.playback = event
            case Playing():
                self._play_failed = None
                self.sort_screen.take_back(PLAYER)
            case PlayFailed(path, reason) if path == self.session.current or self.screen is not self.sort_screen:
                self._play_failed, self.playback = path, None
                self.sort_screen.tell(f"{visible(path.name)} does not play: {reason}", about=ON_SCREEN)
            case PlayerGone(reason, had):
                self.playback = None
                back = f"; {self.keymap.key('window')} brings it back" if had else ""
                self.sort_screen.tell(f"{reason}{back}", about=PLAYER)
        self.sort_screen.changed(soon=False)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.call_later(_raise, error)


def _raise(error: BaseException) -> None:
    raise error


def run_screen(library: Path, config: Config) -> ExitCode:
    """Sort `library` on the screen until the person leaves.

    Raises TiksortError where that cannot even begin, and EngineError where an error that nobody expects has ended it.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError("the screen needs a terminal; without one there is --batch")
    check_pictures(config.screen.pictures)
    root = open_library(library)
    state = state_dir(root, config.library.state_dir)
    with kept():
        app = SortApp(root, state, config)
    mend_driver()
    # Textual draws on descriptor 2; whatever a native library writes there must land in the log instead. A name that is
    # no UTF-8 must not end the thread that draws.
    with (
        open(os.dup(2), "w", encoding="utf-8", errors="backslashreplace") as terminal,
        (state / LOG).open("ab") as log,
    ):
        original = sys.__stderr__
        sys.__stderr__ = terminal  # type: ignore[misc]
        os.dup2(log.fileno(), 2)
        try:
            app.run()
        finally:
            if app.hung_up:
                os._exit(ExitCode.INTERRUPTED)
            os.dup2(terminal.fileno(), 2)
            sys.__stderr__ = original  # type: ignore[misc]
    if app.return_code == UNEXPECTED:
        raise EngineError(f"an error in the program itself has ended the screen; {state / LOG} holds it")
    if app.moves.unfinished:
        sys.stderr.write(f"{app.moves.unfinished}\n")
    return ExitCode(app.return_code or ExitCode.FINE)
