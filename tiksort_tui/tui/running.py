"""The engine at work behind the screen: starts, cancels and follows its runs, one at a time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tiksort_tui.domain import visible
from tiksort_tui.engine.record import recorded_run
from tiksort_tui.errors import LibraryInUse, TiksortError
from tiksort_tui.library.scan import scan
from tiksort_tui.pipeline.events import (
    EngineRestarted,
    Event,
    Finished,
    NoModel,
    Noticed,
    Predicted,
    RunRequest,
    VideoExtracted,
    VideoFailed,
)

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp

# Clips that the engine is asked to read first: the one on screen and the next ones.
READ_AHEAD = 6
# How often a run that another program does is looked at.
WAIT_SECONDS = 1.0
CANCELLING = "cancelling"


class Runs:
    """The runs of `app`'s engine over its library; its progress is what they tell."""

    def __init__(self, app: SortApp) -> None:
        self._app = app
        self._run: asyncio.Task[None] | None = None

    def toggle(self) -> None:
        """Start a run, or cancel the one that is going on."""
        if self._run is None:
            self._app.progress.start()
            self._run = self._app.start(self._follow())
        else:
            self._app.progress.stage = CANCELLING
            self._app.start(self._app.engine.cancel())
        self._app.sort_screen.changed()

    def want(self) -> None:
        """Have the clip on screen and the next ones read first."""
        self._app.start(self._app.engine.want(self._app.session.upcoming(READ_AHEAD)))

    async def look_again(self) -> None:
        """See what other programs brought and took away, while no filing is half done."""
        app = self._app
        app.session.rescan(await app.moves.in_turn(lambda: scan(app.root, app.config.library, app.state)))
        app.sort_screen.changed()

    async def _follow(self) -> None:
        app = self._app
        request = RunRequest(app.root, app.state, app.config, generation=app.session.generation + 1)
        try:
            await self.look_again()
            self.want()
            while app.progress.stage != CANCELLING:
                try:
                    with recorded_run(app.state) as finished:
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
            app.sort_screen.say(str(error), trouble=True)
        finally:
            self._run = None
            app.progress.stop()
            app.sort_screen.changed()

    def _take(self, event: Event) -> None:
        app, session = self._app, self._app.session
        if app.progress.stage != CANCELLING:
            app.progress.take(event, time.monotonic())
        match event:
            case Predicted(generation, predictions):
                session.apply(generation, predictions)
            case NoModel():
                session.predictions.clear()
            case VideoFailed(path, reason) if path.exists():
                # One that was filed before it was read is no failure.
                session.failures[path] = reason
                app.sort_screen.say(f"{visible(path.name)}: {reason}", trouble=True)
            case VideoExtracted(path, note=note):
                session.failures.pop(path, None)
                app.sort_screen.extracted(path)
                if note:
                    app.sort_screen.say(f"{visible(path.name)}: {note}", trouble=True)
            case Noticed(message):
                app.sort_screen.say(message, trouble=True)
            case EngineRestarted(reason):
                app.sort_screen.say(f"the engine ended ({reason}) and is started again", trouble=True)
        app.sort_screen.changed(soon=False)
