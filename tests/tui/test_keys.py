"""Every key of the sorting screen, pressed in the terminal and in mpv's window, and what becomes of the files."""

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import AppBlur, Key
from textual.widgets import Input

from tests.tui.helpers import (
    CONFIG,
    StandInEngine,
    asked,
    burst,
    drawn,
    in_mpv,
    in_mpv_calmly,
    panel,
    pile,
    predicted,
    queue,
    recording_player,
    shown_in_mpv,
    sorting,
    typed,
    until,
    until_shown,
    where,
)
from tiksort_tui.config import KeysConfig, with_overrides
from tiksort_tui.errors import ConfigError
from tiksort_tui.ordering import Suggested
from tiksort_tui.pipeline.events import Finished, VideoFailed
from tiksort_tui.player.events import KeyPressed
from tiksort_tui.tui.app import SortApp
from tiksort_tui.tui.guard import SEEN_SECONDS, TORN_SECONDS
from tiksort_tui.tui.keymap import COMMANDS, Keymap
from tiksort_tui.tui.screens.choice import ChoiceScreen
from tiksort_tui.tui.screens.folder_name import FolderNameScreen
from tiksort_tui.tui.screens.help import MOST_KEYS, HelpScreen

KEYMAP = Keymap(KeysConfig())
README = Path(__file__).parents[2] / "README.md"


async def in_terminal(pilot, *keys):
    await pilot.press(*keys)


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
        await until_shown(pilot, "No folder has the key 3")
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
        await until_shown(pilot, "There is no suggestion to take")
    assert where(tmp_path) == {"a.mp4": f"{folder}/a.mp4", "b.mp4": "b.mp4"}


async def test_a_suggested_folder_that_is_gone_says_so(tmp_path, press):
    pile(tmp_path, ["a.mp4"], ["cats"])
    async with sorting(tmp_path, StandInEngine(predicted(tmp_path, a=[("dogs", 0.8)]))) as pilot:
        await until_shown(pilot, "80 %")
        await press(pilot, "enter")
        await until_shown(pilot, "There is no folder dogs")
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


async def test_redo_does_again_what_was_taken_back_also_of_an_earlier_session(tmp_path, press):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        await press(pilot, "1", "2")
        await press(pilot, "u", "u")
        await until_shown(pilot, "Took a.mp4 back from cats")
        assert queue(pilot) == "[a] b"
        await press(pilot, "U")
        await until_shown(pilot, "Filed a.mp4 in cats again")
        assert queue(pilot) == "[b]"
        assert {folder.name: folder.count for folder in pilot.app.session.folders} == {"cats": 1, "dogs": 0}
    async with sorting(tmp_path) as pilot:
        await press(pilot, "ctrl+r")
        await until_shown(pilot, "Filed b.mp4 in dogs again", "1 filed")
        await press(pilot, "ctrl+r")
        await until_shown(pilot, "Nothing to redo")
    assert where(tmp_path) == {"a.mp4": "cats/a.mp4", "b.mp4": "dogs/b.mp4"}


async def test_the_trash_takes_a_clip_and_gives_it_back(tmp_path, press):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        await press(pilot, "d")
        await until_shown(pilot, "Put a.mp4 in the trash")
        assert queue(pilot) == "[b]"
        assert where(tmp_path) == {"a.mp4": ".trash/a.mp4", "b.mp4": "b.mp4"}
        await press(pilot, "u")
        await until_shown(pilot, "Took a.mp4 back from the trash")
        assert queue(pilot) == "[a] b"
    assert where(tmp_path) == {"a.mp4": "a.mp4", "b.mp4": "b.mp4"}


