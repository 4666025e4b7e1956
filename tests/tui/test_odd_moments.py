"""Keys and news that come at odd moments: nothing ends the program, and no key means another clip than was seen."""

import asyncio
import os
import sys
import time
from dataclasses import replace

import pytest
from textual.events import AppBlur, Key, Paste

from tests.tui.helpers import (
    CONFIG,
    StandInEngine,
    burst,
    drawn,
    panel,
    pile,
    predicted,
    queue,
    recording_player,
    remember_pictures,
    sorting,
    trained,
    typed,
    until,
    until_redrawn,
    until_shown,
    where,
)
from tests.tui.terminal import Terminal
from tiksort_tui.config import with_overrides
from tiksort_tui.errors import ExitCode
from tiksort_tui.pipeline.events import Finished, Scanned, Trained, VideoFailed
from tiksort_tui.player.events import Playback
from tiksort_tui.tui import watching
from tiksort_tui.tui.asking import ask_for_folder, ask_for_new_name
from tiksort_tui.tui.details import DetailsReader
from tiksort_tui.tui.keymap import KeyInMpv
from tiksort_tui.tui.screens.folder_name import FolderNameScreen


@pytest.mark.parametrize("key", ["question_mark", "i", "n", "g", "t", "b", "colon", "slash"])
async def test_a_page_that_is_asked_for_while_one_leaves_is_none(tmp_path, key):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        burst(pilot, "q", key)
        await until(lambda: not pilot.app.is_running)


async def test_details_that_are_closed_while_the_file_is_read(tmp_path, monkeypatch):
    read, reads = DetailsReader._read, []

    def slow(*arguments):
        time.sleep(0.2)
        reads.append(read(*arguments))
        return reads[-1]

    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        monkeypatch.setattr(DetailsReader, "_read", slow)
        await pilot.press("i", "x")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        await until(lambda: reads)
        await pilot.press("j")
        await until(lambda: queue(pilot) == "a [b]")


