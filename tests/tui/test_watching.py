"""What other programs do in the library's root while the screen is open: the queue follows by itself."""

import asyncio
import os
import shutil
import threading
from unittest.mock import Mock, patch

import pytest

from tests.tui.helpers import (
    StandInEngine,
    asked,
    panel,
    pile,
    predicted,
    queue,
    recording_player,
    sorting,
    until,
    until_shown,
    where,
)
from tiksort_tui.domain import FileStamp
from tiksort_tui.pipeline.events import Finished
from tiksort_tui.tui import guard, running, watching
from tiksort_tui.tui.watching import STILL_SECONDS, Arrivals

STILL = 0.3


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Less patience, for the tests' sake."""
    monkeypatch.setattr(watching, "STILL_SECONDS", STILL)
    monkeypatch.setattr(watching, "LOOK_MS", 50)
    monkeypatch.setattr(watching, "PAUSE_MS", 20)


async def until_watched(pilot):
    """Wait until the screen sees what happens in the root: a new folder."""
    app = pilot.app
    await until(lambda: not app.progress.stage)
    await until(lambda: any(thread.name.startswith("watching") for thread in threading.enumerate()))
    (app.root / "watched").mkdir()
    await until(lambda: "watched" in [folder.name for folder in app.session.folders])


def idle():
    return StandInEngine(Finished(0, 0))


async def test_a_new_download_joins_the_queue_and_is_read(tmp_path):
    engine, player = idle(), recording_player()
    async with sorting(pile(tmp_path, ["b.mp4", "c.mp4"]), engine, player) as pilot:
        await until_watched(pilot)
        calls, runs = asked(player), len(engine.requests)
        engine.tell(predicted(tmp_path, 9, a=[("cats", 0.9)]), Finished(1, 2))
        (tmp_path / "a.mp4").write_text("a.mp4")
        await until_shown(pilot, "3 / 3 remaining", "a.mp4", "90 %")
        assert queue(pilot) == "[b] c a"
        assert len(engine.requests) == runs + 1
        assert asked(player) == calls


async def test_a_clip_that_is_replaced_while_it_is_on_screen_is_played_and_must_be_seen_anew(tmp_path, monkeypatch):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), idle(), player, guarded=True) as pilot:
        await until_watched(pilot)
        plays = asked(player).count(("play", tmp_path / "a.mp4"))
        # So long that nobody has seen it when the key comes.
        monkeypatch.setattr(guard, "SEEN_SECONDS", 30.0)
        (tmp_path / "a.mp4").write_text("another content")
        await until_shown(pilot, "a.mp4 has changed, and is shown anew")
        assert asked(player).count(("play", tmp_path / "a.mp4")) == plays + 1
        await pilot.press("1")
        assert queue(pilot) == "[a] b"


async def test_a_download_under_way_waits_until_it_is_whole(tmp_path, monkeypatch):
    # It is not still before the test says so, however long that takes.
    monkeypatch.setattr(watching, "STILL_SECONDS", 600.0)
    engine = idle()
    async with sorting(pile(tmp_path, ["b.mp4"]), engine) as pilot:
        await until_watched(pilot)
        (tmp_path / "c.mp4.part").write_text("a part")
        (tmp_path / "d.tmp").write_text("another")
        # A browser keeps the name, and writes into the other.
        (tmp_path / "c.mp4").touch()
        with (tmp_path / "a.mp4").open("w") as growing:
            for _ in range(3):
                growing.write("more")
                growing.flush()
                await until(lambda: {tmp_path / "a.mp4", tmp_path / "c.mp4"} <= pilot.app.runs.unfinished)
                # Neither does a listing for another reason take them in.
                engine.tell(Finished(0, 0))
                requests = len(engine.requests)
                await pilot.press("r")
                await until(lambda n=requests: len(engine.requests) > n and not pilot.app.progress.stage)
                assert queue(pilot) == "[b]"
        monkeypatch.setattr(watching, "STILL_SECONDS", STILL)
        await until(lambda: queue(pilot) == "[b] a")
        (tmp_path / "c.mp4.part").replace(tmp_path / "c.mp4")
        await until(lambda: queue(pilot) == "[b] a c")


async def test_a_file_that_is_taken_elsewhere_leaves_the_queue(tmp_path):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"]), idle(), player) as pilot:
        await until_watched(pilot)
        calls = asked(player)
        (tmp_path / "b.mp4").rename(tmp_path / "cats" / "b.mp4")
        await until_shown(pilot, "2 / 2 remaining")
        assert queue(pilot) == "[a] c"
        assert asked(player) == calls
        assert {folder.name: folder.count for folder in pilot.app.session.folders}["cats"] == 1


