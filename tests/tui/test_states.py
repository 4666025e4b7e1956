"""What can happen beside the keys: failures, the engine's and the player's news, the end of the pile."""

import asyncio
import errno
import os
import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from tests.tui.helpers import (
    CONFIG,
    StandInEngine,
    asked,
    drawn,
    panel,
    pile,
    predicted,
    queue,
    recording_player,
    sorting,
    trained,
    typed,
    until,
    until_redrawn,
    until_shown,
    where,
)
from tiksort_tui.engine.client import Engine
from tiksort_tui.errors import EngineError
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.relocate import stamp_of
from tiksort_tui.library.state import JOURNAL, LOG, state_dir
from tiksort_tui.pipeline.events import (
    EncodersReady,
    EngineRestarted,
    Finished,
    NoModel,
    Scanned,
    TrainingStarted,
    VideoExtracted,
    VideoFailed,
)
from tiksort_tui.player.events import Playback, PlayerGone, PlayFailed
from tiksort_tui.tui import views, watching
from tiksort_tui.tui.app import UNEXPECTED, SortApp
from tiksort_tui.tui.progress import Progress


def counts(pilot):
    return {folder.name: folder.count for folder in pilot.app.session.folders}


async def test_a_filing_that_fails_brings_the_clip_back_and_nothing_is_overwritten(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])
    (tmp_path / "cats" / "a.mp4").write_text("a.mp4")
    player = recording_player()
    async with sorting(tmp_path, player=player) as pilot:
        await pilot.press("1")
        await until_shown(pilot, "has the same clip")
        assert queue(pilot) == "a [b] c"
        assert counts(pilot) == {"cats": 1, "dogs": 0}
        assert panel(pilot, "clip").startswith("b.mp4")
        assert asked(player)[-1] == ("play", tmp_path / "b.mp4")
        await pilot.press("2", "k", "2")
        await until_shown(pilot, "Filed a.mp4 in dogs")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.mp4")) == [
        "c.mp4", "cats/a.mp4", "dogs/a.mp4", "dogs/b.mp4"
    ]  # fmt: skip


async def test_another_clip_of_that_name_is_not_overwritten(tmp_path):
    pile(tmp_path, ["a.mp4"])
    (tmp_path / "cats" / "a.mp4").write_text("another clip")
    async with sorting(tmp_path) as pilot:
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats as a (2).mp4")
        await pilot.press("u")
        await until_shown(pilot, "Took a.mp4 back from cats")
    assert where(tmp_path) == {"another clip": "cats/a.mp4", "a.mp4": "a.mp4"}


