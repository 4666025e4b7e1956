"""What reaches the terminal without being pressed files nothing: torn sequences, late answers, held keys."""

import asyncio
import time
from pathlib import Path

import pytest
from textual import constants
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste

from tests.tui.helpers import panel, pile, queue, sorting, until, where
from tiksort_tui.config import KeysConfig
from tiksort_tui.tui.guard import REPEAT_SECONDS, SEEN_SECONDS, TORN_SECONDS, FilingGuard
from tiksort_tui.tui.keymap import FILING, Keymap

CLIPS = [Path(f"/videos/{i}.mp4") for i in range(100)]
PAINTING = 0.015
KEYMAP = Keymap(KeysConfig())


class Screen:
    """A guard, and a queue of clips of which each is painted a moment after the one before it was filed."""

    def __init__(self):
        self.guard = FilingGuard()
        self.filed = []
        self.now = 0.0
        self.guard.painted(CLIPS[0], self.now)

    def press(self, key, after):
        """`key` comes `after` this many seconds."""
        self.now += after
        clip = CLIPS[len(self.filed)]
        allowed = self.guard.allows(key, clip, self.now)
        if KEYMAP.command_of(key) in FILING and allowed:
            self.filed.append(key)
            self.guard.painted(CLIPS[len(self.filed)], self.now + PAINTING)


def keys_of(*parts):
    """The keys that Textual makes of bytes that come in `parts`, with more than ESCDELAY between them."""
    parser = XTermParser()
    for part in parts:
        keys = [event.key for event in parser.feed(part) if isinstance(event, Key)]
        time.sleep(constants.ESCAPE_DELAY * 1.2)
        yield keys + [event.key for event in parser.tick() if isinstance(event, Key)]


def test_a_clip_counts_from_the_moment_it_can_be_seen():
    guard = FilingGuard()
    assert not guard.allows("1", CLIPS[0], 100.0)
    guard.painted(CLIPS[0], 200.0)
    assert not guard.allows("1", CLIPS[0], 200.0 + 0.9 * SEEN_SECONDS)
    assert not guard.allows("2", CLIPS[1], 201.0)
    assert guard.allows("3", CLIPS[0], 202.0)
    # Painted again, as on every change, it has been seen all the same.
    guard.painted(CLIPS[0], 203.0)
    assert guard.allows("4", CLIPS[0], 203.0)


def test_a_clip_that_was_covered_has_to_be_seen_anew():
    guard = FilingGuard()
    guard.painted(CLIPS[0], 0.0)
    guard.covered()
    assert not guard.allows("1", CLIPS[0], 10.0)
    guard.painted(CLIPS[0], 20.0)
    assert not guard.allows("2", CLIPS[0], 20.05)
    assert guard.allows("3", CLIPS[0], 20.2)


@pytest.mark.parametrize("period", [0.033, 0.040, 0.092], ids=["fast", "usual", "the console of Linux"])
@pytest.mark.parametrize("key", ["1", "enter"])
def test_a_held_key_files_once(key, period):
    screen = Screen()
    screen.press(key, after=1.0)
    for _ in range(200):
        screen.press(key, after=period)
    assert screen.filed == [key]
    screen.press(key, after=0.5)
    assert screen.filed == [key, key]


def test_a_held_key_files_once_over_a_line_that_stutters():
    screen = Screen()
    screen.press("1", after=1.0)
    for _ in range(20):
        for after in (0.033, 0.033, 0.033, 0.3, 0.001, 0.001, 0.001):
            screen.press("1", after)
    assert screen.filed == ["1"]


def test_fast_typing_files_every_clip():
    screen = Screen()
    typed = "1231232312"
    screen.press(typed[0], after=1.0)
    for key in typed[1:]:
        screen.press(key, after=0.12)
    assert "".join(screen.filed) == typed


def test_the_same_key_pressed_by_fingers_files_every_clip():
    screen = Screen()
    for _ in range(5):
        screen.press("enter", after=REPEAT_SECONDS + 0.03)
    assert len(screen.filed) == 5