async def test_the_clip_on_screen_that_goes_leaves_with_a_word(tmp_path):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), idle(), player) as pilot:
        await until_watched(pilot)
        (tmp_path / "a.mp4").unlink()
        await until_shown(pilot, "a.mp4 is no longer here: another program took it")
        assert queue(pilot) == "[b]"
        assert asked(player)[-1] == ("play", tmp_path / "b.mp4")
        (tmp_path / "b.mp4").unlink()
        await until_shown(pilot, "b.mp4 is no longer here")
        assert queue(pilot) == ""
        assert asked(player)[-1] == ("stop",)


async def test_a_clip_that_is_given_another_name_comes_in_under_that(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), idle()) as pilot:
        await until_watched(pilot)
        (tmp_path / "b.mp4").rename(tmp_path / "z.mp4")
        await until(lambda: queue(pilot) == "[a] z")


async def test_a_folder_that_goes_takes_its_key_along_and_the_model_learns_of_it(tmp_path):
    engine = StandInEngine(predicted(tmp_path, a=[("dogs", 0.9)]), Finished(0, 0))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"], ["birds", "cats", "dogs"]), engine) as pilot:
        await until_watched(pilot)
        learned = engine.learned
        (tmp_path / "dogs").rename(tmp_path.parent / "dogs elsewhere")
        await until_shown(pilot, "No longer a folder here, another program took it: dogs")
        await until(lambda: engine.learned == learned + 1)
        await pilot.press("3")
        await until_shown(pilot, "No folder has the key 3")
        await pilot.press("enter")
        await until_shown(pilot, "There is no folder dogs any more: n makes one")
        (tmp_path.parent / "dogs elsewhere").rename(tmp_path / "dogs")
        await until(lambda: engine.learned == learned + 2)
        await pilot.press("3")
        await until_shown(pilot, "Filed a.mp4 in dogs")
    assert where(tmp_path)["a.mp4"] == "dogs/a.mp4"