async def test_a_clip_that_another_program_took_leaves_the_queue(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        (tmp_path / "a.mp4").unlink()
        await pilot.press("1")
        await until_shown(pilot, "a.mp4' was not filed")
        assert queue(pilot) == "[b]"
        assert counts(pilot) == {"cats": 0, "dogs": 0}
        assert panel(pilot, "clip").startswith("b.mp4")


async def test_a_folder_that_another_program_took_costs_no_clip(tmp_path, unwatched):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        (tmp_path / "cats").rmdir()
        await pilot.press("1")
        await until_shown(pilot, "there is no folder 'cats'")
        assert queue(pilot) == "a [b]"
    assert where(tmp_path) == {"a.mp4": "a.mp4", "b.mp4": "b.mp4"}


async def test_an_undo_that_is_refused_says_why(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        await pilot.press("1")
        await until(lambda: (tmp_path / "cats" / "a.mp4").exists())
        (tmp_path / "a.mp4").write_text("another clip")
        await pilot.press("u")
        await until_shown(pilot, "was not taken back")
        assert queue(pilot) == "[b]"
        assert counts(pilot) == {"cats": 1, "dogs": 0}
    assert where(tmp_path) == {"a.mp4": "cats/a.mp4", "another clip": "a.mp4", "b.mp4": "b.mp4"}


async def test_nothing_waits_for_the_engine(tmp_path):
    """The first start, with an engine that says nothing: clips are on the screen and keys file them."""
    engine = StandInEngine()
    async with sorting(pile(tmp_path, [f"{name}.mp4" for name in "abcdefgh"]), engine) as pilot:
        assert pilot.app.screen is pilot.app.sort_screen
        await pilot.press("1", "2", "1")
        await until_shown(pilot, "Filed c.mp4 in cats")
        assert pilot.app.progress.stage
        # What comes next on the screen is read first.
        assert engine.wanted[-1] == tuple(tmp_path / f"{name}.mp4" for name in "defgh")
    assert where(tmp_path)["b.mp4"] == "dogs/b.mp4"


async def test_predictions_never_move_the_cursor_and_stale_ones_are_dropped(tmp_path):
    engine, player = StandInEngine(), recording_player()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"]), engine, player) as pilot:
        await pilot.press("j")
        calls = asked(player)
        engine.tell(predicted(tmp_path, 2, a=[("cats", 0.9)], b=[("dogs", 0.8), ("cats", 0.2)], c=[("cats", 0.7)]))
        await until_shown(pilot, "80 %")
        engine.tell(predicted(tmp_path, 1, b=[("cats", 0.99)]), Finished(3, 0))
        await until(lambda: not pilot.app.progress.stage)
        assert queue(pilot) == "a [b] c"
        assert asked(player) == calls
        assert "99 %" not in panel(pilot, "queue")
        await pilot.press("enter")
        await until_shown(pilot, "Filed b.mp4 in dogs")
        # The next run's word is newer than all that was said before.
        await pilot.press("r")
        await until(lambda: len(engine.requests) == 2)
        assert engine.requests[1].generation == 3


async def test_a_clip_that_cannot_be_read_says_why_and_can_be_filed(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    engine = StandInEngine(VideoFailed(tmp_path / "a.mp4", "truncated", 1, 2))
    async with sorting(tmp_path, engine) as pilot:
        await until_shown(pilot, "truncated")
        await pilot.press("2")
        await until_shown(pilot, "Filed a.mp4 in dogs")
        assert "truncated" not in panel(pilot, "suggestion")


async def test_too_little_to_learn_from_says_what_is_missing(tmp_path):
    engine = StandInEngine(NoModel("two folders with clips in them are needed"), Finished(0, 1))
    async with sorting(pile(tmp_path, ["a.mp4"]), engine) as pilot:
        await until_shown(pilot, "two folders")


async def test_what_the_engine_does_is_shown_while_it_does_it(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    engine = StandInEngine(Scanned(("cats", "dogs"), 0, 2, 0, 7), VideoExtracted(tmp_path / "a.mp4", 1, 7, "no sound"))
    async with sorting(tmp_path, engine) as pilot:
        await until_shown(pilot, "1/7", "a.mp4: no sound")
        engine.tell(EngineRestarted("SIGSEGV"))
        await until_shown(pilot, "SIGSEGV")
        engine.tell(Finished(1, 0))
        await until(lambda: "1/7" not in panel(pilot, "learning"))


async def test_an_engine_that_fails_is_one_line_and_the_sorting_goes_on(tmp_path):
    engine = StandInEngine(EngineError("the engine ended 3 times"))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), engine) as pilot:
        await until_shown(pilot, "the engine ended 3 times")
        assert not pilot.app.progress.stage
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats")
        await pilot.press("r")
        await until(lambda: len(engine.requests) == 2)


async def test_a_player_that_goes_is_one_line_and_the_sorting_goes_on(tmp_path):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), player=player) as pilot:
        pilot.app._on_player(Playback(tmp_path / "a.mp4", 14.0, 31.0, paused=False, muted=True, volume=80.0, speed=1.5))
        await until_shown(pilot, "0:14 / 0:31", "x1.5", "muted", "playing")
        pilot.app._on_player(PlayFailed(tmp_path / "a.mp4", "no video"))
        await until_shown(pilot, "a.mp4 does not play: no video")
        pilot.app._on_player(PlayerGone("the mpv window was closed", had=True))
        await until_shown(pilot, "the mpv window was closed")
        assert "playing" not in panel(pilot, "clip")
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats")
        assert asked(player)[-1] == ("play", tmp_path / "b.mp4")