async def test_a_key_on_its_way_to_a_page_is_not_for_what_has_come_over_it(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await pilot.press("question_mark")
        pilot.app.screen._forward_event(Key("x", "x"))
        ask_for_folder(pilot.app, "a/b", "a folder's name cannot hold /")
        await until_shown(pilot, "a folder's name cannot hold /")
        assert isinstance(pilot.app.screen, FolderNameScreen)
        assert pilot.app.screen.field.value == "a/b"


@pytest.mark.parametrize(
    ("keys", "folder"),
    [
        (["c", "down"], "cold dishes"),
        (["down", "c"], "cats"),
        (["c", "o", "backspace", "a"], "cats"),
        (["d", "left", "l"], "cold dishes"),
        (["c", "down", "o"], "cold dishes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
async def test_keys_that_come_all_at_once_choose_like_slow_ones(tmp_path, keys, folder):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"], ["cats", "cold dishes", "dogs"])) as pilot:
        # What comes after the answer is no part of it.
        burst(pilot, "slash", *keys, "enter", "j")
        await until_shown(pilot, f"Filed a.mp4 in {folder}")
        await until(lambda: queue(pilot) == "b [c]")
    assert where(tmp_path)["a.mp4"] == f"{folder}/a.mp4"


async def test_a_folder_that_is_new_gets_the_clip_that_it_was_typed_for_also_when_a_key_came_meanwhile(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])) as pilot:
        burst(pilot, "slash", *"quilts", "enter", "j")
        await until_shown(pilot, "Filed a.mp4 in quilts")
        assert queue(pilot) == "[b] c"
    assert where(tmp_path)["a.mp4"] == "quilts/a.mp4"


async def test_a_dialog_takes_all_keys_while_another_window_has_the_focus(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await pilot.press("slash")
        await until(lambda: pilot.app.screen is not pilot.app.sort_screen)
        pilot.app.post_message(AppBlur())
        await until(lambda: not pilot.app.app_focus)
        for key in ("c", "o", "backspace", "a"):
            pilot.app.post_message(KeyInMpv(key, key if len(key) == 1 else None))
        await until(lambda: pilot.app.screen.field.value == "ca")


async def test_ctrl_q_leaves_from_a_dialog_too(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        burst(pilot, "n", *"new", "ctrl+q")
        await until(lambda: not pilot.app.is_running)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("key", ["u", "U"])
async def test_a_listing_asked_for_while_a_filing_is_taken_back_or_done_again_counts_it_once(tmp_path, key):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])) as pilot:
        app = pilot.app
        keys, folder = (["1", "u"], 0) if key == "U" else (["1"], 1)
        for one in keys:
            await pilot.press(one)
        await until(lambda: app.session.remaining == 3 - folder and not app.session._in_flight)
        await until_shown(pilot, "Took a.mp4 back" if key == "U" else "Filed a.mp4 in cats")
        getattr(app.moves, "undo" if key == "u" else "redo")()
        # It is in the filing thread's hands; the listing comes right after it.
        await asyncio.sleep(0)
        await app.runs.look_again()
        await until_shown(pilot, "Took a.mp4 back" if key == "u" else "Filed a.mp4 in cats again")
        counted = {one.name: one.count for one in app.session.folders}
        assert counted == {"cats": int(key == "U"), "dogs": 0}
        assert app.session.remaining == 3 - int(key == "U")


async def test_what_is_pasted_comes_before_the_key_after_it(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"], ["cats", "cold dishes", "dogs"])) as pilot:
        burst(pilot, "slash")
        pilot.app.post_message(Paste("cold\rcats"))
        burst(pilot, "enter")
        await until_shown(pilot, "Filed a.mp4 in cold dishes")


async def test_a_damaged_picture_shows_nothing(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    remember_pictures(tmp_path, "b.mp4", "red", jpeg=b"\xff\xd8 no picture")
    async with sorting(tmp_path) as pilot:
        await pilot.press("j")
        await until_shown(pilot, "90x160")
        assert queue(pilot) == "a [b]"


async def test_the_palette_files_the_clip_that_it_was_opened_for(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])) as pilot:
        session = pilot.app.session
        for command in ("file into dogs", "trash", "take 1"):
            await pilot.press("colon")
            await typed(pilot, *command)
            session.walk(1)
            await pilot.press("enter")
            await until_shown(pilot, "is no longer on screen, and was not filed")
            session.walk(-1)
        assert queue(pilot) == "[a] b c"
        await pilot.press("colon")
        await typed(pilot, *"file into dogs", "enter")
        await until_shown(pilot, "Filed a.mp4 in dogs")
    assert where(tmp_path)["a.mp4"] == "dogs/a.mp4"


async def test_what_a_run_says_of_a_clip_that_was_replaced_meanwhile_is_passed_over(tmp_path, monkeypatch):
    for name, value in (("STILL_SECONDS", 0.2), ("LOOK_MS", 50), ("PAUSE_MS", 20)):
        monkeypatch.setattr(watching, name, value)
    engine = StandInEngine()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), engine) as pilot:
        await until(lambda: pilot.app.progress.stage)
        (tmp_path / "a.mp4").write_text("another content")
        await until_shown(pilot, "a.mp4 has changed")
        engine.tell(predicted(tmp_path, 1, a=[("cats", 0.99)], b=[("cats", 0.88)]))
        await until_shown(pilot, "88 %")
        assert "99 %" not in drawn(pilot)
        # The next run has seen the new one.
        engine.tell(Finished(0, 2))
        await until(lambda: len(engine.requests) == 2)
        engine.tell(predicted(tmp_path, 2, a=[("dogs", 0.77)]))
        await until_shown(pilot, "77 %")


async def test_a_failure_is_said_once_and_goes_when_the_clip_is_predicted(tmp_path):
    failed = VideoFailed(tmp_path / "b.mp4", "cut short", 1, 2)
    engine = StandInEngine(failed, Finished(1, 1))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), engine) as pilot:
        await until_shown(pilot, "b.mp4: cut short", "not readable")
        await pilot.press("r")
        engine.tell(Scanned(("cats", "dogs"), 0, 2, 2, 0), failed, trained(), Finished(0, 2))
        await until_redrawn(pilot, lambda: pilot.app.progress.model)
        assert "cut short" not in drawn(pilot)
        assert "not readable" in panel(pilot, "queue")
        await pilot.press("r")
        engine.tell(predicted(tmp_path, 3, b=[("cats", 0.83)]), Finished(0, 2))
        await until_shown(pilot, "83 %")
        assert "not readable" not in panel(pilot, "queue")


async def test_a_clip_that_plays_on_lends_the_next_one_no_position(tmp_path):
    config = with_overrides(CONFIG, player__delay=30.0)
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), player=recording_player(), config=config) as pilot:
        at = Playback(tmp_path / "a.mp4", 99.0, 100.0, paused=False, muted=False, volume=80.0, speed=1.0)
        pilot.app._hear_player(at)
        await until_shown(pilot, "1:39 / 1:40")
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4")
        pilot.app._hear_player(replace(at, position=99.9))
        await pilot.pause()
        assert panel(pilot, "clip").startswith("b.mp4")
        assert "1:40" not in panel(pilot, "clip")


