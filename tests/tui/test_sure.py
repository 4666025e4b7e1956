"""The sure clips in one go: what is listed and promised, what is ticked, and that all of it is filed, or none."""

import asyncio
import re
import threading
import time

import pytest
from textual.events import Key

from tests.tui.helpers import (
    CONFIG,
    StandInEngine,
    asked,
    drawn,
    in_mpv,
    in_mpv_calmly,
    panel,
    pile,
    queue,
    recording_player,
    remember_pictures,
    shown_in_mpv,
    sorting,
    until,
    until_redrawn,
    until_shown,
    where,
)
from tiksort_tui import library
from tiksort_tui.domain import Prediction, Suggestion
from tiksort_tui.pipeline.events import Finished, Predicted, Trained
from tiksort_tui.report import FolderScore, Promise, Report
from tiksort_tui.tui import app, filing
from tiksort_tui.tui.app import SortApp
from tiksort_tui.tui.guard import SEEN_SECONDS
from tiksort_tui.tui.screens.sure import SureScreen

SIZES = [(80, 24), (120, 36), (200, 60)]
PROMISED = Promise(target=0.98, threshold=0.94004, coverage=0.61, needed=None, offer=None)
NOT_PROMISED = Promise(target=0.98, threshold=None, coverage=0.0, needed=114, offer=None)
#     clip: folder, confidence, group
TOLD = {
    "a": ("cats", 0.99, 1),
    "b": ("dogs", 0.96, 2),
    "c": ("cats", 0.94, 1),
    "d": ("dogs", 0.92, 2),
    "e": ("dogs", 0.97, 0),
    "f": ("cats", 0.55, 1),
    "g": ("moss", 0.99, 0),
}


def trained(promise):
    folders = tuple(FolderScore(name, 20, 0.9, 0.9) for name in ("cats", "dogs"))
    report = Report(
        "logistic", {}, 40, 40, folders, (), 0.9, 0.3, 0.02, (), (), promise, (), (), 1.0, 0.0, (),
    )  # fmt: skip
    return Trained(report)


def said(root, promise=PROMISED, audited=""):
    """The model's word on the clips of TOLD; there is no folder moss."""
    # Confidences are told in four digits, also of a clip that is just over the threshold.
    least = round(promise.threshold or 2.0, 4)
    predictions = [
        Prediction(
            root / f"{name}.mp4", (Suggestion(folder, confidence),),
            sure=confidence >= least, audited=name in audited, group=group,
        )
        for name, (folder, confidence, group) in TOLD.items()
    ]  # fmt: skip
    return [trained(promise), Predicted(1, tuple(predictions)), Finished(7, 0)]


def pile_of(root):
    return pile(root, [f"{name}.mp4" for name in TOLD])


async def opened(pilot, key="b"):
    await until(lambda: not pilot.app.progress.stage)
    await pilot.press(key)
    await until(lambda: isinstance(pilot.app.screen, SureScreen) and "Esc leaves" in drawn(pilot))


async def left(pilot):
    await until(lambda: pilot.app.screen is pilot.app.sort_screen)


def rows(pilot):
    """The folders and their clips, ticked in capitals, the one under the cursor in brackets."""
    found = []
    for line in pilot.app.screen.query_one("#sure_list").render().plain.splitlines():
        if ".mp4" in line:
            name = line.split("] ")[1].split(".mp4")[0]
            name = name.upper() if "[x]" in line else name
            found.append(f"[{name}]" if line.startswith("▸") else name)
        elif line.strip():
            found.append(line.split()[1] + ":")
    return " ".join(found)


def unmoved():
    return {f"{name}.mp4": f"{name}.mp4" for name in TOLD}


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_what_the_model_promises_is_listed_by_folder_and_filed_and_one_key_takes_it_back(tmp_path, size):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path)), size=size) as pilot:
        await opened(pilot)
        assert rows(pilot) == "cats: [A] C dogs: E B"
        await until_shown(pilot, "4 clips, at least 98.0 % right", "over 94.0 %", "files 61 of 100", "Enter files 4")
        await pilot.press("enter")
        await left(pilot)
        await until_shown(pilot, "Filed 4 clips in one go")
        filed = {"a.mp4": "cats/a.mp4", "c.mp4": "cats/c.mp4", "e.mp4": "dogs/e.mp4", "b.mp4": "dogs/b.mp4"}
        assert where(tmp_path) == unmoved() | filed
        assert queue(pilot) == "[d] f g"
        assert {folder.name: folder.count for folder in pilot.app.session.folders} == {"cats": 2, "dogs": 2}
        await pilot.press("u")
        await until_shown(pilot, "and 3 more")
        assert where(tmp_path) == unmoved()
        assert queue(pilot) == "[a] b c e d f g"
        await pilot.press("U")
        await until_shown(pilot, "again, and 3 more")
        assert where(tmp_path) == unmoved() | filed
        await pilot.press("u")
        await until_shown(pilot, "Took")
        await pilot.press("u")
        await until_shown(pilot, "Nothing to undo")


