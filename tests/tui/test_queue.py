"""The queue on the screen: its orders and filters, what stays on screen, and what an empty one says."""

import os
from contextlib import asynccontextmanager

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
    until,
    until_redrawn,
    until_shown,
    where,
)
from tiksort_tui.config import with_overrides
from tiksort_tui.domain import Prediction, Suggestion
from tiksort_tui.pipeline.events import Finished, NoModel, Predicted, Scanned, VideoExtracted, VideoFailed

ORDERS = {
    "by name": "[c] a b d e f",
    "newest": "[c] f e d b a",
    "surest": "[c] b e a d f",
    "least": "[c] d a e b f",
    "teaches": "[c] d a e b f",
    "different": "[c] e a d b f",
    "alike": "[c] a b e d f",
}
FILTERS = {
    "all": "[c] a b d e f",
    "unpredicted": "[c] f",
    "sure": "[c] a b e",
    "unsure": "[c] d",
    "failed": "[c] f",
    "nowhere": "[c] d",
    "suggested: cats": "[c] a b",
    "suggested: dogs": "[c] d e",
}


def said_of(root, generation=1):
    """Of the clips a to e, with f unread."""
    told = {
        #     folder, confidence, least sure, most different, group
        "a": ("cats", 0.8, 2, 1, 1),
        "b": ("cats", 0.95, 4, 4, 2),
        "c": ("dogs", 0.75, 1, 3, 1),
        "d": ("dogs", 0.4, 0, 2, 0),
        "e": ("dogs", 0.9, 3, 0, 2),
    }
    return Predicted(
        generation,
        tuple(
            Prediction(
                root / f"{name}.mp4",
                (Suggestion(folder, confidence),),
                outlier=name == "d",
                least_sure=least,
                most_different=different,
                group=group,
            )
            for name, (folder, confidence, least, different, group) in told.items()
        ),
    )


@asynccontextmanager
async def six_clips(root, **options):
    """The clips a to f, each newer than the last, with c on screen and all but the unreadable f predicted."""
    pile(root, [f"{name}.mp4" for name in "abcdef"])
    for age, name in enumerate("abcdef"):
        os.utime(root / f"{name}.mp4", (1_000_000 + age, 1_000_000 + age))
    engine = StandInEngine(said_of(root), VideoFailed(root / "f.mp4", "truncated", 1, 1), Finished(6, 0))
    async with sorting(root, engine, **options) as pilot:
        await until(lambda: not pilot.app.progress.stage)
        await pilot.press("j", "j")
        await until_redrawn(pilot, lambda: queue(pilot) == "a b [c] d e f")
        yield pilot


async def choose(pilot, key, text):
    """Type what the queue is to be; by name and all of it are typed in whole."""
    await pilot.press(key, *("space" if char == " " else "colon" if char == ":" else char for char in text), "enter")
    await until(lambda: pilot.app.screen is pilot.app.sort_screen)


async def test_a_clip_that_fits_nowhere_is_asked_about(tmp_path):
    root = pile(tmp_path, ["a.mp4", "b.mp4"])
    best = (Suggestion("cats", 0.6),)
    said = (Prediction(root / "a.mp4", best), Prediction(root / "b.mp4", best, outlier=True))
    async with sorting(root, StandInEngine(Predicted(1, said))) as pilot:
        await until_shown(pilot, "60 %")
        assert "none of these?" not in drawn(pilot)
        await pilot.press("j")
        await until_shown(pilot, "SUGGESTION: none of these? /")


@pytest.mark.parametrize("order", ORDERS)
async def test_each_order_goes_on_from_the_clip_on_screen(tmp_path, order):
    player = recording_player()
    async with six_clips(tmp_path, player=player) as pilot:
        calls = asked(player)
        await choose(pilot, "o", order)
        assert queue(pilot) == ORDERS[order]
        # Nothing was played anew.
        assert asked(player) == calls
        await until_shown(pilot, f"{pilot.app.session.order}, all")
        assert order in pilot.app.session.order
        # The first row of the queue is the clip on screen.
        assert panel(pilot, "queue").splitlines()[1].startswith("▸ c.mp4")
        await pilot.press("1")
        await until_shown(pilot, "Filed c.mp4 in cats")
        expected = ORDERS[order].replace("[c] ", "").split()
        assert queue(pilot) == " ".join([f"[{expected[0]}]", *expected[1:]])
        await pilot.press("u")
        await until_shown(pilot, "Took c.mp4 back")
        assert queue(pilot) == ORDERS[order]