@pytest.mark.parametrize(
    "parts",
    [
        ("\x1b", "[D"),
        ("\x1b[", "D"),
        ("\x1b", "[1;5D"),
        ("\x1b[", "1;5D"),
        ("\x1b[1;", "5D"),
        ("\x1bO", "P"),
        ("\x1b[", "15~"),
        ("\x1b[", "49;5u"),
        ("\x1b[?", "2026;2$y"),
        ("\x1b[?2", "026;2$y"),
        ("\x1b[?6", "2;1;2;4c"),
        ("\x1b]11;rgb:1111", "/2222/3333\x1b\\"),
        ("\x1bP>|XTerm(", "388)\x1b\\"),
    ],
    ids=repr,
)
def test_torn_sequences_and_answers_file_nothing(parts, monkeypatch):
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.01)
    screen = Screen()
    for keys in keys_of(*parts):
        for i, key in enumerate(keys):
            screen.press(key, after=0.0005 if i else 0.7)
    assert screen.filed == []
    screen.press("1", after=TORN_SECONDS + 0.1)
    assert screen.filed == ["1"]


def test_the_rest_of_an_answer_whose_beginning_is_lost_files_one_clip_at_most():
    screen = Screen()
    for i, key in enumerate(["2", "0", "2", "6", "semicolon", "2", "dollar_sign", "y"]):
        screen.press(key, after=0.0005 if i else 1.0)
    assert len(screen.filed) <= 1


@pytest.mark.parametrize("key", ["u", "n", "d", "D", "question_mark", "1"])
async def test_no_piece_of_a_torn_sequence_is_a_command(tmp_path, key):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), guarded=True) as pilot:
        screen, now = pilot.app.sort_screen, time.monotonic() + 10
        screen.press("alt+[", now)
        screen.press(key, now + 0.7)
        await pilot.pause()
        assert queue(pilot) == "[a] b"
        assert pilot.app.screen is screen


async def test_on_the_screen_a_held_key_files_one_clip_and_seen_ones_are_filed(tmp_path):
    clips = [f"{name}.mp4" for name in "abcdef"]
    async with sorting(pile(tmp_path, clips), guarded=True) as pilot:
        screen, later = pilot.app.sort_screen, time.monotonic() + 10

        async def press_until_on_screen(key, clip):
            # Until it has been painted, the key does nothing.
            nonlocal later
            while queue(pilot).partition("[")[2][0] != clip:
                later += 10
                screen.press(key, later)
                await pilot.pause()

        await press_until_on_screen("1", "b")
        for i in range(1, 40):
            screen.press("1", later + 0.033 * i)
            await pilot.pause()
        assert queue(pilot) == "[b] c d e f"
        assert panel(pilot, "clip").startswith("b.mp4")
        await press_until_on_screen("2", "c")
        # A key counts for when it was pressed, not for when the program finds the time to look at it.
        old = Key("1", "1")
        old.time -= 60
        screen.post_message(old)
        await pilot.pause()
        assert queue(pilot) == "[c] d e f"
        await until(lambda: (tmp_path / "dogs" / "b.mp4").exists())
    assert sorted(where(tmp_path).values()) == [
        "c.mp4", "cats/a.mp4", "d.mp4", "dogs/b.mp4", "e.mp4", "f.mp4",
    ]  # fmt: skip


async def test_pasted_text_is_no_keys(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        pilot.app.screen.post_message(Paste("1 2 q"))
        await pilot.pause()
        assert queue(pilot) == "[a] b"


async def test_a_key_that_closes_the_help_and_is_held_files_nothing(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), guarded=True) as pilot:
        screen = pilot.app.sort_screen
        # The clip has been seen; only the help that lies over it can make a difference.
        await asyncio.sleep(2 * SEEN_SECONDS)
        screen.press("question_mark", time.monotonic())
        await until(lambda: pilot.app.screen is not screen)
        closing = time.monotonic()
        await pilot.press("1")
        await until(lambda: pilot.app.screen is screen)
        await pilot.pause()
        screen.press("1", closing + 0.5 * SEEN_SECONDS)
        assert queue(pilot) == "[a] b"
        screen.press("2", closing + 60)
        assert queue(pilot) == "[b]"
        await until(lambda: (tmp_path / "dogs" / "a.mp4").exists())