async def test_keys_in_mpvs_window_are_whole_here_too(tmp_path):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path)), guarded=True) as pilot:
        await opened(pilot)
        await pilot.pause()
        in_mpv_calmly(pilot, "left_square_bracket", "enter")
        await until_shown(pilot, "Filed 4 clips in one go")


async def test_ticks_are_taken_and_given_and_only_what_is_ticked_is_filed(tmp_path):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path, audited="e"))) as pilot:
        await opened(pilot)
        # What checks the model is for the person, who is told so.
        assert rows(pilot) == "cats: [A] C dogs: e B"
        await until_shown(pilot, "checks the model", "Enter files 3")
        await pilot.press("space", "down", "j", "up")
        assert rows(pilot) == "cats: a [C] dogs: e B"
        await pilot.press("space", "end")
        assert rows(pilot) == "cats: a c dogs: e [B]"
        # A whole folder: at first what is left of it, then all but what is held back.
        await pilot.press("a")
        assert rows(pilot) == "cats: a c dogs: e [b]"
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, SureScreen)
        await pilot.press("a")
        assert rows(pilot) == "cats: a c dogs: e [B]"
        await pilot.press("k", "space")
        assert rows(pilot) == "cats: a c dogs: [E] B"
        await pilot.press("home", "a")
        assert rows(pilot) == "cats: [A] C dogs: E B"
        await pilot.press("space", "enter")
        await until_shown(pilot, "Filed 3 clips in one go")
    assert where(tmp_path)["a.mp4"] == "a.mp4"
    assert where(tmp_path)["e.mp4"] == "dogs/e.mp4"


async def test_the_confidence_is_asked_for_in_steps(tmp_path):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path))) as pilot:
        await opened(pilot)
        await pilot.press("down", "space", "less_than_sign")
        await until_shown(pilot, "over 92.0 %", "5 clips, 4 of them at least 98.0 % right")
        # The tick that was taken and the cursor stay where they are.
        assert rows(pilot) == "cats: A [c] dogs: E B D"
        await pilot.press("greater_than_sign")
        await until_shown(pilot, "over 94.0 %")
        assert rows(pilot) == "cats: A [c] dogs: E B"
        await pilot.press("plus", "plus", "plus", "plus")
        await until_shown(pilot, "over 98.0 %")
        assert rows(pilot) == "cats: [A]"
        await pilot.press(*["minus"] * 20)
        await until_shown(pilot, "6 clips, 4 of them", "all")
        assert rows(pilot) == "cats: [A] c F dogs: E B D"
        await pilot.press("escape")
        await left(pilot)
    assert where(tmp_path) == unmoved()


async def test_without_a_promise_it_begins_at_95_percent_and_says_that_nothing_is_promised(tmp_path):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path, NOT_PROMISED))) as pilot:
        await opened(pilot)
        await until_shown(pilot, "over 95.0 %", "3 clips: nothing is promised of them", "about 114 more")
        assert rows(pilot) == "cats: [A] dogs: E B"


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_an_empty_list_says_why_and_how_to_get_some(tmp_path, size):
    async with sorting(pile_of(tmp_path), StandInEngine(Finished(0, 0)), size=size) as pilot:
        await opened(pilot)
        await until_shown(pilot, "No clips", "There is no prediction of an unsorted clip yet")
        await pilot.press("space", "a", "down", "pagedown", "less_than_sign", "p", "enter")
        assert isinstance(pilot.app.screen, SureScreen)
        await pilot.press("escape")
        await left(pilot)
        unsure = Prediction(tmp_path / "a.mp4", (Suggestion("cats", 0.5),))
        pilot.app.engine.tell(trained(NOT_PROMISED), Predicted(1, (unsure,)))
        await pilot.press("r")
        await until(lambda: pilot.app.session.predictions)
        pilot.app.engine.tell(Finished(0, 0))
        await opened(pilot)
        await until_shown(pilot, "No clip is over 95.0 %: the surest is at 50.0 %. < asks")