async def test_all_sorted_says_what_went_where_and_undo_works_there(tmp_path):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"]), player=player) as pilot:
        await pilot.press("1", "2", "1")
        await until_shown(pilot, "All sorted", "3 filed", "2  cats", "1  dogs")
        assert asked(player)[-1] == ("stop",)
        await pilot.press("1", "enter", "s", "p", "j", "k", "space")
        await pilot.press("u")
        await until_shown(pilot, "Took c.mp4 back from cats")
        assert queue(pilot) == "[c]"
        assert panel(pilot, "clip").startswith("c.mp4")
        assert asked(player)[-1] == ("play", tmp_path / "c.mp4")
        await pilot.press("2")
        await until_shown(pilot, "All sorted", "1  cats", "2  dogs")
    assert where(tmp_path) == {"a.mp4": "cats/a.mp4", "b.mp4": "dogs/b.mp4", "c.mp4": "dogs/c.mp4"}


async def test_the_last_clip_comes_back_when_its_filing_fails(tmp_path):
    pile(tmp_path, ["a.mp4"])
    (tmp_path / "cats" / "a.mp4").write_text("a.mp4")
    async with sorting(tmp_path) as pilot:
        await pilot.press("1")
        await until_shown(pilot, "has the same clip")
        assert queue(pilot) == "[a]"
        await until_shown(pilot, "a.mp4")
        assert panel(pilot, "clip").startswith("a.mp4")


async def test_an_empty_library(tmp_path):
    async with sorting(pile(tmp_path, [], [])) as pilot:
        assert panel(pilot, "clip").strip()
        await pilot.press("1", "enter", "s", "p", "j", "k", "space", "u")
        await until_shown(pilot, "Nothing to undo")


