"""The engine process: real, with real clips; whatever befalls it, only the clip at fault is lost to the run."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from tiksort_tui.config import Config, with_overrides
from tiksort_tui.engine import client
from tiksort_tui.engine.client import WORKER, Engine
from tiksort_tui.errors import EncoderError, EngineError, TiksortError
from tiksort_tui.library.state import state_dir
from tiksort_tui.pipeline.events import (
    EngineRestarted,
    ExtractionStarted,
    Finished,
    NoModel,
    Predicted,
    RunRequest,
    Scanned,
    Trained,
    VideoExtracted,
    VideoFailed,
)

FAULTY = (sys.executable, str(Path(__file__).parents[1] / "faulty_worker.py"))
CONFIG = with_overrides(Config(), encoder__kind="builtin", extraction__workers=2)


@pytest.fixture
def request_(library):
    return RunRequest(library, state_dir(library), CONFIG)


@pytest.fixture
async def engine(request_):
    engine = Engine(request_.state / "log", FAULTY)
    yield engine
    await engine.close()


async def events(engine, request):
    return [event async for event in engine.run(request)]


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def predicted(events):
    all_of_them = [prediction for event in of(Predicted, events) for prediction in event.predictions]
    return {prediction.path.name: prediction.folder for prediction in all_of_them}


async def test_a_run_learns_and_predicts_and_the_next_ones_read_nothing_anew(engine, request_):
    first = await events(engine, request_)
    assert of(Scanned, first) == [Scanned(("dots", "waves"), 6, 4, 0, 10)]
    assert len(of(VideoExtracted, first)) == 10
    assert predicted(first) == {name: name.split()[2][:-4] for name in predicted(first)}
    assert len(predicted(first)) == 4
    assert isinstance(first[-1], Finished)

    pid = engine.pid
    second = await events(engine, replace(request_, generation=2))
    assert engine.pid == pid
    assert (of(VideoExtracted, second), second[-1]) == ([], Finished(0, 10))
    # The old model speaks at once, the new one after it.
    assert [event.generation for event in of(Predicted, second)] == [0, 2]

    root = request_.library
    (root / "new 0 dots.mp4").rename(root / "dots" / "new 0 dots.mp4")
    (root / "new 2 waves.mp4").rename(root / "another name.mp4")
    third = await events(engine, replace(request_, generation=3))
    assert of(Scanned, third) == [Scanned(("dots", "waves"), 7, 3, 10, 0)]


async def test_the_clip_on_screen_is_read_first(engine, request_):
    last = request_.library / "new 3 waves.mp4"
    request = replace(request_, config=with_overrides(CONFIG, extraction__workers=1))
    # Said while there is no process yet.
    await engine.want([last])
    started = [event.path for event in of(ExtractionStarted, await events(engine, request))]
    assert started[0] == last
    assert len(started) == 10


async def test_a_file_that_kills_the_engine_costs_that_file_only(engine, request_):
    shutil.copy(request_.library / "dots" / "dots 1.mp4", request_.library / "dots" / "kills.mp4")
    with (request_.library / "dots" / "kills.mp4").open("ab") as file:
        file.write(b"another content")
    seen = await events(engine, request_)
    assert {(event.path.name, event.reason) for event in of(VideoFailed, seen)} == {
        ("kills.mp4", "reading it ends the engine (SIGKILL)")
    }
    assert len(of(EngineRestarted, seen)) == 2
    assert len(predicted(seen)) == 4

    # It is remembered, and tried again when asked to.
    seen = await events(engine, request_)
    assert [event.path.name for event in of(VideoFailed, seen)] == ["kills.mp4"]
    assert not of(EngineRestarted, seen)
    (request_.library / "dots" / "kills.mp4").rename(request_.library / "dots" / "mended.mp4")
    seen = await events(engine, replace(request_, retry=True))
    assert [event.path.name for event in of(VideoExtracted, seen)] == ["mended.mp4"]


async def test_a_file_that_freezes_the_engine_costs_that_file_only(engine, request_, monkeypatch):
    (request_.library / "new 0 dots.mp4").rename(request_.library / "freezes.mp4")
    seen = []
    async for event in engine.run(request_):
        seen.append(event)
        # Only while clips are read: to import torch may take longer.
        silence = 3.0 if isinstance(event, ExtractionStarted | VideoExtracted) else 60.0
        monkeypatch.setattr(client, "SILENCE_SECONDS", silence)
    failed = {(event.path.name, event.reason) for event in of(VideoFailed, seen)}
    assert failed == {("freezes.mp4", "reading it ends the engine (no sign of life for 3 s)")}
    assert len(predicted(seen)) == 3


async def test_many_files_that_hang_cost_those_files_only(engine, request_):
    # As many as the engine may end in a row where no file is to blame.
    hanging = sorted(request_.library.glob("*.mp4"))[: client.DEATHS_AT_REST]
    for clip in hanging:
        clip.rename(clip.with_name(f"hangs {clip.name}"))
    config = with_overrides(CONFIG, extraction__file_timeout_seconds=2)
    seen = await events(engine, replace(request_, config=config))
    failed = {(event.path.name, event.reason) for event in of(VideoFailed, seen)}
    assert failed == {(f"hangs {clip.name}", "reading it took longer than 2 s") for clip in hanging}
    assert len(of(VideoExtracted, seen)) == 7
    assert len(predicted(seen)) == 1
    assert of(Finished, seen)


async def test_an_engine_that_is_killed_goes_on_where_it_was(engine, request_):
    for clip in request_.library.glob("*/*.mp4"):
        clip.rename(clip.with_name(f"slow {clip.name}"))
    seen = []
    async for event in engine.run(request_):
        seen.append(event)
        if len(of(VideoExtracted, seen)) == 3 and not of(EngineRestarted, seen) and engine.pid:
            os.kill(engine.pid, signal.SIGKILL)
    assert len(of(EngineRestarted, seen)) == 1
    assert of(VideoFailed, seen) == []
    assert of(Scanned, seen)[1].cached >= 3
    assert len(predicted(seen)) == 4


async def test_cancelling_ends_between_clips_and_keeps_what_is_done(engine, request_):
    for clip in request_.library.glob("*/*.mp4"):
        clip.rename(clip.with_name(f"slow {clip.name}"))
    seen = []
    async for event in engine.run(request_):
        seen.append(event)
        if isinstance(event, VideoExtracted):
            await engine.cancel()
    assert not of(Finished, seen)
    done = len(of(VideoExtracted, seen))
    assert 1 <= done < 10
    again = await events(engine, request_)
    assert of(Scanned, again)[0].cached >= done
    assert of(Finished, again)


async def test_cancelling_at_the_very_end_does_not_touch_the_next_run(engine, request_):
    async for event in engine.run(request_):
        if isinstance(event, Finished):
            await engine.cancel()
    seen = await events(engine, replace(request_, generation=5))
    assert [event.generation for event in of(Predicted, seen)] == [0, 5]
    assert of(Finished, seen)


async def test_cancelling_before_the_process_is_there_cancels(engine, request_):
    run = asyncio.create_task(events(engine, request_))
    await asyncio.sleep(0)
    await engine.cancel()
    assert not of(Finished, await run)


async def test_what_libraries_print_does_not_reach_the_pipe(engine, request_):
    (request_.library / "new 0 dots.mp4").rename(request_.library / "prints.mp4")
    assert of(Finished, await events(engine, request_))
    assert b"a native library speaks" in (request_.state / "log").read_bytes()


async def test_an_engine_that_cannot_start_says_where_to_look(request_, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "BACK_OFF_SECONDS", 0.0)
    engine = Engine(tmp_path / "log", (sys.executable, "-c", "raise SystemExit('no torch')"))
    with pytest.raises(EngineError, match=r"ended 3 times \(exit code 1\); its log is .*log"):
        await events(engine, request_)
    assert "no torch" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(("code", "told"), [(3, "exit code 3"), (-9, "SIGKILL"), (-40, "signal 40")])
def test_how_the_engine_ended_is_told_for_every_signal(code, told):
    assert client._how_it_ended(code) == told


async def test_what_trying_again_does_not_mend_is_raised_with_its_exit_code(engine, request_):
    config = with_overrides(CONFIG, encoder__kind="clip", encoder__clip_weights="/nowhere")
    with pytest.raises(TiksortError, match="/nowhere") as caught:
        await events(engine, replace(request_, config=config))
    assert caught.value.exit_code == EncoderError.exit_code


@pytest.mark.parametrize(
    ("leave", "reason"),
    [((), "folder"), (("dots",), "dots")],
)
async def test_too_little_to_learn_from_is_one_plain_sentence(engine, request_, leave, reason):
    for folder in ("dots", "waves"):
        if folder not in leave:
            shutil.rmtree(request_.library / folder)
    seen = await events(engine, request_)
    assert reason in of(NoModel, seen)[0].reason
    assert (predicted(seen), of(Trained, seen)) == ({}, [])
    assert of(Finished, seen)


async def test_a_library_without_clips_is_fine(engine, tmp_path):
    root = tmp_path / "empty"
    root.mkdir()
    seen = await events(engine, RunRequest(root, state_dir(root), CONFIG))
    assert of(Finished, seen) == [Finished(0, 0)]


def test_the_engine_ends_with_whoever_started_it(request_):
    process = subprocess.Popen(WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.readline()
    process.stdin.close()
    assert process.wait(timeout=30) == 0
    process.stdout.close()


def test_an_engine_that_is_spoken_to_in_riddles_ends(request_):
    process = subprocess.Popen(WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdin.write(b'{"type": "Riddle"}\n')
    process.stdin.flush()
    assert process.wait(timeout=30) == 1
    process.stdin.close()
    process.stdout.close()


async def test_leaving_the_run_half_way_leaves_a_usable_engine_and_cache(engine, request_):
    async with aclosing(engine.run(request_)) as run:
        async for event in run:
            if isinstance(event, VideoExtracted):
                break
    await engine.close()
    again = await events(engine, request_)
    assert of(Scanned, again)[0].cached >= 1
    assert of(Finished, again)
