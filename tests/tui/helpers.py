"""What the tests of the screen share: piles of small files, stand-ins for the engine and the player, what is drawn."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock, create_autospec

import pytest
from PIL import Image
from textual.events import Key
from textual.pilot import Pilot

from tiksort_tui.cache import EmbeddingCache
from tiksort_tui.config import Config, with_overrides
from tiksort_tui.domain import FileStamp, MediaInfo, Prediction, Suggestion
from tiksort_tui.library.state import state_dir
from tiksort_tui.pipeline.events import Event, Finished, Predicted, RunRequest, Trained
from tiksort_tui.pipeline.summary import CACHE
from tiksort_tui.player.events import KeyPressed
from tiksort_tui.player.player import Player
from tiksort_tui.report import Promise, Report
from tiksort_tui.tui.app import SortApp
from tiksort_tui.tui.guard import SEEN_SECONDS, FilingGuard
from tiksort_tui.tui.keymap import KeyInMpv, key_named, mpv_name

CONFIG = with_overrides(Config(), encoder__kind="builtin", player__kind="none")
# The engine gives way to all else, also to three other tests.
DEADLINE = 60.0


def pile(root: Path, clips: Sequence[str], folders: Sequence[str] = ("cats", "dogs")) -> Path:
    """A library of files that only look like clips; each holds its own name."""
    for folder in folders:
        (root / folder).mkdir(parents=True)
    for clip in clips:
        (root / clip).write_text(clip)
    return root


def where(root: Path) -> dict[str, str]:
    """Where each clip lies, by what it holds."""
    return {path.read_text(): str(path.relative_to(root)) for path in root.rglob("*.mp4")}


def remember_pictures(
    root: Path, clip: str, colour: str, shape: tuple[int, int] = (90, 160), jpeg: bytes = b""
) -> None:
    """Have the cache know five pictures of `clip`, or instead of such a `jpeg` another five times."""
    drawn = io.BytesIO()
    Image.new("RGB", shape, colour).save(drawn, "JPEG")
    cache = EmbeddingCache(state_dir(root) / CACHE)
    cache.remember_ids({FileStamp.of((root / clip).lstat()): clip})
    cache.put(clip, MediaInfo(1.0, *shape, "h264", None), {}, {}, [jpeg or drawn.getvalue()] * 5)
    cache.close()


def predicted(root: Path, generation: int = 1, **folders: Sequence[tuple[str, float]]) -> Predicted:
    """The model's word on some clips, named without their suffix."""
    one = [
        Prediction(root / f"{clip}.mp4", tuple(Suggestion(folder, confidence) for folder, confidence in best))
        for clip, best in folders.items()
    ]
    return Predicted(generation, tuple(one))


def trained(accuracy: float | None = 0.9, labelled: int = 213, promise: float | None = 0.93) -> Trained:
    """A model that is so often right, and that may file by itself what it is at least so sure of."""
    report = Report(
        "logistic", {}, labelled, labelled, folders=(), candidates=(), accuracy=accuracy, log_loss=None,
        calibration_error=None, reliability=(), confusion=(), promise=Promise(0.98, promise, 0.61, 40, None),
        misfilings=(), modalities=(), temperature=1.0, text_weight=0.0, notes=(),
    )  # fmt: skip
    return Trained(report)


class StandInEngine:
    """Tells what it is given to tell, raises the errors in it, and otherwise goes on with its run until cancelled."""

    def __init__(self, *answers: Event | Exception) -> None:
        self.requests: list[RunRequest] = []
        self.wanted: list[tuple[Path, ...]] = []
        self.cancels = 0
        self.learned = 0
        self.closed = False
        self._answers: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        self.tell(*answers)

    def tell(self, *answers: Event | Exception | None) -> None:
        for answer in answers:
            self._answers.put_nowait(answer)

    async def run(self, request: RunRequest) -> AsyncIterator[Event]:
        if request.only_learn:
            self.learned += 1
            return
        self.requests.append(request)
        while (answer := await self._answers.get()) is not None:
            if isinstance(answer, Exception):
                raise answer
            yield answer
            if isinstance(answer, Finished):
                return

    async def want(self, paths: Sequence[Path]) -> None:
        self.wanted.append(tuple(paths))

    async def learn(self) -> None:
        self.learned += 1

    async def cancel(self) -> None:
        self.cancels += 1
        self.tell(None)

    async def close(self) -> None:
        self.closed = True