def blindly(pilot, *keys):
    """Press `keys` at one moment, however long what they do takes."""
    for key in keys:
        pilot.app.screen.post_message(Key(key, None))


async def test_enter_counts_only_for_a_list_that_was_seen(tmp_path):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path)), guarded=True) as pilot:
        await until(lambda: not pilot.app.progress.stage)
        # Typed blindly: the second key comes before the list is there.
        blindly(pilot, "b", "enter")
        await until_shown(pilot, "Enter files 4")
        await asyncio.sleep(1.5 * SEEN_SECONDS)
        # Nor does one that comes with a change of the list.
        blindly(pilot, "minus", "enter")
        await until_shown(pilot, "Enter files 5")
        await asyncio.sleep(1.5 * SEEN_SECONDS)
        assert isinstance(pilot.app.screen, SureScreen)
        await pilot.press("enter")
        await until_shown(pilot, "Filed 5 clips in one go")


async def test_clips_that_cannot_be_filed_come_back_to_their_places_and_are_told_of_once(tmp_path, unwatched):
    pile_of(tmp_path)
    (tmp_path / "dogs" / "e.mp4").write_text("e.mp4")
    async with sorting(tmp_path, StandInEngine(*said(tmp_path))) as pilot:
        await opened(pilot)
        (tmp_path / "c.mp4").unlink()
        await pilot.press("enter")
        await until_shown(pilot, "Filed 2 clips, 2 clips not: 'c.mp4' was not filed")
        assert queue(pilot) == "[d] e f g"
        assert not pilot.app.session._in_flight
        await until_shown(pilot, "same as in dogs")
        # A copy is not ticked a second time.
        await opened(pilot)
        assert rows(pilot) == "dogs: [e]"
        await pilot.press("escape")
        await left(pilot)
        await pilot.press("u")
        await until_shown(pilot, "and 1 more")
        assert {path.name for path in tmp_path.glob("*.mp4")} == {"a.mp4", "b.mp4", "d.mp4", "e.mp4", "f.mp4", "g.mp4"}


async def test_where_none_can_be_filed_all_stay_in_their_order(tmp_path, unwatched):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path))) as pilot:
        await opened(pilot)
        for folder in ("cats", "dogs"):
            (tmp_path / folder).rmdir()
        await pilot.press("enter")
        await until_shown(pilot, "Filed 0 clips, 4 clips not:")
        assert queue(pilot) == "a b c [d] e f g"
    assert where(tmp_path) == unmoved()


class SlowMover:
    """Lets the test see the screen between two bunches, of so many clips: each move waits until it may go on."""

    def __init__(self, monkeypatch, bunch):
        self.turns = threading.Semaphore(0)
        relocate = library.relocate.relocate

        def slow(*arguments):
            assert self.turns.acquire(timeout=20)
            relocate(*arguments)

        monkeypatch.setattr(library.relocate, "relocate", slow)
        monkeypatch.setattr(library.bunch, "BUNCH", bunch)
        # However slow the machine is.
        monkeypatch.setattr(library.carry, "BUNCH_SECONDS", 60.0)
        monkeypatch.setattr(filing, "TELL_SECONDS", 0.0)

    def let(self, count):
        for _ in range(count):
            self.turns.release()


async def test_the_person_goes_on_while_clips_are_filed_and_undo_takes_back_first_what_came_last(tmp_path, monkeypatch):
    mover = SlowMover(monkeypatch, bunch=2)
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path))) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await left(pilot)
        mover.let(2)
        await until_shown(pilot, "Filing 2 / 4")
        assert queue(pilot) == "[d] f g"
        # These wait until all four are filed.
        await pilot.press("1", "u")
        assert queue(pilot) == "[f] g"
        mover.let(4)
        await until_shown(pilot, "Took d.mp4 back from cats")
        assert len(list(tmp_path.glob("*/*.mp4"))) == 4
        mover.let(4)
        await pilot.press("u")
        await until_shown(pilot, "and 3 more")
    assert where(tmp_path) == unmoved()


@pytest.fixture
def last_words(monkeypatch):
    """What is printed when the screen is gone, each time that the program is asked to end."""
    words = []
    leave = SortApp.exit
    monkeypatch.setattr(SortApp, "exit", lambda app, **how: (words.append(app.moves.unfinished), leave(app, **how)))
    return words