async def test_of_two_that_are_the_same_one_can_be_put_in_the_trash(tmp_path, press):
    root = pile(tmp_path, ["a.mp4", "b.mp4"])
    (root / "cats" / "a.mp4").write_text("a.mp4")
    async with sorting(root) as pilot:
        await press(pilot, "1")
        await until_shown(pilot, "Not filed: cats has the same clip; ↑ goes back, then d trashes it", "same as in cats")
        await press(pilot, "up", "d")
        await until_shown(pilot, "Put a.mp4 in the trash")
        assert "same as in cats" not in drawn(pilot)
        assert (root / ".trash" / "a.mp4").read_text() == (root / "cats" / "a.mp4").read_text() == "a.mp4"


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
        await until(lambda: len(engine.requests) == 1)
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
        await typed(pilot, "n", *name, "enter")
        await until_shown(pilot, reason)
        assert [folder.name for folder in pilot.app.session.folders] == ["cats", "dogs"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == [".tiksort", "cats", "dogs"]


async def test_no_folder_is_made_when_the_name_is_called_off(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await typed(pilot, "n", *"birds", "escape")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats")
    assert not (tmp_path / "birds").exists()


async def test_a_name_is_typed_in_the_window_of_mpv_and_shown_there(tmp_path):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4"], ["cats", "cows"]), player=player) as pilot:
        await in_mpv(pilot, "slash")
        await until(lambda: shown_in_mpv(player) == "File into: \n▸ cats\n  cows")
        await in_mpv(pilot, "c", "o")
        await until(lambda: shown_in_mpv(player) == "File into: co\n▸ cows\n  new folder: co")
        await in_mpv(pilot, "q", "backspace", "enter")
        await until_shown(pilot, "Filed a.mp4 in cows")
        await until(lambda: shown_in_mpv(player) == "Filed a.mp4 in cows")
        await in_mpv(pilot, "n", "x", "space", "2", "enter")
        await until(lambda: (tmp_path / "x 2").is_dir())


async def test_esc_in_the_window_of_mpv_leaves_what_lies_over_the_screen_and_is_mpvs_own_after(tmp_path):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4"]), player=player) as pilot:
        for key in ("n", "g", "question_mark", "i", "b", "t", "colon"):
            await in_mpv(pilot, key)
            await until(lambda: pilot.app.screen is not pilot.app.sort_screen and shown_in_mpv(player))
            assert "ESC" in player.listen_to.call_args[0][0]
            await in_mpv(pilot, "escape")
            await until(lambda: pilot.app.screen is pilot.app.sort_screen)
            await until(lambda: "ESC" not in player.listen_to.call_args[0][0])
            await until(lambda: shown_in_mpv(player) == "")
    assert where(tmp_path) == {"a.mp4": "a.mp4"}


def compose_slowly(screen, monkeypatch):
    """Have `screen` be there for a while before it has anything that could take a key."""
    compose = screen._compose

    async def slow_compose(self):
        await asyncio.sleep(0.2)
        await compose(self)

    monkeypatch.setattr(screen, "_compose", slow_compose)


@pytest.mark.parametrize("before", ["left_square_bracket", "escape"])
async def test_keys_in_the_window_of_mpv_are_whole_and_mute_no_other(tmp_path, before):
    async with sorting(pile(tmp_path, ["a.mp4"]), player=recording_player(), guarded=True) as pilot:
        in_mpv_calmly(pilot, before, "1")
        await until_shown(pilot, "Filed a.mp4 in cats")


async def test_esc_in_the_window_of_mpv_that_comes_after_what_it_should_leave_mutes_nothing(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"]), player=recording_player(), guarded=True) as pilot:
        await in_mpv(pilot, "n")
        await until(lambda: isinstance(pilot.app.screen, FolderNameScreen))
        pilot.app._on_player(KeyPressed("ESC"))
        pilot.app.pop_screen()
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        await pilot.pause()
        pressed = Key("1", "1")
        # Less than a torn sequence would mute it for.
        pressed.time = time.monotonic() + 0.5 * TORN_SECONDS
        pilot.app.post_message(pressed)
        await until_shown(pilot, "Filed a.mp4 in cats")


async def test_keys_that_come_before_a_dialog_is_there_are_typed_into_it_in_their_order(tmp_path, monkeypatch):
    compose_slowly(ChoiceScreen, monkeypatch)
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"], ["cats"])) as pilot:
        burst(pilot, "slash", *"birds", "enter")
        await until_shown(pilot, "Filed a.mp4 in birds")
        assert queue(pilot) == "[b]"
    assert where(tmp_path) == {"a.mp4": "birds/a.mp4", "b.mp4": "b.mp4"}


async def test_between_two_dialogs_no_key_is_for_the_screen_below(tmp_path, monkeypatch):
    pop_screen = SortApp.pop_screen

    def pop_and_press(app):
        burst(pilot, "d", "u")
        return pop_screen(app)

    compose_slowly(FolderNameScreen, monkeypatch)
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await typed(pilot, "colon", *"new folder")
        monkeypatch.setattr(SortApp, "pop_screen", pop_and_press)
        await pilot.press("enter")
        await until(lambda: [box.value for box in pilot.app.screen.query(Input)] == ["du"])
        assert isinstance(pilot.app.screen, FolderNameScreen)
        assert queue(pilot) == "[a]"


async def test_a_dialog_that_follows_another_at_once_is_waited_for(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        pilot.app.sort_screen.lay_over(FolderNameScreen("One"))
        await until(lambda: pilot.app.screen.is_there)
        pilot.app.screen.answer("")
        pilot.app.sort_screen.lay_over(FolderNameScreen("Two"))
        await until_shown(pilot, "Two")


async def test_a_name_is_typed_in_the_window_of_mpv_while_the_terminal_is_behind_it(tmp_path):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4"], ["cats", "café"]), player=player) as pilot:
        # What a terminal tells when another window gets the keyboard.
        pilot.app.post_message(AppBlur())
        await until(lambda: not pilot.app.app_focus)
        await in_mpv(pilot, "slash", "é")
        await until(lambda: shown_in_mpv(player) == "File into: é\n▸ café\n  new folder: é")
        await in_mpv(pilot, "enter")
        await until_shown(pilot, "Filed a.mp4 in café")


# Whether it is asked for by the one key or the other, here or there, it is the same.
@pytest.mark.parametrize(
    ("press", "key", "size"),
    [(in_terminal, "question_mark", (80, 60)), (in_mpv, "f1", (130, 36))],
    ids=["one column", "two columns"],
)
async def test_the_help_names_every_key_and_any_key_closes_it_without_acting(tmp_path, press, key, size):
    async with sorting(pile(tmp_path, ["a.mp4"]), size=size) as pilot:
        await press(pilot, key)
        await until(lambda: isinstance(pilot.app.screen, HelpScreen))
        shown = drawn(pilot)
        for keys, command in KEYMAP.rows(MOST_KEYS):
            assert re.search(re.escape(keys) + r"\s+" + re.escape(command.what), shown)
        await pilot.press("1")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        assert queue(pilot) == "[a]"


async def test_a_help_that_does_not_fit_is_scrolled(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"]), size=(80, 24)) as pilot:
        await pilot.press("f1")
        await until_shown(pilot, "file into folder 1-10")
        await pilot.press("pagedown", "pagedown")
        await until_shown(pilot, "all keys", "any other key leaves")


async def test_the_palette_has_every_command_and_does_it(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"]), size=(120, 70)) as pilot:
        await pilot.press("colon")
        await until(lambda: isinstance(pilot.app.screen, ChoiceScreen))
        for _, command in KEYMAP.rows():
            found = [what for what in pilot.app.screen._options if f"{command.what}  (" in what]
            # Instead of it there are the folders.
            assert len(found) == (command.id != "file")
        await pilot.press("escape")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        await typed(pilot, "ctrl+p", *"trash", "enter")
        await until_shown(pilot, "Put a.mp4 in the trash")
        await typed(pilot, "colon", *"back what", "enter")
        await until_shown(pilot, "Took a.mp4 back from the trash")
        await pilot.press("colon", *"dogs", "enter")
        await until_shown(pilot, "Filed a.mp4 in dogs")


@pytest.mark.parametrize("word", ["help", "undo", "redo", "trash", "filter", "order", "retrain", "fullscreen", "sure"])
async def test_the_palette_knows_commands_by_their_word_and_none_by_scattered_letters(tmp_path, word):
    async with sorting(pile(tmp_path, ["a.mp4"]), size=(120, 70)) as pilot:
        await pilot.press("colon", *word)
        await until(lambda: pilot.app.screen._found and all(word in found for found in pilot.app.screen._found))
        assert pilot.app.screen._found[0].startswith(word)


@pytest.mark.parametrize("opened_by", ["slash", "n", "w", "b", "t"])
async def test_esc_is_heard_also_when_the_next_key_comes_so_soon_that_the_terminal_tells_of_one(tmp_path, opened_by):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await pilot.press(opened_by)
        await until(lambda: pilot.app.screen is not pilot.app.sort_screen)
        await pilot.press("alt+enter")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
    assert where(tmp_path) == {"a.mp4": "a.mp4"}


async def test_a_key_that_may_be_a_piece_of_a_sequence_is_left_out_with_a_word(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), player=recording_player(), guarded=True) as pilot:
        await asyncio.sleep(2 * SEEN_SECONDS)
        await pilot.press("left_square_bracket", "u")
        await until_shown(pilot, "Left out: so soon after Esc or a bracket")
        await pilot.press("j")
        await until(lambda: queue(pilot) == "a [b]")


async def test_what_files_after_a_key_that_was_left_out_is_left_out_too(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), player=recording_player(), guarded=True) as pilot:
        screen, now = pilot.app.sort_screen, time.monotonic() + 1.0
        screen.press("escape", now)
        # Meant as the model's page, and its second one.
        screen.press("t", now + 0.9)
        screen.press("2", now + 2.2)
        await until_shown(pilot, "Left out: so soon after Esc or a bracket it may be no key; press it again")
        assert queue(pilot) == "[a] b"
        # That is what the word says, and another key is still none.
        screen.press("1", now + 2.4)
        screen.press("2", now + 2.6)
        assert queue(pilot) == "[a] b"
        screen.press("2", now + 3.0)
        await until_shown(pilot, "Filed a.mp4 in dogs")


async def test_the_key_that_was_left_out_counts_as_soon_as_it_can_be_no_piece(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), player=recording_player(), guarded=True) as pilot:
        screen, now = pilot.app.sort_screen, time.monotonic() + 1.0
        screen.press("escape", now)
        for after in (0.3, 0.6, 0.9):
            screen.press("2", now + after)
        assert queue(pilot) == "[a] b"
        screen.press("2", now + 1.3)
        await until_shown(pilot, "Filed a.mp4 in dogs")


async def test_what_steers_a_player_that_is_not_there_says_so(tmp_path):
    player = recording_player()
    async with sorting(pile(tmp_path, ["a.mp4"]), player=player) as pilot:
        for nobody, told in (("mpv closed", "v brings it back"), ("no player", "--player none")):
            player.describe.return_value = nobody
            await pilot.press("space")
            await until_shown(pilot, f"{nobody}: {told}")
        assert ("toggle_pause",) not in asked(player)


async def test_takes_that_were_taken_back_are_counted_no_more(tmp_path):
    engine = StandInEngine(predicted(tmp_path, **{clip: [("cats", 0.9), ("dogs", 0.1)] for clip in "ab"}))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"]), engine) as pilot:
        await until_shown(pilot, "90 %")
        await pilot.press("enter", "tab")
        await until(lambda: "1 x Enter, 1 x Tab" in panel(pilot, "session"))
        await until_shown(pilot, "Filed b.mp4 in dogs")
        await pilot.press("u")
        await until(lambda: "1 x Enter" in panel(pilot, "session") and "Tab" not in panel(pilot, "session"))


async def test_a_name_is_typed_to_file_into_a_folder_and_to_make_one(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"], ["cats", "dogs", "cold dishes"])) as pilot:
        await typed(pilot, "slash", *"do", "enter")
        await until_shown(pilot, "Filed a.mp4 in dogs")
        await pilot.press("slash", *"c", "down", "enter")
        await until_shown(pilot, "Filed b.mp4 in cold dishes")
        await typed(pilot, "slash", *"cooking")
        await until_shown(pilot, "new folder: cooking")
        await pilot.press("enter")
        await until_shown(pilot, "Filed c.mp4 in cooking", "4  cooking")
    assert where(tmp_path) == {"a.mp4": "dogs/a.mp4", "b.mp4": "cold dishes/b.mp4", "c.mp4": "cooking/c.mp4"}


async def test_a_name_that_is_typed_files_no_other_clip_than_the_one_it_was_typed_for(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        await typed(pilot, "slash", *"cats")
        pilot.app.session.gone([tmp_path / "a.mp4"])
        await pilot.press("enter")
        await until_shown(pilot, "a.mp4 is no longer on screen, and was not filed")
        assert queue(pilot) == "[b]"
    assert where(tmp_path)["b.mp4"] == "b.mp4"


async def test_a_folder_gets_another_name_and_back(tmp_path):
    root = pile(tmp_path, ["a.mp4", "b.mp4"])
    engine = StandInEngine(predicted(root, b=[("cats", 0.9)]))
    async with sorting(root, engine) as pilot:
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats")
        await typed(pilot, "colon", *"another name")
        await typed(pilot, "enter")
        await typed(pilot, *"cats", "enter")
        await until_shown(pilot, "Another name for cats")
        await pilot.press("ctrl+u")
        await typed(pilot, *"dogs", "enter")
        await until_shown(pilot, "dogs is there already")
        await pilot.press("ctrl+u")
        await typed(pilot, *"kittens", "enter")
        await until_shown(pilot, "cats is called kittens", "1  kittens")
        await pilot.press("enter")
        await until_shown(pilot, "Filed b.mp4 in kittens")
        await pilot.press("u")
        await until_shown(pilot, "Took b.mp4 back from kittens")
        await pilot.press("u")
        await until_shown(pilot, "kittens is called cats again", "1  cats")
    assert where(root) == {"a.mp4": "cats/a.mp4", "b.mp4": "b.mp4"}


async def test_one_goes_to_a_clip_by_a_part_of_its_name(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "some kick.mp4", "z.mp4"])) as pilot:
        await typed(pilot, "g", *"kick", "enter")
        await until(lambda: queue(pilot) == "a [some kick] z")


async def test_a_filed_clip_plays_on_for_a_while_where_one_wants_it_so(tmp_path, monkeypatch):
    player, timers = recording_player(), []
    config = with_overrides(CONFIG, player__delay=0.3)
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]), player=player, config=config) as pilot:
        # It ends when the test says so.
        monkeypatch.setattr(pilot.app.sort_screen, "set_timer", lambda *timer: timers.append(timer))
        await pilot.press("1")
        assert queue(pilot) == "[b] c d"
        assert asked(player)[-1] == ("play", tmp_path / "a.mp4")
        ((delay, play_b),) = timers
        assert delay == 0.3
        play_b()
        assert asked(player)[-1] == ("play", tmp_path / "b.mp4")
        # Who walks does not wait, and what was passed over meanwhile is not played.
        await pilot.press("1", "j")
        assert queue(pilot) == "c [d]"
        timers[1][1]()
        assert [path.stem for _, path in asked(player)] == ["a", "b", "d"]