def recording_player() -> Mock:
    """A player that only writes down what it is asked."""
    player: Mock = create_autospec(Player, instance=True, spec_set=True)
    player.describe.return_value = "mpv"
    return player


def asked(player: Mock) -> list[tuple[Any, ...]]:
    """What the player was asked to do, each with its arguments."""
    apart = ("describe", "show", "listen_to")
    return [(name, *arguments) for name, arguments, _ in player.mock_calls if name not in apart]


def shown_in_mpv(player: Mock) -> str:
    """The text that was shown last over the clip."""
    return str(player.show.call_args[0][0]) if player.show.called else ""


async def in_mpv(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, by Textual's names, in mpv's window; each must be one that it is asked to tell just then."""
    app = pilot.app
    assert isinstance(app, SortApp)
    for key in keys:
        on_top = app.screen is not app.sort_screen
        assert mpv_name(key) in (app.keymap.mpv_typed_keys if on_top else app.keymap.mpv_keys)
        app._on_player(KeyPressed(mpv_name(key)))
        await pilot.pause()


def in_mpv_calmly(pilot: Pilot[None], *keys: str) -> None:
    """The same when what is shown has been seen, each a while after the other: keys in a burst come from no finger."""
    later = time.monotonic() + SEEN_SECONDS
    for after, key in enumerate(keys):
        pressed = KeyInMpv(key, None)
        pressed.time = later + after * 0.2
        pilot.app.post_message(pressed)


def burst(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, by Textual's names or by what they type, without waiting for what comes of one before the next."""
    for key in keys:
        pilot.app.post_message(Key(key_named(key), key if len(key) == 1 else None))


async def typed(pilot: Pilot[None], *keys: str) -> None:
    """Press keys like `burst`, and wait for what comes of them all: much faster than to wait for each."""
    burst(pilot, *keys)
    await pilot.pause()


@asynccontextmanager
async def sorting(
    root: Path,
    engine: StandInEngine | None = None,
    player: Mock | None = None,
    size: tuple[int, int] = (120, 36),
    guarded: bool = False,
    config: Config = CONFIG,
) -> AsyncIterator[Pilot[None]]:
    """The screen over the library `root`. Unless it is `guarded`, keys count however fast they come."""
    with pytest.MonkeyPatch.context() as patch:
        # Whatever terminal the tests are run in.
        patch.setenv("COLORTERM", "truecolor")
        patch.setenv("TERM", "xterm-256color")
        patch.delenv("NO_COLOR", raising=False)
        app = SortApp(root, state_dir(root), config)
        app.engine = engine or StandInEngine()
        app.player = player or app.player
        if not guarded:
            patch.setattr(FilingGuard, "allows", lambda *_, **__: True)
        async with app.run_test(size=size) as pilot:
            await until(lambda: app.screen is app.sort_screen)
            await pilot.pause()
            yield pilot
    assert not app.return_code, app._exit_renderables


async def until(condition: Callable[[], Any]) -> None:
    """Wait for what must come true."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.01)


async def until_redrawn(pilot: Pilot[None], condition: Callable[[], Any]) -> None:
    """Wait for what must come true, and until the screen has been drawn after it."""
    await until(condition)
    drawings: list[None] = []
    pilot.app.sort_screen.changed()
    pilot.app.sort_screen.call_after_refresh(drawings.append, None)
    await until(lambda: drawings)


async def until_shown(pilot: Pilot[None], *texts: str) -> None:
    """Wait until these stand on the screen."""
    deadline = time.monotonic() + DEADLINE
    while missing := [text for text in texts if text not in drawn(pilot)]:
        assert time.monotonic() < deadline, f"{missing} not in\n{drawn(pilot)}"
        await asyncio.sleep(0.01)


def drawn(pilot: Pilot[None]) -> str:
    """The whole screen as it is drawn, without its colours."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


def panel(pilot: Pilot[None], name: str) -> str:
    """What one panel of the sorting screen holds."""
    return pilot.app.sort_screen.query_one(f"#{name}").render().plain


def queue(pilot: Pilot[None]) -> str:
    """The clips' names without their suffix, the one on screen in brackets."""
    session = pilot.app.session
    return " ".join(f"[{clip.stem}]" if clip == session.current else clip.stem for clip in session.queue)