async def test_who_leaves_meanwhile_has_all_filed_where_that_takes_a_moment(tmp_path, monkeypatch, last_words):
    mover = SlowMover(monkeypatch, bunch=1)
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path))) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await left(pilot)
        mover.let(1)
        await until_shown(pilot, "Filing 1 / 4")
        await pilot.press("q")
        await until_shown(pilot, "Finishing the moves in flight")
        mover.let(3)
        await until(lambda: last_words)
    assert len(list(tmp_path.glob("*/*.mp4"))) == 4
    assert last_words == [""]


async def test_who_leaves_does_not_wait_for_what_takes_long_and_reads_what_is_left(tmp_path, monkeypatch, last_words):
    monkeypatch.setattr(app, "FINISH_SECONDS", 0.0)
    mover = SlowMover(monkeypatch, bunch=1)
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path))) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await left(pilot)
        mover.let(1)
        await until_shown(pilot, "Filing 1 / 4")
        await leave_in_the_middle(pilot, mover, last_words)
    assert last_words.pop() == "Filed 2 clips, 2 clips left unsorted: the program was ended before all was done."
    assert len(list(tmp_path.glob("*/*.mp4"))) == 2
    async with sorting(tmp_path, StandInEngine()) as pilot:
        assert queue(pilot) == "[c] d e f g"
        await pilot.press("u")
        mover.let(1)
        await until_shown(pilot, "Taking back 1 / 2")
        await leave_in_the_middle(pilot, mover, last_words)
    assert last_words.pop() == ""
    assert where(tmp_path) == unmoved()


@pytest.mark.parametrize("key", ["u", "U"])
async def test_who_leaves_in_the_middle_of_going_back_goes_on_another_day(tmp_path, monkeypatch, last_words, key):
    monkeypatch.setattr(app, "FINISH_SECONDS", 0.0)
    mover = SlowMover(monkeypatch, bunch=1)
    mover.let(8)
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path))) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await until_shown(pilot, "Filed 4 clips in one go")
        if key == "U":
            await pilot.press("u")
            await until_shown(pilot, "and 3 more")
        else:
            mover.turns = threading.Semaphore(0)
        await pilot.press(key)
        mover.let(1)
        await until_shown(pilot, f"{'Taking back' if key == 'u' else 'Filing again'} 1 / 4")
        await leave_in_the_middle(pilot, mover, last_words)
    done, goes_on = ("Took 2 clips back, 2 clips left filed", "u") if key == "u" else (
        "Filed 2 clips again, 2 clips left unsorted", "U"
    )  # fmt: skip
    assert last_words.pop() == f"{done}, {goes_on} goes on: the program was ended before all was done."
    assert len(list(tmp_path.glob("*/*.mp4"))) == 2
    mover.let(9)
    async with sorting(tmp_path, StandInEngine()) as pilot:
        await pilot.press(key)
        await until_shown(pilot, "and 1 more")
        assert len(list(tmp_path.glob("*/*.mp4"))) == (0 if key == "u" else 4)


async def leave_in_the_middle(pilot, mover, last_words):
    """Ask twice to end; the clip in hand may be finished, and one more if nobody stops it."""
    await pilot.press("q", "q")
    await until(lambda: pilot.app.moves._filer._cut_short.is_set())
    mover.let(1)
    await until(lambda: len(last_words) == 2)
    assert last_words.pop() == last_words[-1]


async def test_what_is_refused_when_many_are_taken_back_is_counted_and_one_is_named(tmp_path):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path))) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await until_shown(pilot, "Filed 4 clips in one go")
        for name in "ac":
            (tmp_path / f"{name}.mp4").write_text("another one of that name")
        await pilot.press("u")
        await until_shown(pilot, "2 of 4 refused: 'cats/c.mp4' was not taken back: 'c.mp4' is there already")
        (tmp_path / "a.mp4").unlink()
        await pilot.press("u")
        # One alone is told as it is.
        await until_shown(pilot, "'cats/c.mp4' was not taken back: 'c.mp4' is there already; move that away")
        assert "refused:" not in drawn(pilot)


async def test_how_far_it_is_is_told_some_times_a_second_and_what_came_of_it_for_each_clip(tmp_path, monkeypatch):
    monkeypatch.setattr(library.bunch, "BUNCH", 1)
    root = pile(tmp_path / "library", [f"{i:02}.mp4" for i in range(60)])
    filer = filing.Filer(root, tmp_path, CONFIG.library)
    told = []
    began = time.monotonic()
    clips = [(clip, "cats") for clip in sorted(root.glob("*.mp4"))]
    outcomes = await filer.file_all(clips, lambda *at: told.append(at))
    undone = await filer.undo(lambda *at: told.append(at))
    assert len(told) <= (time.monotonic() - began) / filing.TELL_SECONDS
    assert [outcome.source.name for outcome in outcomes] == [f"{i:02}.mp4" for i in range(60)]
    assert undone.filings == tuple(outcomes[::-1])
    await filer.close()