async def test_a_library_without_folders_gets_its_first_one(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"], [])) as pilot:
        await pilot.press("1")
        await until_shown(pilot, "No folder has the key 1")
        await pilot.press("n", *"cats", "enter")
        await until_shown(pilot, "New folder cats, key 1")
        await pilot.press("1")
        await until_shown(pilot, "All sorted")
    assert where(tmp_path) == {"a.mp4": "cats/a.mp4"}


async def test_an_error_that_nobody_expects_ends_the_program_with_an_error(tmp_path):
    async def fails():
        raise RuntimeError("a fault of ours [/]")

    async def run():
        async with app.run_test():
            app.start(fails())
            await until(lambda: not app.is_running)

    app = SortApp(pile(tmp_path, ["a.mp4"]), state_dir(tmp_path), CONFIG)
    app.engine = StandInEngine()
    with pytest.raises(RuntimeError, match=r"a fault of ours \[/\]"):
        await run()
    assert app.return_code == UNEXPECTED


NOTICE = (
    "Clips are compared by plain colour, since the weights of CLIP are not here; `tiksort-tui models --download` "
    "fetches them (753 MB)"
)


async def test_the_first_start_says_what_was_found_and_hides_nothing(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    (tmp_path / "cats" / "c.mp4").write_text("c")
    engine, player = StandInEngine(), recording_player()
    player.describe.return_value = "no mpv"
    async with sorting(tmp_path, engine, player) as pilot:
        await until_shown(pilot, "2 clips to sort, 1 in 2 folders to learn from", "suggestions come", "mpv is not here")
        pilot.app.notices.append(NOTICE)
        engine.tell(EncodersReady("builtin encoder", "cpu"))
        await until_shown(pilot, "builtin encoder, without a graphics card", "(753 MB)")
        engine.tell(EncodersReady("CLIP + Whisper", "cuda"))
        await until_shown(pilot, "CLIP + Whisper, on the graphics card (cuda)")
        # It is no dialog: keys do what they always do.
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats", "1 clip to sort, 2 in 2 folders")
        engine.tell(NoModel("too few clips"))
        await until(lambda: "to sort" not in drawn(pilot))


async def test_a_notice_stays_on_the_screen_and_the_help_has_it_whole(tmp_path):
    pile(tmp_path, ["a.mp4"])
    async with sorting(tmp_path, StandInEngine(NoModel("too few clips")), size=(80, 24)) as pilot:
        pilot.app.notices.append(NOTICE)
        await pilot.press("j")
        await until_shown(pilot, "Clips are compared by plain colour, since the weights of CLIP …  ? tells more")
        await pilot.press("question_mark")
        await until_shown(pilot, "fetches them (753 MB)", "take the first suggestion")
        await pilot.press("x", "8")
        await until_shown(pilot, "No folder has the key 8")
        await pilot.press("j")
        await until_shown(pilot, "tells more")


async def test_an_unreadable_clip_says_why_and_what_to_do_where_its_pictures_would_be(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    engine = StandInEngine(NoModel("too few clips"), VideoFailed(tmp_path / "a.mp4", "cut short", 1, 2), Finished(1, 0))
    async with sorting(tmp_path, engine, size=(80, 24)) as pilot:
        await until_shown(pilot, "! This clip cannot be read: cut short", "d puts it in the")
        await pilot.press("j")
        await until_shown(pilot, "Not read yet: r reads it.")


async def test_a_file_that_is_gone_is_said_before_one_files_it(tmp_path, monkeypatch):
    # Where changes are told, the clip leaves the queue a moment later.
    monkeypatch.setattr(watching, "on_network", lambda root: True)
    engine = StandInEngine()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), engine) as pilot:
        # Before that the library is listed.
        await until(lambda: engine.requests)
        (tmp_path / "b.mp4").unlink()
        await pilot.press("j")
        await until_shown(pilot, "This file is gone")


async def test_the_session_counts_what_was_taken_and_names_the_last_filing(tmp_path):
    pile(tmp_path, [f"{name}.mp4" for name in "abcde"])
    best = [("dogs", 0.6), ("cats", 0.4)]
    engine = StandInEngine(predicted(tmp_path, a=best, b=best, c=best))
    async with sorting(tmp_path, engine) as pilot:
        await until_shown(pilot, "60 %?")
        assert "LAST" not in panel(pilot, "session")
        await pilot.press("enter", "enter", "tab")
        await until_shown(pilot, "3 filed", "2 x Enter, 1 x Tab", "c.mp4 > cats")
        # There is no suggestion to take: nothing is counted.
        await pilot.press("enter", "2")
        await until_shown(pilot, "4 filed", "2 x Enter, 1 x Tab", "d.mp4 > dogs")
        await pilot.press("d")
        await until_shown(pilot, "e.mp4 > the trash")
        await pilot.press("u")
        await until_shown(pilot, "Took e.mp4 back", "d.mp4 > dogs")
        await typed(pilot, "colon", *"another name", "enter")
        await typed(pilot, *"cats", "enter")
        await until_shown(pilot, "Another name for cats")
        await typed(pilot, "ctrl+u", *"kittens", "enter")
        await until_shown(pilot, "cats > kittens")
        await pilot.press("u")
        await until_shown(pilot, "kittens is called cats again", "d.mp4 > dogs")
        await pilot.press("d")
        await until_shown(pilot, "e.mp4 > the trash")
    # Also of the session before.
    async with sorting(tmp_path, StandInEngine()) as pilot:
        await until_shown(pilot, "e.mp4 > the trash")
        await pilot.press("u", "u", "u", "u", "u")
        await until_shown(pilot, "Took a.mp4 back")
        await until(lambda: "LAST" not in panel(pilot, "session"))


async def test_the_folder_that_was_filed_into_is_marked_for_a_moment(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    async with sorting(tmp_path) as pilot:
        await pilot.press("2")
        await until_shown(pilot, "+2  dogs")
        await until(lambda: "+" not in panel(pilot, "folders"))
        assert "2  dogs" in panel(pilot, "folders")


async def test_learning_tells_stage_count_rate_and_time_left_and_how_good_the_model_is(tmp_path):
    scanned = Scanned(("cats", "dogs"), 213, 1, 0, 160)
    engine = StandInEngine(trained(0.904), scanned, VideoExtracted(tmp_path / "a.mp4", 72, 160))
    async with sorting(pile(tmp_path, ["a.mp4"]), engine) as pilot:
        await until(lambda: pilot.app.progress.done)
        await until_shown(pilot, "reading 72/160", "/s", "left, r cancels", "model 90 % right, 213 clips")
        await until_shown(pilot, "files 61 of 100")
        # While all is read, and it only learns, nothing counts up.
        engine.tell(TrainingStarted(213))
        pilot.app.progress.done = 160
        await until_shown(pilot, "learning …")
        assert "160" not in panel(pilot, "learning")
        engine.tell(VideoExtracted(tmp_path / "a.mp4", 80, 160), trained(None))
        await until_shown(pilot, "reading 80/160", "model not measured")
        await pilot.resize_terminal(80, 24)
        # Where it has no place of its own, the header tells it.
        await until_shown(pilot, "reading 80/160 0:")


async def test_a_small_window_says_so_and_one_can_go_on(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    engine = StandInEngine(predicted(tmp_path, a=[("dogs", 0.9)]))
    async with sorting(tmp_path, engine, size=(50, 12)) as pilot:
        await until_shown(pilot, "Small window: 60 x 14 shows all", "a.mp4", "2 dogs", "90 %")
        await pilot.press("enter")
        await until_shown(pilot, "Filed a.mp4 in dogs")
        await pilot.resize_terminal(80, 24)
        await until_shown(pilot, "FOLDERS", "QUEUE")
        assert "Small" not in drawn(pilot)


async def test_the_real_engine_brings_suggestions_and_the_next_start_has_them_at_once(library):
    async with sorting(library, Engine(state_dir(library) / LOG)) as pilot:
        await until(lambda: not pilot.app.progress.stage)
        await until_shown(pilot, "new 0 dots.mp4", "1 dots", "Enter")
        # The strip of the clip's pictures.
        await until_shown(pilot, "▀▀▀")
        assert pilot.app.session.suggestion(1) == "dots"

    idle = StandInEngine()
    async with sorting(library, idle) as pilot:
        assert idle.requests == []
        assert pilot.app.session.suggestion(1) == "dots"
        await until_shown(pilot, "builtin encoder", "▀▀▀")
        await pilot.press("enter")
        await until_shown(pilot, "Filed new 0 dots.mp4 in dots")
    assert (library / "dots" / "new 0 dots.mp4").exists()


async def test_a_clip_that_is_known_by_its_content_has_its_pictures_under_another_name(library):
    async with sorting(library, Engine(state_dir(library) / LOG)) as pilot:
        await until(lambda: not pilot.app.progress.stage)
    (library / "new 0 dots.mp4").rename(library / "another name.mp4")
    async with sorting(library, Engine(state_dir(library) / LOG)) as pilot:
        await until_shown(pilot, "another name.mp4", "▀▀▀")


async def test_a_state_folder_that_was_deleted_is_made_again(tmp_path):
    engine = StandInEngine(Finished(0, 0))
    async with sorting(pile(tmp_path, ["a.mp4"]), engine) as pilot:
        await until(lambda: engine.requests and not pilot.app.progress.stage)
        shutil.rmtree(tmp_path / ".tiksort")
        engine.tell(Finished(0, 0))
        await pilot.press("r")
        await until(lambda: len(engine.requests) == 2)


async def test_where_all_that_was_read_is_deleted_a_filing_has_it_read_again(tmp_path):
    engine = StandInEngine(trained(), Finished(0, 0))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), engine) as pilot:
        await until(lambda: engine.requests and not pilot.app.progress.stage)
        shutil.rmtree(tmp_path / ".tiksort")
        await pilot.press("1")
        await until_shown(pilot, "record of moves was deleted")
        await pilot.press("1")
        await until(lambda: len(engine.requests) == 2)
        assert engine.learned == 0
    assert where(tmp_path)["a.mp4"] == "cats/a.mp4"


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
async def test_why_a_run_failed_stands_there_until_the_next_one_begins(tmp_path, size):
    engine = StandInEngine(EngineError("the engine ended 3 times (SIGKILL); its log is tiksort.log"))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), engine, size=size) as pilot:
        await until_shown(pilot, "the engine ended 3 times")
        await pilot.press("j", "k")
        await until_shown(pilot, "SIGKILL")
        await pilot.press("r")
        await until(lambda: len(engine.requests) == 2)
        await until_redrawn(pilot, lambda: pilot.app.progress.stage)
        assert "SIGKILL" not in drawn(pilot)


