"""The program around the sorting screen: it holds the session, the engine, the player and the filer, and ends them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
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
from tiksort_tui.engine.record import recorded_run
from tiksort_tui.errors import EncoderError, ExitCode, MoveError, TiksortError
from tiksort_tui.library.moves import Retraced
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import LOG, open_library, state_dir
from tiksort_tui.pipeline.events import EngineRestarted, Event, Predicted, RunRequest, VideoExtracted, VideoFailed
from tiksort_tui.pipeline.summary import fingerprint, load_summary
from tiksort_tui.player.events import KeyPressed, Playback, PlayerEvent, PlayerGone, PlayFailed
from tiksort_tui.player.player import Player
from tiksort_tui.session import FilingRequest, Session
from tiksort_tui.tui.details import DetailsReader
from tiksort_tui.tui.filing import Filer
from tiksort_tui.tui.keymap import MPV_KEYS, key_from_mpv
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.screens.sort import SortScreen

PLAYER_LOG = "mpv.log"
# Clips that the engine is asked to read first: the one on screen and the next ones.
READ_AHEAD = 6
# The name of the tasks that move files or make folders: they are never cut short.
FILING = "filing"


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
        self._engine_run: asyncio.Task[None] | None = None
        self.session = self._open_session()
        self.filer = Filer(root, state, config.library)
        self.details = DetailsReader(state)
        self.engine = Engine(state / LOG)
        self.player = Player(config.player, state / PLAYER_LOG, MPV_KEYS, self._on_player)
        self.sort_screen = SortScreen()

    async def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: self.start(self.leave()))
        await self.push_screen(self.sort_screen)
        self.start(self._reconcile())
        if not self._unchanged:
            self.toggle_run()

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

    async def action_quit(self) -> None:
        await self.leave()

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

    def toggle_run(self) -> None:
        """Start a run of the engine, or cancel the one that is going on."""
        if self._engine_run is None:
            self.progress.start()
            self._engine_run = self.start(self._run())
        else:
            self.progress.stage = "cancelling"
            self.start(self.engine.cancel())
        self.sort_screen.changed()

    def want(self) -> None:
        """Have the engine read the clip on screen and the next ones first."""
        self.start(self.engine.want(self.session.upcoming(READ_AHEAD)))

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
            self.sort_screen.say(str(error), trouble=True)
            return
        self.session.add_folder(name)
        key = next((folder.key for folder in self.session.folders if folder.name == name), None)
        self.sort_screen.say(f"New folder {visible(name)}" + (f", key {key}" if key else ""))
        self.sort_screen.changed()

    async def _run(self) -> None:
        request = RunRequest(self.root, self.state, self.config, generation=self.session.generation + 1)
        self.want()
        try:
            with recorded_run(self.state):
                async for event in self.engine.run(request):
                    self._take(event)
        except TiksortError as error:
            self.sort_screen.say(str(error), trouble=True)
        finally:
            self._engine_run = None
            self.progress.stop()
            self.sort_screen.changed()

    def _take(self, event: Event) -> None:
        self.progress.take(event, time.monotonic())
        match event:
            case Predicted(generation, predictions):
                self.session.apply(generation, predictions)
            case VideoFailed(path, reason):
                self.session.failures[path] = reason
            case VideoExtracted(path, note=note):
                self.session.failures.pop(path, None)
                self.sort_screen.extracted(path)
                if note:
                    self.sort_screen.say(f"{visible(path.name)}: {note}", trouble=True)
            case EngineRestarted(reason):
                self.sort_screen.say(f"the engine ended ({reason}) and is started again", trouble=True)
        self.sort_screen.changed(soon=False)

    def _on_player(self, event: PlayerEvent) -> None:
        match event:
            case KeyPressed(key):
                if (name := key_from_mpv(key)) and self.screen is self.sort_screen:
                    self.sort_screen.press(name)
            case Playback():
                self.playback = event
            case PlayFailed(path, reason):
                self.sort_screen.say(f"{visible(path.name)} does not play: {reason}", trouble=True)
            case PlayerGone(reason):
                self.playback = None
                self.sort_screen.say(f"{reason}; v brings it back", trouble=True)
        self.sort_screen.changed(soon=False)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # As text: what stands in brackets is no markup.
            message = Text(f"{type(error).__name__}: {error}")
            self.exit(return_code=ExitCode.ENGINE_FAILED, message=message)


def run_screen(library: Path, config: Config) -> ExitCode:
    """Sort `library` on the screen until the person leaves. Raises TiksortError where that cannot even begin."""
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
    return ExitCode.FINE if app.return_code in (0, None) else ExitCode.ENGINE_FAILED