async def test_all_that_are_alike_are_filed_from_the_clip_on_screen(tmp_path):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path))) as pilot:
        await until_shown(pilot, "* files 3 alike")
        await opened(pilot, "asterisk")
        assert rows(pilot) == "cats: [A] C F"
        await until_shown(pilot, "3 clips, 2 of them at least 98.0 % right", "alike")
        await pilot.press("end", "space", "enter")
        await until_shown(pilot, "Filed 2 clips in one go")
        await until_redrawn(pilot, lambda: queue(pilot) == "[b] d e f g")
        await until_shown(pilot, "* files 2 alike")
        # The last of its group, and one without any.
        await pilot.press("j", "j", "j", "asterisk")
        await until_shown(pilot, "No other clip is known to be like this one")
        assert "alike" not in panel(pilot, "suggestion")


async def test_a_small_screen_tells_of_those_alike_in_its_last_lines(tmp_path):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path)), size=(80, 24)) as pilot:
        pilot.app.notices.clear()
        await until_shown(pilot, "* files 3 alike")


async def test_a_clip_of_the_list_is_played_and_then_the_one_on_screen_again(tmp_path):
    player = recording_player()
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path)), player=player) as pilot:
        await pilot.press("j")
        calls = len(asked(player))
        await opened(pilot)
        await pilot.press("end")
        assert len(asked(player)) == calls
        await pilot.press("p", "escape")
        await left(pilot)
        b = ("play", tmp_path / "b.mp4")
        assert asked(player)[calls:] == [b, b]
        await opened(pilot)
        await pilot.press("p", "enter")
        await until_shown(pilot, "Filed 4 clips")
        assert asked(player)[-2:] == [("play", tmp_path / "a.mp4"), ("play", tmp_path / "d.mp4")]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_pictures_stand_beside_their_clips_or_below_those_of_the_one_under_the_cursor(tmp_path, size):
    pile_of(tmp_path)
    for name, colour in (("a", "red"), ("c", "lime")):
        remember_pictures(tmp_path, f"{name}.mp4", colour)
    async with sorting(tmp_path, StandInEngine(*said(tmp_path)), size=size) as pilot:
        await opened(pilot)
        strips = pilot.app.screen.query_one("#sure_strips")

        def colours():
            """What colour stands in each line of the pictures."""
            for line in strips._strips:
                seen = {segment.style.color.triplet for segment in line if segment.style and segment.style.color}
                yield "".join("r" if colour.red > 150 else "g" for colour in seen) or " "

        narrow = size == (80, 24)
        lines = {24: 6, 36: 4, 60: 6}[size[1]]
        expected = "r" * lines if narrow else " " + "r" * lines + " " + "g" * lines
        await until(lambda: "".join(colours()).rstrip() == expected.rstrip())
        assert strips.region.bottom < size[1]
        await pilot.press("j")
        if narrow:
            await until(lambda: "".join(colours()).strip() == "g" * lines)


async def test_the_pictures_stand_right_below_a_short_list(tmp_path):
    pile_of(tmp_path)
    remember_pictures(tmp_path, "a.mp4", "red")
    async with sorting(tmp_path, StandInEngine(*said(tmp_path)), size=(80, 30)) as pilot:
        await opened(pilot)
        names, strips = (pilot.app.screen.query_one(f"#{name}") for name in ("sure_list", "sure_strips"))
        # Two folders with four clips.
        assert names.region.height == 6
        assert strips.region.y == names.region.bottom + 1
        await pilot.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        await until(lambda: names.region.height == 4)
        assert strips.region.y == names.region.bottom + 1


