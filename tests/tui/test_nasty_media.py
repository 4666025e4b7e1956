"""Broken, odd and rare videos on the screen: each is shown with its pictures or with why there are none.

A fifth of them; with TIKSORT_TEST_EXHAUSTIVE=1 all.
"""

import asyncio
import hashlib
import os
import shutil

import pytest

from tests.conftest import need_tool
from tests.tui.helpers import CONFIG, drawn, sorting, until, until_shown
from tests.tui.test_hostile_names import assert_harmless, press
from tests.tui.test_views import misplaced
from tests.x11 import mpv_home, x_server
from tiksort_tui.config import with_overrides
from tiksort_tui.engine.client import Engine
from tiksort_tui.library.state import LOG, state_dir
from tiksort_tui.player.events import PlayerGone, PlayFailed, Playing
from tiksort_tui.tui.app import SortApp
from tiksort_tui.tui.views.text import file_size

# For the reading of them all.
PATIENCE = 120.0
EVERY = 1 if os.environ.get("TIKSORT_TEST_EXHAUSTIVE") == "1" else 5


def tree(root):
    return {
        str(path.relative_to(root)): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and ".tiksort" not in path.parts
    }


@pytest.fixture
def nasty(shared_media, library):
    """Nasty files under their own names, beside two folders of clips."""
    for path in library.glob("*.mp4"):
        path.unlink()
    for path in sorted((shared_media / "nasty").iterdir())[::EVERY]:
        shutil.copyfile(path, library / path.name)
    return library


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What a real mpv, with a window of its own, tells the screen."""
    need_tool("mpv")
    told = []
    hear = SortApp._hear_player

    def hear_and_note(app, event):
        told.append(event)
        hear(app, event)

    monkeypatch.setattr(SortApp, "_hear_player", hear_and_note)
    with x_server() as display:
        for name, value in mpv_home(tmp_path, display).items():
            monkeypatch.setenv(name, value)
        yield told


async def test_each_is_shown_played_filed_and_taken_back(nasty, told):
    before = tree(nasty)
    plays, plays_not = set(), set()
    config = with_overrides(CONFIG, player__kind="auto")
    async with sorting(nasty, Engine(state_dir(nasty) / LOG), size=(80, 24), config=config) as pilot:
        session = pilot.app.session
        clips = list(session.queue)
        assert len(clips) == len([name for name in before if "/" not in name])
        async with asyncio.timeout(PATIENCE):
            while pilot.app.progress.stage:
                await asyncio.sleep(0.05)
        for clip in clips:
            assert session.current == clip

            def of_clip(event, clip=clip):
                return isinstance(event, Playing | PlayFailed) and event.path == clip

            await until(lambda of_clip=of_clip: any(map(of_clip, told)))
            last = next(filter(of_clip, reversed(told)))
            (plays if isinstance(last, Playing) else plays_not).add(clip)
            if isinstance(last, PlayFailed):
                await until_shown(pilot, "does not play: mpv: ")
            if clip in session.failures:
                await until_shown(pilot, "This clip cannot be read")
            else:
                await until_shown(pilot, "Enter", file_size(clip.stat().st_size))
            assert_harmless(drawn(pilot))
            await until(lambda: list(misplaced(pilot)) == [])
            press(pilot, "j")
            await until(lambda clip=clip: session.current != clip or clip == clips[-1])
        assert session.failures.keys() < set(clips)
        assert plays
        assert plays_not
        while session.queue:
            clip = session.current
            press(pilot, "1")
            await until(lambda clip=clip: clip not in session.queue and not session._in_flight)
        await until_shown(pilot, "All sorted")
        assert not [name for name in tree(nasty) if "/" not in name]
        for number in range(len(clips)):
            press(pilot, "u")
            await until(lambda number=number: len(session.queue) == number + 1)
    assert tree(nasty) == before
    assert not [event for event in told if isinstance(event, PlayerGone)]