async def test_a_folder_with_another_name_is_told_by_both(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"], ["cats", "dogs"]), idle()) as pilot:
        await until_watched(pilot)
        (tmp_path / "dogs").rename(tmp_path / "hounds")
        await until_shown(pilot, "another program took it: dogs; new here: hounds", "2  hounds")


async def test_a_clip_that_was_refused_is_gone_back_to(tmp_path, unwatched):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"]), idle()) as pilot:
        (tmp_path / "dogs").rmdir()
        await pilot.press("2")
        await until_shown(pilot, "there is no folder 'dogs' in the library: make one first; ↑ goes back to it")
        assert queue(pilot) == "a [b] c"


async def test_another_file_under_the_same_name_loses_the_old_suggestion_and_is_read_again(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    engine = StandInEngine(predicted(tmp_path, a=[("cats", 0.9)], b=[("cats", 0.8)]), Finished(2, 0))
    async with sorting(tmp_path, engine) as pilot:
        await until_watched(pilot)
        await until_shown(pilot, "80 %")
        runs = len(engine.requests)
        (tmp_path / "b.mp4").write_text("another clip altogether")
        await until(lambda: len(engine.requests) > runs)
        assert list(pilot.app.session.predictions) == [tmp_path / "a.mp4"]
        assert "80 %" not in panel(pilot, "queue")


async def test_what_this_screen_does_itself_costs_no_listing(tmp_path, monkeypatch):
    looks = Mock(side_effect=running.scan)
    monkeypatch.setattr(running, "scan", looks)
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"]), idle()) as pilot:
        await until_watched(pilot)
        before = looks.call_count
        await pilot.press("1", "d")
        await until_shown(pilot, "Put b.mp4 in the trash")
        await pilot.press("u", "u")
        await until_shown(pilot, "Took a.mp4 back")
        await pilot.press("n", *"birds", "enter")
        await until_shown(pilot, "New folder birds")
        (tmp_path / "notes.txt").write_text("of no interest")
        # The next news comes after all that, and is the first to be looked at.
        (tmp_path / "z.mp4").write_text("z.mp4")
        await until(lambda: queue(pilot).endswith("z"))
        assert looks.call_count <= before + 2  # One for the clip, one of the run that reads it.


async def test_a_run_that_was_cancelled_is_not_begun_again_until_more_clips_come(tmp_path):
    engine = StandInEngine(Finished(0, 0))
    async with sorting(pile(tmp_path, ["a.mp4"]), engine) as pilot:
        await until_watched(pilot)
        runs = len(engine.requests)
        (tmp_path / "b.mp4").write_text("b.mp4")
        await until(lambda: len(engine.requests) == runs + 1)
        # While it goes on another one comes: there would be a second run.
        (tmp_path / "c.mp4").write_text("c.mp4")
        await until(lambda: queue(pilot) == "[a] b c")
        await pilot.press("r")
        await until(lambda: not pilot.app.progress.stage)
        (tmp_path / "b.mp4").unlink()
        await until(lambda: queue(pilot) == "[a] c")
        assert len(engine.requests) == runs + 1
        (tmp_path / "d.mp4").write_text("d.mp4")
        await until(lambda: len(engine.requests) == runs + 2)


async def test_clips_that_come_during_a_run_are_read_by_the_next_one(tmp_path):
    engine = StandInEngine(Finished(0, 0))
    async with sorting(pile(tmp_path, ["a.mp4"]), engine) as pilot:
        await until_watched(pilot)
        await pilot.press("r")
        await until(lambda: len(engine.requests) == 2)
        (tmp_path / "b.mp4").write_text("b.mp4")
        await until(lambda: queue(pilot) == "[a] b")
        assert len(engine.requests) == 2
        engine.tell(Finished(0, 0))
        await until(lambda: len(engine.requests) == 3)


async def test_names_that_are_no_text_come_in_as_well(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"]), idle()) as pilot:
        await until_watched(pilot)
        for number in range(3):
            (tmp_path / os.fsdecode(b"caf\xe9 %d.mp4" % number)).write_text(str(number))
            await until(lambda n=number: pilot.app.session.remaining == n + 2)


async def test_a_disk_that_goes_and_comes_back(tmp_path):
    root = pile(tmp_path / "library", ["a.mp4", "b.mp4"])
    async with sorting(root, idle()) as pilot:
        await until_watched(pilot)
        root.rename(tmp_path / "away")
        await until(lambda: not root.exists())
        (tmp_path / "away" / "b.mp4").rename(tmp_path / "b.mp4")
        (tmp_path / "away").rename(root)
        (root / "c.mp4").write_text("c.mp4")
        await until(lambda: queue(pilot) == "[a] c")
        # Another folder in its place, as after mounting it anew.
        root.rename(tmp_path / "away")
        shutil.copytree(tmp_path / "away", root)
        (root / "d.mp4").write_text("d.mp4")
        await until(lambda: queue(pilot) == "[a] c d")
        shutil.rmtree(tmp_path / "away")


async def test_without_watches_there_is_a_notice_and_all_else_works(tmp_path):
    message = "Error creating recommended watcher: Too many open files (os error 24)"
    with patch("watchfiles.watch", side_effect=RuntimeError(message)):
        async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), idle()) as pilot:
            await until(lambda: any("Too many open files" in notice for notice in pilot.app.notices))
            await pilot.press("1")
            await until_shown(pilot, "Filed a.mp4 in cats")
            (tmp_path / "c.mp4").write_text("c.mp4")
            pilot.app.engine.tell(Finished(0, 0))
            await pilot.press("r")
            await until(lambda: queue(pilot) == "[b] c")
    assert where(tmp_path)["a.mp4"] == "cats/a.mp4"


async def test_a_file_that_was_waited_for_when_watching_ended_comes_in_by_r(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "STILL_SECONDS", 60.0)
    async with sorting(pile(tmp_path, ["a.mp4"]), idle()) as pilot:
        await until_watched(pilot)
        (tmp_path / "b.mp4").write_text("b.mp4")
        await until(lambda: pilot.app.runs.unfinished)
        monkeypatch.setattr(watching._Watching, "_next", Mock(side_effect=OSError("no watches are left")))
        await until(lambda: any("no watches are left" in notice for notice in pilot.app.notices))
        pilot.app.engine.tell(Finished(0, 0))
        await pilot.press("r")
        await until(lambda: queue(pilot) == "[a] b")


async def test_a_network_file_system_is_not_watched(tmp_path):
    with patch("tiksort_tui.tui.watching.on_network", return_value=True), patch("watchfiles.watch") as watch:
        async with sorting(pile(tmp_path, ["a.mp4"]), idle()) as pilot:
            await until(lambda: not pilot.app.progress.stage)
            (tmp_path / "b.mp4").write_text("b.mp4")
            # Longer than a look would take; and nothing was begun that looks.
            await asyncio.sleep(4 * STILL)
            assert (queue(pilot), watch.called) == ("[a]", False)
            assert pilot.app.is_running


async def test_leaving_ends_the_watching(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"]), idle()) as pilot:
        await until_watched(pilot)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("watching")]


def stamp(size):
    return FileStamp(1, 1, size, 1)


def test_a_file_is_waited_for_from_its_last_change_on(tmp_path, monkeypatch):
    monkeypatch.undo()
    arrivals, path = Arrivals(), tmp_path / "a.mp4"
    arrivals.see(path, stamp(1), 10.0)
    arrivals.see(path, stamp(1), 11.5)
    arrivals.see(path, stamp(2), 11.9)
    assert arrivals.still(11.8 + STILL_SECONDS) == []
    assert arrivals.still(11.9 + STILL_SECONDS) == [path]
    assert arrivals.waiting == frozenset()
    arrivals.see(path, "unfinished", 20.0)
    arrivals.see(path, "unfinished", 30.0)
    assert arrivals.still(31.0) == []
    arrivals.forget(path)
    assert arrivals.still(99.0) == []