@pytest.mark.parametrize("shown", FILTERS)
async def test_each_filter_keeps_the_clip_on_screen_until_the_person_moves_on(tmp_path, shown):
    async with six_clips(tmp_path) as pilot:
        await choose(pilot, "w", shown)
        assert queue(pilot) == FILTERS[shown]
        await until_shown(pilot, f"by name, {pilot.app.session.filter}", "6 / 6 remaining")
        assert shown in str(pilot.app.session.filter)
        fits = shown in ("all", "sure", "suggested: dogs")
        await pilot.press("j")
        assert ("c" in queue(pilot)) == fits
        first = FILTERS[shown].split()[1]
        assert pilot.app.session.current == tmp_path / f"{first}.mp4"
        # Back to everything, still with that clip on screen.
        await choose(pilot, "w", "all")
        others = [name for name in "abcdef" if name != first]
        assert queue(pilot) == " ".join([f"[{first}]", *others])


async def test_the_dialogs_begin_with_what_is_chosen_and_escape_changes_nothing(tmp_path):
    async with six_clips(tmp_path) as pilot:
        await pilot.press("o")
        await until_shown(pilot, "Order of the queue", "▸ by name")
        await pilot.press("down", "enter")
        await until_shown(pilot, "newest first, all")
        await pilot.press("o")
        await until_shown(pilot, "▸ newest first")
        await pilot.press("escape", "w")
        await until_shown(pilot, "Clips that the queue shows", "▸ all", "suggested: cats", "suggested: dogs")
        await pilot.press("down", "down", "escape")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        await until_shown(pilot, "newest first, all")
        assert queue(pilot) == ORDERS["newest"]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=str)
async def test_a_queue_that_shows_nothing_says_so_and_how_to_get_back(tmp_path, size):
    player = recording_player()
    async with six_clips(tmp_path, player=player, size=size) as pilot:
        await choose(pilot, "w", "unsure")
        await pilot.press("1", "1")
        await until_shown(pilot, "None of the 4 unsorted clips is here: unsure.", "shows them", "4 / 6 remaining")
        assert "All sorted" not in drawn(pilot)
        assert asked(player)[-1] == ("stop",)
        # Keys that mean a clip mean nothing here.
        await pilot.press("1", "enter", "s", "j", "k", "d", "p")
        assert queue(pilot) == ""
        await choose(pilot, "w", "all")
        assert queue(pilot) == "[a] b e f"
        assert asked(player)[-1] == ("play", tmp_path / "a.mp4")
    assert where(tmp_path)["d.mp4"] == "cats/d.mp4"


async def test_clips_come_into_an_empty_queue_as_they_are_predicted(tmp_path):
    pile(tmp_path, [f"{name}.mp4" for name in "abcdef"])
    engine = StandInEngine()
    async with sorting(tmp_path, engine) as pilot:
        await choose(pilot, "w", "unsure")
        await pilot.press("j")
        await pilot.press("1")
        await until_shown(pilot, "None of the 5 unsorted clips")
        engine.tell(said_of(tmp_path))
        await until_redrawn(pilot, lambda: queue(pilot) == "[d]")
        assert panel(pilot, "clip").startswith("d.mp4")


async def test_later_and_previous_in_another_order_and_filter(tmp_path):
    async with six_clips(tmp_path) as pilot:
        await choose(pilot, "o", "surest")
        await choose(pilot, "w", "sure")
        assert queue(pilot) == "[c] b e a"
        await pilot.press("s")
        assert queue(pilot) == "[b] e a c"
        await choose(pilot, "o", "by name")
        # What was put off stays at the end.
        assert queue(pilot) == "[b] a e c"
        await pilot.press("p")
        assert queue(pilot) == "[c] b a e"
        await choose(pilot, "w", "unsure")
        await pilot.press("s")
        assert queue(pilot) == "[d]"
        # It was put off from this queue, though the filter does not show it.
        await pilot.press("p")
        assert queue(pilot) == "[c] d"


async def test_failures_come_and_go_with_what_the_engine_says(tmp_path):
    pile(tmp_path, [f"{name}.mp4" for name in "abcd"])
    engine = StandInEngine()
    async with sorting(tmp_path, engine) as pilot:
        await choose(pilot, "w", "failed")
        assert queue(pilot) == "[a]"
        engine.tell(VideoFailed(tmp_path / "b.mp4", "truncated", 1, 4), VideoFailed(tmp_path / "c.mp4", "odd", 2, 4))
        await until(lambda: queue(pilot) == "[a] b c")
        engine.tell(VideoExtracted(tmp_path / "b.mp4", 3, 4))
        await until(lambda: queue(pilot) == "[a] c")