async def test_keys_of_ones_own(tmp_path):
    keys = KeysConfig({"undo": ("z",), "trash": ("delete", "ctrl+d")}, {"c": "cats", "C": "dogs"})
    root = pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])
    async with sorting(root, config=replace(CONFIG, keys=keys)) as pilot:
        await until_shown(pilot, "1c cats", "z undo")
        await pilot.press("c")
        await until_shown(pilot, "Filed a.mp4 in cats")
        await pilot.press("u")
        await pilot.press("C")
        await until_shown(pilot, "Filed b.mp4 in dogs")
        await pilot.press("z")
        await until_shown(pilot, "Took b.mp4 back from dogs")
        await pilot.press("delete")
        await until_shown(pilot, "Put b.mp4 in the trash")
        await pilot.press("d")
        assert queue(pilot) == "[c]"
        await pilot.press("f1")
        await until_shown(pilot, "Delete, Ctrl+D")
    assert where(root) == {"a.mp4": "cats/a.mp4", "b.mp4": ".trash/b.mp4", "c.mp4": "c.mp4"}


async def test_whatever_is_said_names_ones_own_keys(tmp_path):
    keys = {"undo": ("z",), "retrain": ("x",), "trash": ("e",), "new_folder": ("a",), "choose": ("c",), "quit": ("Q",)}
    config = replace(CONFIG, keys=KeysConfig(keys))
    async with sorting(tmp_path, config=config) as pilot:
        await until_shown(pilot, "Put videos here, and x")
    async with sorting(pile(tmp_path, ["a.mp4"], []), config=config) as pilot:
        await until_shown(pilot, "a makes a folder; c files into a new one", "x cancels")
        await pilot.press("x")
        await until_shown(pilot, "none yet: x reads it", "x looks for new clips")
        await pilot.press("b")
        await until_shown(pilot, "Esc, then x, reads and learns")
    (tmp_path / "cats").mkdir()
    engine = StandInEngine(VideoFailed(tmp_path / "a.mp4", "cut short", 1, 1), Finished(1, 0))
    async with sorting(tmp_path, engine, config=config) as pilot:
        await until_shown(pilot, "e puts it in the trash", "x reads the new", "c  type a folder name")
        await pilot.press("1")
        await until_shown(pilot, "z  undo", "z undoes the last one, x learns from them, Q quits")
        await pilot.press("t")
        await until_shown(pilot, "x reads the clips", "x retrain")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (KeysConfig({"undo": ("d",)}), "d cannot stand for both 'undo' and 'trash'"),
        (KeysConfig({"undo": ("1",)}), "1 cannot stand for both 'file' and 'undo'"),
        (KeysConfig({}, {"d": "dogs"}), "d cannot stand for both 'trash' and the folder 'dogs'"),
        (KeysConfig({}, {"7": "dogs"}), "7 cannot stand for both 'file' and the folder 'dogs'"),
        (KeysConfig({"udno": ("d",)}), "no command 'udno'; did you mean 'undo'"),
        (KeysConfig({"undo": ("del",)}), "there is no key 'del' for 'undo'"),
        (KeysConfig({"undo": ("\x01",)}), "there is no key '\\x01' for 'undo'"),
        (KeysConfig({"undo": ("",)}), "there is no key '' for 'undo'"),
        (KeysConfig({}, {"/": "cats", "slash": "dogs"}), "/ cannot stand for both 'choose' and the folder 'cats'"),
        (KeysConfig({}, {"F2": "cats", "f2": "dogs"}), "F2 cannot stand for both the folder 'cats' and the folder"),
        (KeysConfig({}, {"strg+a": "dogs"}), "there is no key 'strg+a' for the folder 'dogs'"),
    ],
)
def test_keys_that_clash_are_named(keys, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        Keymap(keys)


def test_a_key_may_be_any_that_a_terminal_can_tell():
    keys = ("é", "ctrl+shift+f5", "+", "ctrl++", "slash", "PageUp", "Ctrl+Z", "delete", "я", "§", "Alt+X")
    keymap = Keymap(KeysConfig({"undo": keys, "choose": ("z",), "louder": ("=",)}))
    for key in ("ctrl+plus", "pageup", "ctrl+z", "plus", "я", "section_sign", "alt+x"):
        assert keymap.command_of(key) == "undo"


def test_the_example_of_a_configuration_names_all_commands():
    text = README.with_name("config.example.toml").read_text()
    listed = text.partition("The commands:")[2].partition(".")[0]
    assert set(re.findall(r"\w+", listed)) == {command.id for command in COMMANDS} - {"file"}


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quitting_waits_for_the_filing_under_way(tmp_path, press, key):
    engine, player = StandInEngine(), recording_player()
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), engine, player) as pilot:
        app, go_on = pilot.app, asyncio.Event()
        filer = app.moves._filer
        file = filer.file

        async def slow_file(clip, folder):
            await go_on.wait()
            return await file(clip, folder)

        filer.file = slow_file
        await press(pilot, "1")
        pressing = asyncio.create_task(press(pilot, key))
        await until_shown(pilot, "Finishing the moves in flight")
        assert where(tmp_path)["a.mp4"] == "a.mp4"
        go_on.set()
        await until(lambda: not app.is_running)
        pressing.cancel()
    assert where(tmp_path)["a.mp4"] == "cats/a.mp4"
    assert engine.closed
    assert asked(player)[-1] == ("close",)