async def test_of_many_clips_filed_in_one_go_not_one_is_named_as_the_last(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])) as pilot:
        requests = pilot.app.session.file_all({tmp_path / "a.mp4": "cats", tmp_path / "b.mp4": "dogs"})
        pilot.app.moves.file_all(requests)
        await until_redrawn(pilot, lambda: pilot.app.tally.last)
        assert "2 clips in one go" in panel(pilot, "session")


async def test_the_models_pages_say_what_the_engine_does_and_what_was_not_looked_for(tmp_path):
    engine = StandInEngine(replace(trained(), refitted=True))
    async with sorting(pile(tmp_path, ["a.mp4"]), engine) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5")
        await until_shown(pilot, "Not looked for yet: r does.", "reading …")
        await pilot.press("r")
        await until(lambda: not pilot.app.progress.stage)
        await pilot.press("r")
        await until_shown(pilot, "starting …")
        engine.tell(Trained(trained().report), Finished(0, 0))
        await until_shown(pilot, "None found")


@pytest.mark.parametrize("name", [os.fsdecode(b"caf\xe9"), "a\x1b[31mb", "a\nb"])
async def test_a_folder_of_any_name_is_asked_a_new_one_for(tmp_path, name):
    async with sorting(pile(tmp_path, ["a.mp4"], [name])) as pilot:
        ask_for_new_name(pilot.app, name)
        await until_shown(pilot, "Another name for")
        text = drawn(pilot)
        assert all(char == "\n" or char.isprintable() for char in text)
        assert len(text.split("\n")) == 36


@pytest.fixture
def in_terminal(tmp_path):
    """Starts the program, by a command of its own if need be, in a real terminal over two clips."""
    terminals = []

    def start(*command):
        root = pile(tmp_path / "library", ["a.mp4", "b.mp4"], [os.fsdecode(b"caf\xe9")])
        command = [sys.executable, *(command or ("-m", "tiksort_tui")), "--player", "none", "--encoder", "builtin"]
        environment = {"XDG_CONFIG_HOME": str(tmp_path)}
        terminals.append(Terminal([*command, str(root)], str(tmp_path), environment, size=(100, 30)))
        terminals[-1].until_on_screen("a.mp4")
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def test_bytes_that_are_no_text_are_no_key(in_terminal):
    terminal = in_terminal()
    os.write(terminal._master, b"\xe9\xffj")
    terminal.until_on_screen("b.mp4")
    terminal.send("q")
    assert terminal.until_over() == ExitCode.FINE


def test_a_folders_name_that_is_no_text_stops_no_drawing(in_terminal):
    terminal = in_terminal()
    for keys, seen in ((":", "a part of the name"), ("another name", "Enter takes it"), ("\r", "Give another name to")):
        terminal.send(keys)
        terminal.until_seen(seen)
    terminal.send("\r")
    terminal.until_seen("Another name for caf\\udce9")
    terminal.send("\x1b")
    terminal.until(lambda: "Another name" not in terminal.text())
    # So soon after Esc it may be a piece of a torn sequence.
    terminal.until(lambda: "▸ b.mp4" in terminal.text(), again="j")


@pytest.mark.parametrize(("page", "key"), [("/", "\r"), ("n", "d"), ("/", "1"), ("b", "\r"), ("i", " ")])
def test_esc_with_a_key_soon_after_it_leaves_a_page_and_files_nothing(in_terminal, tmp_path, page, key):
    terminal = in_terminal()
    terminal.send(page)
    terminal.until(lambda: "Esc" in terminal.text() or "any other key leaves" in terminal.text())
    terminal.send(f"\x1b{key}")
    terminal.until(lambda: "Esc" not in terminal.text() and "any other key leaves" not in terminal.text())
    assert "▸ a.mp4" in terminal.text()
    terminal.until(lambda: terminal.process.poll() is not None, again="q")
    assert {path.name for path in (tmp_path / "library").glob("*.mp4")} == {"a.mp4", "b.mp4"}


def test_an_error_of_our_own_is_one_sentence_in_the_terminal_and_whole_in_the_log(in_terminal, tmp_path):
    faulty = "from tiksort_tui.tui.screens import sort; from tiksort_tui.cli import main; sort.perform = None; main()"
    terminal = in_terminal("-c", faulty)
    terminal.send("j")
    assert terminal.until_over() == ExitCode.ENGINE_FAILED
    assert terminal.is_restored()
    log = tmp_path / "library" / ".tiksort" / "tiksort.log"
    told = " ".join(terminal.written.rpartition(b"\x1b[?1049l")[2].decode().split())
    assert f"an error in the program itself has ended the screen; {log} holds it" in told
    assert "Traceback" not in told
    assert "object is not callable" in log.read_text()