async def test_without_a_model_nothing_is_predicted_any_more(tmp_path):
    pile(tmp_path, [f"{name}.mp4" for name in "abcdef"])
    engine = StandInEngine(said_of(tmp_path))
    async with sorting(tmp_path, engine) as pilot:
        await until(lambda: pilot.app.session.predictions)
        await choose(pilot, "w", "sure")
        assert queue(pilot) == "[a] b c e"
        engine.tell(NoModel("two folders are needed"))
        await until(lambda: queue(pilot) == "[a]")


async def test_the_limit_between_sure_and_unsure_is_the_configured_one(tmp_path):
    async with six_clips(tmp_path, config=with_overrides(CONFIG, screen__doubt=0.92)) as pilot:
        await choose(pilot, "w", "sure")
        await pilot.press("j")
        assert queue(pilot) == "[b]"
        assert "95 %" in panel(pilot, "queue")
        await choose(pilot, "w", "unsure")
        assert queue(pilot) == "[b] a c d e"
        await pilot.press("j")
        # A question in the queue, among the folders and as the suggestion.
        await until_shown(pilot, "80 %?", "╎1  cats")


NAME = "Juggling a tennis ball on a very long walk [7234567890123456].mp4"


def row(pilot, name):
    """The queue's line about the clip whose name begins so."""
    return next(line for line in panel(pilot, "queue").splitlines() if line[2:].startswith(name))


@pytest.mark.parametrize(
    ("size", "told"),
    [((80, 24), "1 cats 95 %"), ((120, 36), "1 cats 95 %"), ((200, 60), "1 cats 95 % 2 dogs 5 %")],
    ids=str,
)
async def test_the_second_folder_is_told_where_there_is_room_and_columns_are_aligned(tmp_path, size, told):
    pile(tmp_path, [NAME, "b.mp4", "c.mp4", "d.mp4"])
    best = [("cats", 0.95), ("dogs", 0.05)]
    doubted = [("cats", 0.5), ("dogs", 0.4)]
    engine = StandInEngine(predicted(tmp_path, **{NAME.removesuffix(".mp4"): best, "b": doubted, "c": [("dogs", 1.0)]}))
    async with sorting(tmp_path, engine, size=size) as pilot:
        await until_shown(pilot, "50 %?")
        words = " ".join(row(pilot, "b.mp4").split())
        assert words == "▸ b.mp4 1 cats 50 %?" + (" 2 dogs 40 %" if "dogs" in told else "")
        assert " ".join(row(pilot, "Jugg").split()).endswith(told)
        # Of short folder names the clips' names have the room.
        assert (NAME in drawn(pilot).split("QUEUE")[1]) == (size == (200, 60))
        assert row(pilot, "b.mp4").index("%") == row(pilot, "c.mp4").index("%") == row(pilot, "Jugg").index("%")
        assert row(pilot, "b.mp4").index("1 cats") == row(pilot, "c.mp4").index("2 dogs")


async def test_what_is_still_to_be_read_has_a_dot_while_a_run_goes_on(tmp_path):
    engine = StandInEngine(Scanned(("cats", "dogs"), 0, 3, 0, 3))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"]), engine) as pilot:
        await until_shown(pilot, "reading")
        assert row(pilot, "b.mp4").split() == ["b.mp4", "·"]
        assert "reading" not in panel(pilot, "queue")
        engine.tell(predicted(tmp_path, b=[("cats", 0.9)]))
        await until_shown(pilot, "90 %")
        assert "·" not in row(pilot, "b.mp4")
        assert "·" in row(pilot, "c.mp4")
        engine.tell(Finished(3, 0))
        await until(lambda: "·" not in panel(pilot, "queue"))


async def test_what_is_wrong_with_a_clip_is_told_in_full_beside_short_folder_names(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"], ["x", "y"])
    (tmp_path / "x" / "a.mp4").write_text("a.mp4")
    engine = StandInEngine(VideoFailed(tmp_path / "b.mp4", "cut short", 1, 3))
    async with sorting(tmp_path, engine, size=(80, 24)) as pilot:
        await until_shown(pilot, "not readable")
        await pilot.press("1")
        await until_shown(pilot, "same as in x")
        assert row(pilot, "a.mp4").index("!") == row(pilot, "b.mp4").index("!")
