"""Hasty fingers, and other programs in the same library."""

import asyncio
import os
import shutil
from contextlib import closing

import pytest
from textual import events

from tests.tui.helpers import StandInEngine, drawn, panel, pile, predicted, queue, sorting, until, until_shown, where
from tiksort_tui.engine.record import read_record, recorded_run
from tiksort_tui.errors import LibraryInUse
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.lock import WRITER_LOCK, WriterLock
from tiksort_tui.library.moves import Mover
from tiksort_tui.library.state import JOURNAL, state_dir
from tiksort_tui.pipeline.events import Finished, Scanned
from tiksort_tui.tui import app
from tiksort_tui.tui.screens.help import HelpScreen


def type_at_once(pilot, *keys):
    """Keys that are all there before the first of them has done anything."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_many_keys_at_once_close_the_help_once(tmp_path, monkeypatch):
    closed = []
    monkeypatch.setattr(HelpScreen, "on_unmount", lambda screen: closed.append(screen), raising=False)
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        type_at_once(pilot, "question_mark", *"xxxxxx")
        await until(lambda: closed)
        assert pilot.app.screen is pilot.app.sort_screen
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats")


async def test_a_name_that_is_typed_before_its_field_is_there_arrives_whole(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        type_at_once(pilot, "n", *"quilts", "enter", "enter")
        await until_shown(pilot, "New folder quilts, key 3")
        assert (tmp_path / "quilts").is_dir()
        assert pilot.app.screen is pilot.app.sort_screen
        assert pilot.app.session.current == tmp_path / "a.mp4"


async def test_a_bad_name_can_be_mended(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await pilot.press("n", *"a/b", "enter")
        await until_shown(pilot, "cannot hold /", "a/b")
        await pilot.press("backspace", "backspace", "enter")
        await until_shown(pilot, "New folder a, key 3")


async def test_looking_again_finds_new_clips_folders_and_counts(tmp_path):
    root = pile(tmp_path, ["b.mp4", "c.mp4", "d.mp4"])
    engine = StandInEngine(Finished(0, 0))
    async with sorting(root, engine) as pilot:
        await until(lambda: not pilot.app.progress.stage)
        await pilot.press("j")
        (root / "birds").mkdir()
        (root / "a.mp4").write_text("a.mp4")
        (root / "b.mp4").rename(root / "cats" / "b.mp4")
        engine.tell(Finished(0, 0))
        await pilot.press("r")
        await until_shown(pilot, "3  birds", "3 / 3 remaining")
        assert [path.name for path in pilot.app.session.queue] == ["c.mp4", "d.mp4", "a.mp4"]
        assert pilot.app.session.current == root / "c.mp4"
        assert {folder.name: folder.count for folder in pilot.app.session.folders} == {"cats": 1, "dogs": 0, "birds": 0}
        await pilot.press("3")
        await until_shown(pilot, "Filed c.mp4 in birds")
    assert where(root)["c.mp4"] == "birds/c.mp4"


async def test_a_second_screen_waits_for_the_first_ones_run(tmp_path):
    root = pile(tmp_path, ["a.mp4"])
    engine = StandInEngine(Scanned(("cats", "dogs"), 0, 1, 1, 0), predicted(root, a=[("cats", 0.9)]), Finished(0, 1))
    with recorded_run(state_dir(root)):
        async with sorting(root, engine) as pilot:
            await until_shown(pilot, "waiting for another run")
            assert engine.requests == []
            await pilot.press("1")
            await until_shown(pilot, "Filed a.mp4 in cats")
            await pilot.press("r")
            await until(lambda: not pilot.app.progress.stage)
            assert engine.requests == []
    async with sorting(root, engine) as pilot:
        await until(lambda: engine.requests and not pilot.app.progress.stage)
        assert read_record(state_dir(root)).result == "finished"


@pytest.fixture
def only_keys_take_over(monkeypatch):
    monkeypatch.setattr(app, "TURN_SECONDS", 3600.0)


async def test_a_second_screen_takes_over_by_itself_when_the_first_has_left(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "TURN_SECONDS", 0.05)
    root = pile(tmp_path, ["a.mp4", "b.mp4"])
    first = WriterLock(state_dir(root))
    first.take()
    async with sorting(root) as pilot:
        await until_shown(pilot, "only to look at", "You can only look: process")
        (root / "a.mp4").rename(root / "cats" / "a.mp4")
        first.release()
        await until_shown(pilot, "nobody else is sorting, this screen files from now on")
        await until(lambda: queue(pilot) == "[b]")
        assert "only" not in panel(pilot, "header")
        await pilot.press("2")
        await until_shown(pilot, "Filed b.mp4 in dogs")


async def test_keys_do_nothing_while_a_screen_takes_over_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "TURN_SECONDS", 0.05)
    root = pile(tmp_path, ["a.mp4", "b.mp4"])
    first, seen = WriterLock(state_dir(root)), asyncio.Event()
    first.take()
    with closing(Journal(root / ".tiksort" / JOURNAL)) as journal:
        Mover(root, journal).file(root / "a.mp4", "cats")
    async with sorting(root) as pilot:
        await until_shown(pilot, "only to look at")
        look_again = pilot.app.runs.look_again

        async def slow():
            await seen.wait()
            await look_again()

        pilot.app.runs.look_again = slow
        first.release()
        await until(lambda: "only" not in panel(pilot, "header"))
        await pilot.press("u")
        await until_shown(pilot, "This screen is taking over: press that key again in a moment")
        seen.set()
        await until(lambda: pilot.app.moves.allowed())
        await pilot.press("u")
        await until_shown(pilot, "Took a.mp4 back")
    assert where(root) == {"a.mp4": "a.mp4", "b.mp4": "b.mp4"}


async def test_a_second_screen_only_looks_says_why_and_takes_over_when_the_first_has_left(
    tmp_path, only_keys_take_over
):
    root = pile(tmp_path, ["a.mp4", "b.mp4"])
    first = WriterLock(state_dir(root))
    first.take()
    async with sorting(root) as pilot:
        await until_shown(pilot, "You can only look", str(os.getpid()))
        assert "only to look at" in panel(pilot, "header")
        for key in ("1", "n", "u", "U", "d", "slash"):
            await pilot.press(key)
            await until_shown(pilot, "You can only look: process")
            assert pilot.app.screen is pilot.app.sort_screen
        assert queue(pilot) == "[a] b"
        (root / "a.mp4").rename(root / "cats" / "a.mp4")
        first.release()
        await pilot.press("2")
        await until_shown(pilot, "this screen files from now on")
        assert "only to look at" not in panel(pilot, "header")
        await until(lambda: queue(pilot) == "[b]")
        assert "only look" not in drawn(pilot)
        await pilot.press("2")
        await until_shown(pilot, "Filed b.mp4 in dogs")
        with pytest.raises(LibraryInUse):
            first.take()
    assert where(root) == {"a.mp4": "cats/a.mp4", "b.mp4": "dogs/b.mp4"}
    first.take()
    first.release()


RECORD_GONE = "the record of moves was deleted or set aside: earlier ones cannot be taken back"


async def file_one_and_delete_the_state(pilot, root):
    await pilot.press("1")
    await until_shown(pilot, "Filed a.mp4 in cats")
    shutil.rmtree(root / ".tiksort")


async def test_a_screen_whose_lock_was_deleted_takes_it_anew_before_it_changes_anything(tmp_path):
    root = pile(tmp_path, ["a.mp4", "b.mp4"])
    async with sorting(root, size=(140, 36)) as pilot:
        await file_one_and_delete_the_state(pilot, root)
        await pilot.press("2")
        await until_shown(pilot, RECORD_GONE)
        assert (root / ".tiksort").stat().st_mode & 0o777 == 0o700
        assert "only to look at" not in panel(pilot, "header")
        with pytest.raises(LibraryInUse, match=str(os.getpid())):
            WriterLock(root / ".tiksort").take()
        assert queue(pilot) == "[b]"
        await pilot.press("u")
        await until_shown(pilot, "Nothing to undo")
        await pilot.press("2")
        await until_shown(pilot, "Filed b.mp4 in dogs")
        (root / ".tiksort" / WRITER_LOCK).unlink()
        await pilot.press("u")
        await until_shown(pilot, "this screen files from now on")
        await pilot.press("u")
        await until_shown(pilot, "Took b.mp4 back")
    assert where(root) == {"a.mp4": "cats/a.mp4", "b.mp4": "b.mp4"}


async def test_a_screen_whose_lock_was_deleted_looks_on_while_another_has_it_and_takes_nothing_of_it_back(
    tmp_path, only_keys_take_over
):
    root = pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])
    async with sorting(root, size=(140, 36)) as pilot:
        await file_one_and_delete_the_state(pilot, root)
        other = WriterLock(state_dir(root))
        other.take()
        for key in ("u", "1", "n"):
            await pilot.press(key)
            await until_shown(pilot, "You can only look: process")
            assert pilot.app.screen is pilot.app.sort_screen
        assert "only to look at" in panel(pilot, "header")
        with closing(Journal(root / ".tiksort" / JOURNAL)) as journal:
            Mover(root, journal).file(root / "b.mp4", "dogs")
        other.release()
        await pilot.press("u")
        await until_shown(pilot, RECORD_GONE)
        await until(lambda: queue(pilot) == "[c]")
        assert "only look" not in drawn(pilot)
        assert where(root)["b.mp4"] == "dogs/b.mp4"
        await pilot.press("2")
        await until_shown(pilot, "Filed c.mp4 in dogs")
    assert where(root) == {"a.mp4": "cats/a.mp4", "b.mp4": "dogs/b.mp4", "c.mp4": "dogs/c.mp4"}


async def test_what_was_chosen_before_the_lock_was_deleted_is_not_done_beside_another_writer(
    tmp_path, only_keys_take_over
):
    root = pile(tmp_path, ["a.mp4", "b.mp4"])
    async with sorting(root) as pilot:
        for keys in (("n",), ("slash",)):
            await pilot.press(*keys)
            await until(lambda: pilot.app.screen is not pilot.app.sort_screen)
            shutil.rmtree(root / ".tiksort")
            with WriterLock(state_dir(root)):
                await pilot.press(*"quilts", "enter")
                await until(lambda: pilot.app.screen is pilot.app.sort_screen)
                await until_shown(pilot, "You can only look: process")
            await pilot.press("u")
            await until_shown(pilot, "earlier ones cannot be taken back")
    assert not (root / "quilts").exists()


async def test_a_library_that_has_gone_as_a_whole_gets_no_state_folder(tmp_path, unwatched, only_keys_take_over):
    root, engine = pile(tmp_path / "library", ["a.mp4"]), StandInEngine()
    async with sorting(root, engine) as pilot:
        # Before that the library is listed.
        await until(lambda: engine.requests)
        root.rename(tmp_path / "away")
        await pilot.press("1")
        await until_shown(pilot, "there is no such folder")
        assert not root.exists()
        (tmp_path / "away").rename(root)
        await pilot.press("1")
        await until_shown(pilot, "this screen files from now on")
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats")


async def test_links_out_of_the_library_are_shown_and_have_no_key(tmp_path):
    root = pile(tmp_path / "library", ["a.mp4"])
    (tmp_path / "elsewhere").mkdir()
    (root / "away").symlink_to(tmp_path / "elsewhere")
    async with sorting(root) as pilot:
        await until_shown(pilot, "→  away", "1  cats", "2  dogs")
        await pilot.press("3")
        await until_shown(pilot, "No folder has the key 3")


async def test_long_names_are_told_apart_and_messages_keep_the_folder(tmp_path):
    start = "POV when your best friend finally learns how to juggle a tennis ball in the park "
    root = pile(tmp_path, [f"{start}[{i}].mp4" for i in (1, 2)])
    async with sorting(root, size=(80, 24)) as pilot:
        await until_shown(pilot, "[1].mp4", "[2].mp4")
        await pilot.press("1")
        await until_shown(pilot, "in cats")
        assert "Filed POV" in drawn(pilot)


async def test_a_folder_without_a_key_is_filed_into_by_its_name(tmp_path):
    names = [f"folder {letter}" for letter in "abcdefghijklmnop"]
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"], names)) as pilot:
        # Each of these letters is a key of the sorting screen, and the last ones have no digit.
        await pilot.press("slash", *"R N")
        await until_shown(pilot, "File into", "folder n")
        await pilot.press("enter")
        await until_shown(pilot, "Filed a.mp4 in folder n")
        await pilot.press("g", *"no such", "enter")
        await until_shown(pilot, "nothing is called that")
        await pilot.press("escape")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
    assert where(tmp_path) == {"a.mp4": "folder n/a.mp4", "b.mp4": "b.mp4"}
