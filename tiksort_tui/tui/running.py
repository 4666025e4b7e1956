"""The engine at work behind the screen: starts, cancels and follows its runs, one at a time."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tiksort_tui.domain import visible
from tiksort_tui.engine.record import recorded_run
from tiksort_tui.errors import LibraryInUse, TiksortError
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import state_dir
from tiksort_tui.pipeline.events import (
    EngineRestarted,
    Event,
    Finished,
    NoModel,
    Noticed,
    Predicted,
    RunRequest,
    Scanned,
    VideoExtracted,
    VideoFailed,
)
from tiksort_tui.pipeline.summary import CACHE
from tiksort_tui.tui.progress import CANCELLING

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp

# Clips that the engine is asked to read first: the one on screen and the next ones.
READ_AHEAD = 6
# How often a run that another program does is looked at.
WAIT_SECONDS = 1.0
# Who files in a quick row is not overtaken by what each filing teaches.
TAUGHT_SECONDS = 0.3


class Runs:
    """The runs of `app`'s engine over its library; its progress is what they tell."""

    def __init__(self, app: SortApp) -> None:
        self._app = app
        self._run: asyncio.Task[None] | None = None
        self._again = False
        self._only_learns = False
        self._taught: asyncio.TimerHandle | None = None
        self._taught_late = False
        self.unfinished: frozenset[Path] = frozenset()
        """Files in the library's root that are still being written: no clips yet."""

    def toggle(self) -> None:
        """Start a run, or cancel the one that is going on."""
        if self._run is None:
            self._begin()
        elif self._only_learns:
            # That takes a moment, and is no run that anybody has asked for.
            self._again = True
        else:
            self._again = False
            self._app.progress.stage = CANCELLING
            self._app.start(self._app.engine.cancel())
        self._app.sort_screen.changed()

    def taught(self) -> None:
        """Clips were filed or taken back: have the model learn from that, as soon as no more are for a moment."""
        if self._taught is not None:
            self._taught.cancel()
        if self._app.can_learn:
            self._taught = asyncio.get_running_loop().call_later(TAUGHT_SECONDS, self._learn)

    def close(self) -> None:
        """Begin nothing any more."""
        self._app.can_learn = False
        if self._taught is not None:
            self._taught.cancel()

    def _learn(self) -> None:
        self._taught = None
        if self._run is None:
            # Where what was read has been deleted meanwhile, all is read again.
            there_was_more = self._app.progress.model and not os.path.exists(self._app.state / CACHE)
            self._begin(only_learn=not there_was_more)
        elif self._only_learns:
            self.taught()
        else:
            # The run hears it between two clips; where none is left to be read, it is made up for.
            self._taught_late = True
            self._app.start(self._app.engine.learn())

    def _begin(self, only_learn: bool = False) -> None:
        self._app.progress.start()
        self._only_learns = only_learn
        self._run = self._app.start(self._learn_only() if only_learn else self._follow())

    def _read_new(self) -> None:
        """Have clips read that have just come: by a run, which begins when the one that is going on has ended."""
        if self._run is None:
            self.toggle()
        else:
            self._again = True

    def want(self) -> None:
        """Have the clip on screen and the next ones read first."""
        self._app.start(self._app.engine.want(self._app.session.upcoming(READ_AHEAD)))

    async def look_again(self) -> None:
        """See what other programs brought and took away, and have new clips read. Raises LibraryError."""
        folders = self._folders()
        if await self._look():
            self._read_new()
        elif folders != self._folders():
            # What is suggested goes by the folders that there are.
            self.taught()

    def _folders(self) -> set[str]:
        return {folder.name for folder in self._app.session.folders}

    async def _look(self) -> list[Path]:
        """List the library while no filing is half done; returns the clips that are new or have changed."""
        app, session = self._app, self._app.session
        found = await app.moves.in_turn(lambda: scan(app.root, app.config.library, app.state))
        on_screen, unfinished = session.current, self.unfinished.difference(session.unsorted)
        folders = self._folders()
        videos = tuple(video for video in found.videos if video.path not in unfinished) if unfinished else found.videos
        changed = session.rescan(replace(found, videos=videos))
        if on_screen and on_screen not in session.unsorted:
            app.sort_screen.tell(f"{visible(on_screen.name)} is no longer here: another program took it")
        elif on_screen in changed:
            app.sort_screen.replaced()
        elif gone := sorted(folders - self._folders()):
            # It may have another name now.
            new = [f"new here: {visible(name)}" for name in sorted(self._folders() - folders)]
            names = ", ".join(map(visible, gone))
            app.sort_screen.tell("; ".join([f"No longer a folder here, another program took it: {names}", *new]))
        app.sort_screen.changed()
        return changed

    async def _follow(self) -> None:
        app, session = self._app, self._app.session
        request = RunRequest(app.root, app.state, app.config, generation=session.generation + 1)
        try:
            # Whoever has deleted it gets it again.
            state_dir(app.root, app.config.library.state_dir)
            await self._look()
            session.run_begins()
            self.want()
            while app.progress.stage != CANCELLING:
                try:
                    with recorded_run(app.state, patience=0) as finished:
                        async for event in app.engine.run(request):
                            self._take(event)
                            if isinstance(event, Finished):
                                finished()
                    break
                except LibraryInUse:
                    # Its results are in the cache when it is over, and this run is quick then.
                    app.progress.stage = "waiting for another run"
                    await asyncio.sleep(WAIT_SECONDS)
        except TiksortError as error:
            self._failed(error)
        finally:
            self._end()
        # Not after an exception: then the screen ends.
        self._go_on()

    async def _learn_only(self) -> None:
        app = self._app
        request = RunRequest(app.root, app.state, app.config, generation=app.session.generation + 1, only_learn=True)
        app.session.run_begins()
        try:
            async for event in app.engine.run(request):
                self._take(event)
        except TiksortError as error:
            self._failed(error)
        finally:
            self._end()
        self._go_on()

    def _failed(self, error: TiksortError) -> None:
        self._app.progress.failed = str(error)
        self._app.sort_screen.tell(str(error))

    def _end(self) -> None:
        self._run = None
        self._app.progress.stop()
        self._app.sort_screen.changed()

    def _go_on(self) -> None:
        if self._again:
            self._again = False
            self.toggle()
        elif self._taught_late:
            self._taught_late = False
            self.taught()

    def _take(self, event: Event) -> None:
        app, session = self._app, self._app.session
        if app.progress.stage != CANCELLING:
            app.progress.take(event, time.monotonic())
        match event:
            case Scanned():
                app.sort_screen.identified()
            case Predicted(generation, predictions):
                session.apply(generation, predictions)
            case NoModel():
                session.no_predictions()
            case VideoFailed(path, reason) if os.path.lexists(path):
                # One that was filed before it was read is no failure. Each run tells of all: it is said once.
                if session.failures.get(path) != reason:
                    app.sort_screen.tell(f"{visible(path.name)}: {reason}", about=str(path))
                session.read(path, failure=reason)
            case VideoExtracted(path, note=note):
                session.read(path)
                # It may have been there by half before.
                app.sort_screen.take_back(str(path))
                app.sort_screen.extracted(path)
                if note:
                    app.sort_screen.tell(f"{visible(path.name)}: {note}")
            case Noticed(message):
                app.sort_screen.tell(message)
            case EngineRestarted(reason):
                app.sort_screen.tell(f"The engine ended ({reason}) and is started again")
        app.sort_screen.changed(soon=False)