async def test_quitting_in_the_middle_of_a_run_leaves_no_engine(library):
    engine = Engine(state_dir(library) / LOG)
    async with sorting(library, engine) as pilot:
        await until(lambda: engine.pid)
        process = Path("/proc") / str(engine.pid)
        await pilot.press("j", "q")
        await until(lambda: not pilot.app.is_running)
    # As long as a run that saw its engine die would take to start another one.
    await asyncio.sleep(0.5)
    assert engine.pid is None
    assert not process.exists()


async def test_a_folder_that_is_made_under_a_mended_name_gets_the_clip_that_it_was_made_for(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        await pilot.press("slash", *"x/y", "enter")
        await until_shown(pilot, "Enter does it")
        await pilot.press("backspace", "backspace", "enter")
        await until_shown(pilot, "Filed a.mp4 in x")
    assert (tmp_path / "x" / "a.mp4").exists()


async def test_of_several_moves_that_were_cut_short_the_help_tells(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    with closing(Journal(state_dir(tmp_path) / JOURNAL)) as journal:
        clips = [(Path(name), Path("cats", name), stamp_of(tmp_path / name)) for name in ("a.mp4", "b.mp4")]
        journal.begin([[clip] for clip in clips])
    async with sorting(tmp_path) as pilot:
        await until_shown(pilot, "2 moves had been cut short; the help says what became of them")
        await pilot.press("question_mark")
        await until(lambda: drawn(pilot).count("was rolled back") == 2)


async def test_a_library_that_cannot_be_reached_any_more_ends_nothing(tmp_path, monkeypatch):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        # As where a folder above may no longer be searched, which nobody can keep from root.
        def refuse(path, *arguments, **options):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        with monkeypatch.context() as lost:
            for name in ("lstat", "stat", "open"):
                lost.setattr(os, name, refuse)
            await pilot.press("1")
            await until_shown(pilot, "Permission denied")
            assert pilot.app.is_running


async def test_why_nothing_is_promised_is_told_on_the_models_page_alone(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"]), StandInEngine(trained(promise=None))) as pilot:
        await until_shown(pilot, "files none by itself yet")
        assert "cannot be promised" not in drawn(pilot)
        await pilot.press("t")
        await until_shown(pilot, "cannot be promised")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
async def test_while_it_learns_nothing_is_counted_that_was_read(tmp_path, size):
    engine = StandInEngine(EncodersReady("builtin encoder", "cpu"), Scanned(("cats",), 0, 2, 0, 160))
    async with sorting(pile(tmp_path, ["a.mp4"]), engine, size=size) as pilot:
        engine.tell(VideoExtracted(tmp_path / "a.mp4", 72, 160))
        await until_shown(pilot, "reading 72/160")
        engine.tell(TrainingStarted(12))
        await until_shown(pilot, "learning")
        assert "72/160" not in drawn(pilot)
        assert "/s" not in drawn(pilot)
        assert not re.search(r"\d:\d\d left", drawn(pilot))


def test_less_than_a_second_is_no_time_that_is_left():
    progress = Progress(stage="reading", done=159, total=160, began=0.0)
    for width, told in ((80, "reading 159/160"), (30, "r cancels")):
        lines = [views.header("~/videos", "", progress, "mpv", 100.0, width, False)]
        lines += views.learning(progress, 100.0, lambda _: "r", width, 10)
        assert told in " ".join(line.plain for line in lines)
        assert "0:00" not in " ".join(line.plain for line in lines)


@pytest.mark.parametrize("remark", ["only to look at", "read-only"])
def test_what_can_be_done_here_is_told_whole_and_the_path_is_cut(remark):
    progress = Progress(encoder="CLIP + Whisper", device="cuda", stage="reading", done=72, total=1600)
    for width in (60, 80, 120):
        path = "/mnt/a long way down to/where the videos of some years are kept"
        header = views.header(path, remark, progress, "mpv", 1.0, width, False)
        assert f"  {remark} " in header.plain
        assert "/mnt/" in header.plain
        assert header.cell_length <= width
