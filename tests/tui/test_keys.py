"""Every key of the sorting screen, pressed in the terminal and in mpv's window, and what becomes of the files."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.tui.helpers import (
    StandInEngine,
    asked,
    drawn,
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
from tiksort_tui.player.events import KeyPressed
from tiksort_tui.tui.keymap import COMMANDS, MPV_KEYS
from tiksort_tui.tui.screens.folder_name import FolderNameScreen
from tiksort_tui.tui.screens.help import HelpScreen

README = Path(__file__).parents[2] / "README.md"
IN_MPV = {
    "enter": "ENTER",
    "tab": "TAB",
    "shift+tab": "Shift+TAB",
    "space": "SPACE",
    "left": "LEFT",
    "right": "RIGHT",
    "up": "UP",
    "down": "DOWN",
    "ctrl+left": "Ctrl+LEFT",
    "ctrl+right": "Ctrl+RIGHT",
    "ctrl+q": "Ctrl+q",
    "question_mark": "?",
    "f1": "F1",
}


async def in_terminal(pilot, *keys):
    await pilot.press(*keys)


async def in_mpv(pilot, *keys):
    for key in keys:
        name = IN_MPV.get(key, key)
        assert name in MPV_KEYS
        pilot.app._on_player(KeyPressed(name))
        await pilot.pause()


@pytest.fixture(params=[in_terminal, in_mpv], ids=["terminal", "mpv"])
def press(request):
    return request.param


async def test_each_digit_files_into_its_folder_and_the_next_clip_comes(tmp_path, press):
    folders = [f"folder {i:02}" for i in range(1, 13)]
    clips = [f"{i:02}.mp4" for i in range(1, 12)]
    player = recording_player()
    async with sorting(pile(tmp_path, clips, folders), player=player) as pilot:
        for i, digit in enumerate("1234567890"):
            assert f"{digit}  {folders[i]}" in panel(pilot, "folders")
            await press(pilot, digit)
            assert panel(pilot, "clip").startswith(clips[i + 1])
            assert asked(player)[-1] == ("play", tmp_path / clips[i + 1])
            await until(lambda i=i: (tmp_path / folders[i] / clips[i]).exists())
        await until_shown(pilot, "Filed 10.mp4 in folder 10")
    assert where(tmp_path) == {clip: f"{folder}/{clip}" for clip, folder in zip(clips, folders, strict=False)} | {
        "11.mp4": "11.mp4"
    }


async def test_a_digit_without_a_folder_says_so(tmp_path, press):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await press(pilot, "3")
        await until_shown(pilot, "no folder has the key 3")
    assert where(tmp_path) == {"a.mp4": "a.mp4"}


@pytest.mark.parametrize(("key", "folder"), [("enter", "dogs"), ("tab", "birds"), ("shift+tab", "cats")])
async def test_a_suggestion_is_taken_and_no_focus_moves(tmp_path, press, key, folder):
    pile(tmp_path, ["a.mp4", "b.mp4"], ["birds", "cats", "dogs"])
    engine = StandInEngine(predicted(tmp_path, a=[("dogs", 0.8), ("birds", 0.15), ("cats", 0.05)]))
    async with sorting(tmp_path, engine) as pilot:
        await until_shown(pilot, "80 %")
        await press(pilot, key)
        assert queue(pilot) == "[b]"
        assert pilot.app.focused is None
        await until_shown(pilot, f"Filed a.mp4 in {folder}")
        await press(pilot, key)
        await until_shown(pilot, "there is no suggestion to take")
    assert where(tmp_path) == {"a.mp4": f"{folder}/a.mp4", "b.mp4": "b.mp4"}


async def test_a_suggested_folder_that_is_gone_says_so(tmp_path, press):
    pile(tmp_path, ["a.mp4"], ["cats"])
    async with sorting(tmp_path, StandInEngine(predicted(tmp_path, a=[("dogs", 0.8)]))) as pilot:
        await until_shown(pilot, "80 %")
        await press(pilot, "enter")
        await until_shown(pilot, "there is no folder dogs")
        assert queue(pilot) == "[a]"


async def test_undo_brings_back_what_was_filed_last_also_of_an_earlier_session(tmp_path, press):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])) as pilot:
        await press(pilot, "1", "2")
        await until(lambda: (tmp_path / "dogs" / "b.mp4").exists())
        await press(pilot, "u")
        await until_shown(pilot, "Took b.mp4 back from dogs")
        assert queue(pilot) == "[b] c"
        assert panel(pilot, "clip").startswith("b.mp4")
    assert where(tmp_path) == {"a.mp4": "cats/a.mp4", "b.mp4": "b.mp4", "c.mp4": "c.mp4"}

    async with sorting(tmp_path) as pilot:
        await press(pilot, "j")
        assert queue(pilot) == "b [c]"
        await press(pilot, "u")
        await until_shown(pilot, "Took a.mp4 back from cats")
        assert queue(pilot) == "b [a] c"
        await press(pilot, "u")
        await until_shown(pilot, "Nothing to undo")
    assert where(tmp_path) == {name: name for name in ("a.mp4", "b.mp4", "c.mp4")}


async def test_the_queue_is_walked_and_clips_are_put_off(tmp_path, press):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"]), player=player) as pilot:
        for key, order in (
            ("down", "a [b] c"),
            ("j", "a b [c]"),
            ("j", "a b [c]"),
            ("up", "a [b] c"),
            ("k", "[a] b c"),
            ("s", "[b] c a"),
            ("ctrl+right", "[c] a b"),
            ("p", "[b] c a"),
            ("ctrl+left", "[a] b c"),
        ):
            await press(pilot, key)
            assert queue(pilot) == order, key
            assert panel(pilot, "clip").startswith(pilot.app.session.current.name)
    # The clip under the cursor is the one that plays, and nothing plays anew while it stays.
    played = [path.stem for _, path in (call for call in asked(player) if call[0] == "play")]
    assert "".join(played) == "abcbabcba"
    assert where(tmp_path) == {name: name for name in ("a.mp4", "b.mp4", "c.mp4")}


async def test_keys_that_reach_the_player(tmp_path, press):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4"]), player=player) as pilot:
        await press(pilot, "space", "left", "h", "right", "l", "m", "v")
        assert asked(player) == [
            ("play", tmp_path / "a.mp4"),
            ("toggle_pause",),
            *[("seek", -5.0)] * 2,
            *[("seek", 5.0)] * 2,
            ("toggle_mute",),
            ("bring_back",),
        ]
    assert asked(player)[-1] == ("close",)


async def test_r_cancels_the_run_and_starts_another(tmp_path, press):
    engine = StandInEngine()
    async with sorting(pile(tmp_path, ["a.mp4"]), engine) as pilot:
        assert len(engine.requests) == 1
        await press(pilot, "r")
        await until(lambda: not pilot.app.progress.stage)
        assert engine.cancels == 1
        await press(pilot, "r")
        await until(lambda: len(engine.requests) == 2)
        assert pilot.app.progress.stage
        assert (engine.requests[1].library, engine.cancels) == (tmp_path, 1)


async def test_a_new_folder_gets_the_next_key(tmp_path, press):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await press(pilot, "n")
        await until(lambda: isinstance(pilot.app.screen, FolderNameScreen))
        # Each of these is a key of the sorting screen.
        await pilot.press(*"1 sun", "enter")
        await until_shown(pilot, "New folder 1 sun, key 3", "3  1 sun")
        assert queue(pilot) == "[a]"
        assert (tmp_path / "1 sun").is_dir()
        await press(pilot, "3")
        await until_shown(pilot, "Filed a.mp4 in 1 sun")
    assert where(tmp_path) == {"a.mp4": "1 sun/a.mp4"}


@pytest.mark.parametrize(
    ("name", "reason"), [("..", "begin with a dot"), ("CATS", "cats is there already"), ("a/b", "cannot hold /")]
)
async def test_a_bad_name_makes_no_folder_and_says_why(tmp_path, name, reason):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await pilot.press("n", *name, "enter")
        await until_shown(pilot, reason)
        assert [folder.name for folder in pilot.app.session.folders] == ["cats", "dogs"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == [".tiksort", "cats", "dogs"]


async def test_no_folder_is_made_when_the_name_is_called_off(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await pilot.press("n", *"birds", "escape")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats")
    assert not (tmp_path / "birds").exists()


async def test_keys_in_the_window_of_mpv_wait_while_a_name_is_typed(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await pilot.press("n")
        await in_mpv(pilot, "1", "q")
        assert queue(pilot) == "[a]"
        assert isinstance(pilot.app.screen, FolderNameScreen)


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_the_help_names_every_key_and_any_key_closes_it_without_acting(tmp_path, press, key):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await press(pilot, key)
        await until(lambda: isinstance(pilot.app.screen, HelpScreen))
        for command in COMMANDS:
            assert re.search(re.escape(command.shown) + r"\s+" + re.escape(command.what), drawn(pilot))
        await pilot.press("1")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        assert queue(pilot) == "[a]"


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quitting_waits_for_the_filing_under_way(tmp_path, press, key):
    engine, player = StandInEngine(), recording_player()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), engine, player) as pilot:
        app, go_on = pilot.app, asyncio.Event()
        file = app.filer.file

        async def slow_file(clip, folder):
            await go_on.wait()
            return await file(clip, folder)

        app.filer.file = slow_file
        await press(pilot, "1")
        pressing = asyncio.create_task(press(pilot, key))
        await until_shown(pilot, "finishing the moves in flight")
        assert where(tmp_path)["a.mp4"] == "a.mp4"
        go_on.set()
        await until(lambda: not app.is_running)
        pressing.cancel()
    assert where(tmp_path)["a.mp4"] == "cats/a.mp4"
    assert engine.closed
    assert asked(player)[-1] == ("close",)


async def test_keys_that_mean_nothing_here_do_nothing(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        before = drawn(pilot)
        await pilot.press("x", "y", "ctrl+c", "ctrl+p", "escape", "f5", "A", "é", "pageup", "home")
        assert pilot.app.screen is pilot.app.sort_screen
        assert drawn(pilot) == before


def test_the_readme_has_the_table_of_keys():
    rows = [f"| {command.shown} | {command.what} |" for command in COMMANDS]
    tables = re.findall(r"(?:^\|.*\n)+", README.read_text(), flags=re.MULTILINE)
    table = next((table for table in tables if rows[0] in table), "")
    assert table.splitlines()[2:] == rows
