"""The program around the sorting screen: it holds the session, the engine, the player and the filer, and ends them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import BindingType

from tiksort_tui.config import Config
from tiksort_tui.domain import visible
from tiksort_tui.encoders import choose_encoders
from tiksort_tui.engine.client import Engine
from tiksort_tui.errors import ConfigError, EncoderError, ExitCode, MoveError, TiksortError
from tiksort_tui.library.moves import Retraced
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import LOG, open_library, state_dir
from tiksort_tui.pipeline.summary import fingerprint, load_summary
from tiksort_tui.player.events import KeyPressed, Playback, PlayerEvent, PlayerGone, PlayFailed, Playing
from tiksort_tui.player.player import Player
from tiksort_tui.session import FilingRequest, Session
from tiksort_tui.tui.details import DetailsReader
from tiksort_tui.tui.filing import Filer
from tiksort_tui.tui.keymap import MPV_KEYS, key_from_mpv
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.running import Runs
from tiksort_tui.tui.screens.sort import SortScreen

PLAYER_LOG = "mpv.log"
# After the terminal is gone, the moves in flight have this long.
HANG_UP_SECONDS = 10.0
# The name of the tasks that move files or make folders: they are never cut short.
FILING = "filing"
PLAYER = "player"


class SortApp(App[None]):
    """Sorts one library."""

    CSS_PATH = "styles.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, root: Path, state: Path, config: Config) -> None:
        super().__init__()
        self.root, self.state, self.config = root, state, config
        self.progress = Progress()
        self.playback: Playback | None = None
        self.notices: list[str] = []
        self.speech = False
        self.began = time.monotonic()
        self._unchanged = False
        self._work: set[asyncio.Task[None]] = set()
        self.hung_up = False
        self._play_failed: Path | None = None
        if not os.access(root, os.W_OK):
            self.notices.append("This library is read-only: no clip can be filed.")
        self.session = self._open_session()
        self.filer = Filer(root, state, config.library)
        self.details = DetailsReader(state)
        self.engine = Engine(state / LOG)
        self.runs = Runs(self)
        self.player = Player(config.player, state / PLAYER_LOG, MPV_KEYS, self._hear_player)
        self.sort_screen = SortScreen()

    async def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: self.start(self.leave()))
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        await self.push_screen(self.sort_screen)
        self.start(self._reconcile())
        if not self._unchanged:
            self.runs.toggle()

    async def on_unmount(self) -> None:
        # A run that sees its engine end starts another one; a look-up finds its thread gone.
        for task in self._work:
            if task.get_name() != FILING:
                task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self.engine.close()
        await self.player.close()
        await self.filer.close()
        self.details.close()

    def _hang_up(self) -> None:
        """The terminal is gone: end by all means, since threads that read from it or draw on it may never end."""
        self.hung_up = True
        timer = threading.Timer(HANG_UP_SECONDS, os._exit, (ExitCode.INTERRUPTED,))
        timer.daemon = True
        timer.start()
        self.start(self.leave())

    async def action_quit(self) -> None:
        # Not awaited: the app goes on while moves are finished.
        self.start(self.leave())

    async def leave(self) -> None:
        """End the program when the moves in flight are done."""
        if self.session.busy:
            self.sort_screen.say("finishing the moves in flight …")
        filings = [task for task in self._work if task.get_name() == FILING]
        await asyncio.gather(*filings, return_exceptions=True)
        self.exit()

    def start(self, work: Coroutine[Any, Any, None], name: str = "") -> asyncio.Task[None]:
        """Have `work` done beside the screen; an error in it that nobody expects ends the program and is shown."""
        task = asyncio.create_task(work, name=name)
        self._work.add(task)
        task.add_done_callback(self._ended)
        return task

    def file(self, request: FilingRequest) -> None:
        """Carry out a filing that the session has planned."""
        self.start(self._file(request), name=FILING)

    def undo(self) -> None:
        """Take back the last action."""
        self.start(self._undo(), name=FILING)

    def make_folder(self, name: str) -> None:
        """Make a folder of the library."""
        self.start(self._make_folder(name), name=FILING)

    def _open_session(self) -> Session:
        snapshot = scan(self.root, self.config.library.extensions, self.state)
        summary = load_summary(self.state)
        if summary is None:
            session = Session(snapshot)
        else:
            session = Session(snapshot, summary.predictions)
            session.failures.update((failure.path, failure.reason) for failure in summary.failed)
            self.progress.encoder, self.progress.model = summary.encoder_name, summary.model
            self.progress.no_model = summary.reason
        try:
            plan = choose_encoders(self.config)
        except EncoderError as error:
            self.notices.append(str(error))
            self._unchanged = True
        else:
            self.speech = plan.whisper is not None
            self.notices += [plan.notice] if plan.notice else []
            self._unchanged = summary is not None and summary.fingerprint == fingerprint(snapshot, self.config, plan)
        return session

    async def _reconcile(self) -> None:
        for message in await self.filer.reconcile():
            self.sort_screen.say(message)

    async def _file(self, request: FilingRequest) -> None:
        name, folder = visible(request.clip.name), visible(request.folder)
        try:
            filing = await self.filer.file(request.clip, request.folder)
        except TiksortError as error:
            self.session.move_failed(request)
            if not request.clip.exists():
                self.session.gone(request.clip)
            self.sort_screen.say(str(error), trouble=True)
        else:
            self.session.moved(request)
            other_name = "" if filing.target.name == request.clip.name else f" as {visible(filing.target.name)}"
            self.sort_screen.say(f"Filed {name} in {folder}{other_name}")
        self.sort_screen.changed()

    async def _undo(self) -> None:
        try:
            undone = await self.filer.undo()
        except TiksortError as error:
            self.sort_screen.say(str(error), trouble=True)
            return
        for filing in undone.filings:
            self.session.undone(filing)
            self.sort_screen.say(f"Took {visible(filing.source.name)} back from {visible(filing.target.parent.name)}")
        for rename in undone.folders:
            self.session.folder_renamed(rename.new, rename.old)
            self.sort_screen.say(f"{visible(rename.new)} is called {visible(rename.old)} again")
        for refusal in undone.refusals:
            self.sort_screen.say(str(refusal), trouble=True)
        if undone == Retraced():
            self.sort_screen.say("Nothing to undo")
        self.sort_screen.changed()

    async def _make_folder(self, name: str) -> None:
        try:
            await self.filer.make_folder(name)
        except MoveError as error:
            self.sort_screen.ask_for_folder(name, str(error))
            return
        self.session.add_folder(name)
        key = next((folder.key for folder in self.session.folders if folder.name == name), None)
        how = f"key {key}" if key else "no key is left: / files into it"
        self.sort_screen.say(f"New folder {visible(name)}, {how}")
        self.sort_screen.changed()

    def _hear_player(self, event: PlayerEvent) -> None:
        # In the screen's own time: an error there is the screen's, and must not end what speaks to mpv.
        self.call_later(self._on_player, event)

    def _on_player(self, event: PlayerEvent) -> None:
        match event:
            case KeyPressed(key):
                if (name := key_from_mpv(key)) and self.screen is self.sort_screen:
                    self.sort_screen.press(name, time.monotonic())
            case Playback() if self._play_failed != self.session.current:
                self.playback = event
            case Playing():
                self._play_failed = None
                self.sort_screen.take_back(PLAYER)
            case PlayFailed(path, reason):
                self._play_failed, self.playback = path, None
                self.sort_screen.say(f"{visible(path.name)} does not play: {reason}", trouble=True)
            case PlayerGone(reason):
                self.playback = None
                self.sort_screen.say(f"{reason}; v brings it back", trouble=True, about=PLAYER)
        self.sort_screen.changed(soon=False)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # As text: what stands in brackets is no markup.
            message = Text(f"{type(error).__name__}: {error}")
            self.exit(return_code=ExitCode.ENGINE_FAILED, message=message)


def run_screen(library: Path, config: Config) -> ExitCode:
    """Sort `library` on the screen until the person leaves. Raises TiksortError where that cannot even begin."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError("the screen needs a terminal; without one there is --batch")
    root = open_library(library)
    state = state_dir(root, config.library.state_dir)
    app = SortApp(root, state, config)
    # Textual draws on descriptor 2; whatever a native library writes there must land in the log instead.
    with open(os.dup(2), "w", encoding="utf-8") as terminal, (state / LOG).open("ab") as log:
        original = sys.__stderr__
        sys.__stderr__ = terminal  # type: ignore[misc]
        os.dup2(log.fileno(), 2)
        try:
            app.run()
        finally:
            os.dup2(terminal.fileno(), 2)
            sys.__stderr__ = original  # type: ignore[misc]
    if app.hung_up:
        os._exit(ExitCode.INTERRUPTED)
    return ExitCode.FINE if app.return_code in (0, None) else ExitCode.ENGINE_FAILED