async def test_where_no_clip_is_left_it_says_so_and_tells_no_keys_that_do_nothing(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"]), StandInEngine(*said(tmp_path))) as pilot:
        await until(lambda: not pilot.app.progress.stage)
        await pilot.press("1")
        await until_shown(pilot, "All sorted")
        await pilot.press("b")
        await until_shown(pilot, "No clip is left to be sorted.", "Esc leaves")
        assert "Space tick" not in drawn(pilot)
        assert "Enter files" not in drawn(pilot)


@pytest.mark.parametrize("size", [(40, 10), (20, 5), (1, 1), (100, 30)], ids=str)
async def test_every_size_can_be_walked_through_and_nothing_is_out_of_its_place(tmp_path, size):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path)), size=size) as pilot:
        await until(lambda: not pilot.app.progress.stage)
        await pilot.press("b")
        await until(lambda: isinstance(pilot.app.screen, SureScreen))
        for key in ["j"] * 5 + ["pageup", "pagedown", "home", "end", "minus"]:
            await pilot.press(key)
            screen = pilot.app.screen
            shown = [one for one in screen.children if one.display]
            assert all(screen.region.contains_region(one.region) for one in shown)
            assert not any(one.region.overlaps(other.region) for one in shown for other in shown if one is not other)
            assert "▸" in drawn(pilot) or size < (20, 9)
        await pilot.resize_terminal(120, 36)
        await until(lambda: rows(pilot) == "cats: A C dogs: E [B] D")
        await until_shown(pilot, "Enter files 5")


async def test_two_thousand_clips_are_walked_through(tmp_path):
    clips = [f"{i:04}" for i in range(2_000)]
    pile(tmp_path, [f"{clip}.mp4" for clip in clips])
    predictions = tuple(
        Prediction(tmp_path / f"{clip}.mp4", (Suggestion(("cats", "dogs")[i % 2], 0.96 + i / 1e5),), sure=True)
        for i, clip in enumerate(clips)
    )
    engine = StandInEngine(trained(PROMISED), Predicted(1, predictions), Finished(0, 0))
    async with sorting(tmp_path, engine) as pilot:
        await opened(pilot)
        await until_shown(pilot, "2000 clips, at least 98.0 % right", "Enter files 2000")
        screen = pilot.app.screen
        keys = ["j", "pagedown", "space", "end", "home", "minus", "plus", "a"] * 12
        for key in keys:
            screen.on_key(Key(key, None))
        await pilot.press("end")
        await until(lambda: rows(pilot).endswith("[0001]"))


async def test_who_only_looks_on_cannot_open_it(tmp_path):
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path))) as first:
        assert first
        async with sorting(tmp_path, StandInEngine(*said(tmp_path))) as pilot:
            await until(lambda: not pilot.app.progress.stage)
            for key in ("b", "asterisk"):
                await pilot.press(key)
                await until_shown(pilot, "You can only look")
                assert pilot.app.screen is pilot.app.sort_screen


async def test_the_window_of_mpv_ticks_and_files_and_shows_the_clip_under_the_cursor(tmp_path):
    player = recording_player()
    async with sorting(pile_of(tmp_path), StandInEngine(*said(tmp_path)), player) as pilot:
        await until(lambda: not pilot.app.progress.stage)
        await in_mpv(pilot, "b")
        await until(lambda: shown_in_mpv(player).endswith("Enter files 4\n[x] a.mp4 → cats 99.0 %"))
        await in_mpv(pilot, "space")
        await until(lambda: shown_in_mpv(player).endswith("Enter files 3\n[ ] a.mp4 → cats 99.0 %"))
        await in_mpv(pilot, "p")
        assert asked(player)[-1] == ("play", tmp_path / "a.mp4")
        await in_mpv(pilot, "enter")
        await until_shown(pilot, "Filed 3 clips in one go")
    assert sorted(place for place in where(tmp_path).values() if "/" in place) == [
        "cats/c.mp4", "dogs/b.mp4", "dogs/e.mp4",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (80, 12), (120, 36)], ids=str)
async def test_how_many_come_below_is_told_and_the_cursor_stays_in_sight(tmp_path, size):
    clips = [f"{i:02}" for i in range(40)]
    pile(tmp_path, [f"{clip}.mp4" for clip in clips])
    predictions = (Prediction(tmp_path / f"{clip}.mp4", (Suggestion("cats", 0.99),), sure=True) for clip in clips)
    engine = StandInEngine(trained(PROMISED), Predicted(1, tuple(predictions)), Finished(0, 0))
    async with sorting(tmp_path, engine, size=size) as pilot:
        await opened(pilot)
        await until_shown(pilot, "▸ [x] 00.mp4", " more")
        for step in range(1, 40):
            await pilot.press("j")
            await until_shown(pilot, f"▸ [x] {step:02}.mp4")
            last = int(re.findall(r"\[x\] (\d\d)", drawn(pilot))[-1])
            below = re.search(r"… (\d+) more", drawn(pilot))
            assert (int(below[1]) if below else 0) == 39 - last