async def test_keys_that_mean_nothing_here_do_nothing(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        await until_shown(pilot, " B")
        before = drawn(pilot)
        await pilot.press("x", "y", "ctrl+c", "ctrl+p", "escape", "f5", "A", "é", "pageup", "home")
        assert pilot.app.screen is pilot.app.sort_screen
        assert drawn(pilot) == before


def test_the_readme_has_the_table_of_keys():
    rows = [f"| {keys} | {command.what} |" for keys, command in KEYMAP.rows()]
    tables = re.findall(r"(?:^\|.*\n)+", README.read_text(), flags=re.MULTILINE)
    table = next((table for table in tables if rows[0] in table), "")
    assert table.splitlines()[2:] == rows


async def test_the_choice_of_a_folder_begins_at_the_suggestion(tmp_path):
    pile(tmp_path, ["a.mp4"], ["birds", "cats", "dogs"])
    engine = StandInEngine(predicted(tmp_path, a=[("dogs", 0.8)]))
    async with sorting(tmp_path, engine) as pilot:
        await until_shown(pilot, "80 %")
        await pilot.press("slash", "enter")
        await until_shown(pilot, "Filed a.mp4 in dogs")


async def test_a_choice_shows_what_enter_takes_on_every_terminal(tmp_path):
    folders = [f"folder {number:03}" for number in range(300)]
    async with sorting(pile(tmp_path, ["a.mp4"], folders), size=(120, 36)) as pilot:
        await pilot.press("slash")
        await until(lambda: isinstance(pilot.app.screen, ChoiceScreen))
        place = 0
        for steps in (0, 1, 8, 141, 149):
            burst(pilot, *["down"] * steps)
            place += steps
            # Also where the terminal has become smaller meanwhile, or larger.
            for width, height in [(40, 8), (60, 14), (80, 17), (80, 24), (200, 60)]:
                await pilot.resize_terminal(width, height)
                await until_shown(pilot, f"▸ folder {place:03}")
                await until(lambda lines=height - 2: len(boxed(pilot)) == lines)
                assert boxed(pilot)[-1 if height < 18 else -2].startswith("Enter takes it")
                box = "\n".join(boxed(pilot))
                shown = [int(number) for number in re.findall(r"folder (\d+)", box)]
                above, below = (re.search(rf"… (\d+) {word}", box) for word in ("above", "more"))
                assert shown == [*range(shown[0], shown[0] + len(shown))]
                assert (int(above[1]) if above else 0) == shown[0]
                assert (int(below[1]) if below else 0) == 299 - shown[-1]
                # In the line that tells of a single one there would be room for it.
                assert not re.search(r"… 1 (above|more)", box)
                assert len(shown) + bool(above) + bool(below) == height - (5 if height < 18 else 9)


def boxed(pilot):
    """The lines in the box that lies over the sorting screen."""
    found = (re.search("│  (.*)  │", line) for line in drawn(pilot).splitlines())
    return [line[1].strip() for line in found if line]


async def test_a_choice_that_fits_shows_all_and_keeps_its_place_while_one_types(tmp_path):
    folders = [f"folder {number:02}" for number in range(14)]
    async with sorting(pile(tmp_path, ["a.mp4"], folders), size=(80, 24)) as pilot:
        await pilot.press("slash")
        await until_shown(pilot, "folder 13", "Enter takes it, ↑ ↓ choose, Esc none")
        assert "…" not in " ".join(boxed(pilot))
        box = pilot.app.screen.query_one(".box").region
        await typed(pilot, *"13")
        await until(lambda: "folder 12" not in " ".join(boxed(pilot)))
        assert pilot.app.screen.query_one(".box").region == box


def test_as_many_hints_as_fit_to_the_column():
    everyday = (
        "1-0 file  Enter take  / folder  u undo  s later  Space pause  ←→ seek  j k walk  b sure ones  r retrain"
        "  ? keys  q quit"
    )
    assert len(everyday) == 119
    assert KEYMAP.hints(119) == everyday
    assert "r retrain" not in KEYMAP.hints(118)
    more = "r retrain  d trash  n new folder  o order  w filter  g go to  i details  t model  ? keys  q quit"
    assert KEYMAP.hints(199).endswith(more)


async def test_the_hints_name_the_keys_of_the_configuration(tmp_path):
    own = KeysConfig(commands={"forward": ("x",), "up": ("y",), "retrain": (), "take_1": (), "choose": ("F2",)})
    async with sorting(
        pile(tmp_path, ["a.mp4"]), player=recording_player(), size=(200, 60), config=replace(CONFIG, keys=own)
    ) as pilot:
        hints = panel(pilot, "keys")
        assert hints.startswith(" 1-0 file  F2 folder  u undo  s later  Space pause  ← x seek  ↓ y walk  b sure ones")
        # What has no key is found by its name.
        await pilot.press("question_mark")
        await until_shown(pilot, ": take 1", ": retrain", ": rename")


async def test_the_hints_are_those_of_keys_that_do_something(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"]), player=recording_player(), size=(80, 24)) as pilot:
        assert "Space pause" in panel(pilot, "keys")
        # Where nothing plays there is nothing to pause.
        pilot.app.player.describe.return_value = "no mpv"
        await pilot.press("j")
        assert panel(pilot, "keys").strip() == (
            "1-0 file  Enter take  / folder  u undo  s later  j k walk  ? keys  q quit"
        )
        await pilot.press("1")
        await until_shown(pilot, "All sorted")
        assert panel(pilot, "keys").strip() == "u undo  r retrain  n new folder  t model  ? keys  q quit"


async def test_without_a_clip_that_the_filter_shows_the_hints_say_how_to_get_one(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    async with sorting(tmp_path, size=(80, 24)) as pilot:
        pilot.app.session.arrange(pilot.app.session.order, Suggested("cats"))
        await pilot.press("1")
        await until_shown(pilot, "No clip to show")
        assert panel(pilot, "keys").strip() == (
            "u undo  b sure ones  r retrain  n new folder  w filter  t model  ? keys  q quit"
        )
