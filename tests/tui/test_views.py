"""What is drawn: names as they are, all sizes of library and terminal, and nothing out of its place."""

import os
from dataclasses import replace

import pytest
from rich.cells import cell_len

from tests.tui.helpers import (
    CONFIG,
    StandInEngine,
    drawn,
    panel,
    pile,
    predicted,
    queue,
    sorting,
    until,
    until_redrawn,
    until_shown,
    where,
)
from tiksort_tui.config import KeysConfig
from tiksort_tui.domain import visible
from tiksort_tui.ordering import Order, Suggested
from tiksort_tui.pipeline.events import NoModel, Scanned, VideoExtracted, VideoFailed
from tiksort_tui.player.events import Playback
from tiksort_tui.tui.panel import Panel
from tiksort_tui.tui.views import session_totals
from tiksort_tui.tui.views.text import file_size, fit, message, paragraph, wrap

SIZES = [(80, 24), (100, 30), (120, 36), (200, 60), (110, 12), (40, 10)]
TINY = [(20, 5), (12, 3), (1, 1)]


def misplaced(pilot):
    """What does not fit: lines that are wider or more than their panel, panels off the screen or over each other."""
    panels = [one for one in pilot.app.sort_screen.children if one.display]
    for one in panels:
        lines = one.render().plain.split("\n") if isinstance(one, Panel) else []
        if len(lines) > one.region.height or any(cell_len(line) > one.region.width for line in lines):
            yield one.id, one.region.size, lines
        if not pilot.app.screen.region.contains_region(one.region):
            yield one.id, one.region, "off the screen"
        for other in panels:
            if one is not other and one.region.overlaps(other.region):
                yield one.id, other.id, "overlap"


@pytest.mark.parametrize(
    "name",
    ["[dQw4w9WgXcQ]", "[red]", "[", "[@click=q]", "$x \\[b]", "\x1b[2J\x07", "a\nb\tc", "a\u202eb", "日本語"],
    ids=ascii,
)
async def test_names_are_drawn_as_they_are(tmp_path, name):
    clip = f"{name}.mp4"
    pile(tmp_path, [clip], [name])
    engine = StandInEngine(predicted(tmp_path, **{name: [(name, 0.8)]}))
    async with sorting(tmp_path, engine) as pilot:
        await until_shown(pilot, "80 %")
        shown = visible(name)
        assert panel(pilot, "clip").startswith(f"{shown}.mp4")
        # In the queue, as the clip's name; among the folders; as a suggestion; and in the message.
        assert f"▸ {shown}.mp4" in drawn(pilot)
        assert f"1  {shown}" in drawn(pilot)
        assert drawn(pilot).count(f"1 {shown}") >= 2
        await pilot.press("1")
        await until_shown(pilot, f"Filed {shown}.mp4 in {shown}")
        assert not any(char in drawn(pilot) for char in "\x1b\x07\t\u202e")
    assert (tmp_path / name / clip).exists()


async def test_a_slash_in_brackets_in_what_others_say_is_no_markup(tmp_path):
    pile(tmp_path, ["a.mp4"])
    engine = StandInEngine(VideoFailed(tmp_path / "a.mp4", "[/]\x1b[2J", 1, 1))
    async with sorting(tmp_path, engine) as pilot:
        await until_shown(pilot, "[/]\\x1b[2J")
        engine.tell(NoModel("[/b]"))
        await until_shown(pilot, "[/b]")
        engine.tell(VideoExtracted(tmp_path / "a.mp4", 1, 1, "[/i]"))
        await until_shown(pilot, "a.mp4: [/i]")
        await pilot.press("n", *"[/]", "enter")
        await until_shown(pilot, "[/]: a folder's name cannot hold /")


async def test_undecodable_names_are_drawn_and_filed(tmp_path):
    clip = os.fsdecode(b"caf\xe9.mp4")
    pile(tmp_path, ["z.mp4"])
    (tmp_path / clip).write_text(visible(clip))
    async with sorting(tmp_path) as pilot:
        assert panel(pilot, "clip").startswith("caf\\udce9.mp4")
        await pilot.press("1")
        await until_shown(pilot, "Filed caf\\udce9.mp4 in cats")
    assert (tmp_path / "cats" / clip).exists()


async def test_three_hundred_folders_of_which_the_suggested_one_is_always_shown(tmp_path):
    folders = [f"folder {i:03}" for i in range(300)]
    pile(tmp_path, ["a.mp4", "b.mp4"], folders)
    engine = StandInEngine(predicted(tmp_path, a=[("folder 250", 0.8), ("folder 000", 0.1)]))
    async with sorting(tmp_path, engine) as pilot:
        await until_shown(pilot, "80 %")
        assert "0  folder 009" in panel(pilot, "folders")
        assert "   folder 010" in panel(pilot, "folders")
        assert "folder 250" in panel(pilot, "folders")
        assert list(misplaced(pilot)) == []
        await pilot.press("enter")
        await until_shown(pilot, "Filed a.mp4 in folder 250")
        await pilot.press("0")
        await until_shown(pilot, "Filed b.mp4 in folder 009")
    assert where(tmp_path) == {"a.mp4": "folder 250/a.mp4", "b.mp4": "folder 009/b.mp4"}


async def test_twenty_thousand_clips(tmp_path):
    pile(tmp_path, [f"{i:05}.mp4" for i in range(20_000)])
    async with sorting(tmp_path) as pilot:
        assert "20000 / 20000 remaining" in panel(pilot, "progress")
        await pilot.press("1", "j", "j", "s", "k", "2")
        await until_shown(pilot, "Filed 00002.mp4 in dogs", "19998 / 20000")
        assert panel(pilot, "clip").startswith("00004.mp4")
        assert pilot.app.session.queue[-1].name == "00003.mp4"
        assert list(misplaced(pilot)) == []
        await pilot.resize_terminal(80, 24)
        await until_shown(pilot, "19998 / 20000 left")


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("Filed a.mp4 in cats", 40, "Filed a.mp4 in cats"),
        # Names first, but so that one knows them; then whole clauses from the end on; then names, then words.
        ("Filed 7095674838162784445.mp4 in cats", 30, "Filed 7095674838…5.mp4 in cats"),
        ("Filed a name with spaces.mp4 in cats", 30, "Filed a name with … in cats"),
        (
            "You can only look: process 27005 on vm (since 15:20) is sorting this library, and one at a time can", 78,
            "You can only look: process 27005 on vm (since 15:20) is sorting this library …",
        ),
        (
            ".tiksort/journal.sqlite3: the record cannot be used (database or disk is full); see that it can be",
            70, ".tiksort/journal.sqlite3: the record cannot be used …",
        ),
        # An apostrophe is no quotation mark.
        (
            "no folder was made: a folder's name cannot begin with a dot, since it's hidden then; choose another one",
            75, "no folder was made: a folder's name cannot begin with a dot …",
        ),
        (
            "there is no folder 'a name that is too long for one line' in the library's root", 60,
            "there is no folder 'a name that…line' in the library's root",
        ),
        (
            "'street/Juggling with a tennis ball.mp4' was not taken back: the folder 'street' is not there; bring it",
            79, "'street/Juggling…ll.mp4' was not taken back: the folder 'street' is not there …",
        ),
        (
            "'street/7095674838162784445.mp4' was not taken back: 'a name that is as long.mp4' is there already; "
            "move that away and try again", 79,
            "'street/70….mp4' was not taken back: 'a name that is…ng.mp4' is there already …",
        ),
        # No sentence goes on with the end of another one.
        (
            "Left out: so soon after Esc or a bracket it may be no key; press it again", 70,
            "Left out: so soon after Esc or a bracket it may be no key …",
        ),
        (
            "the folder was not renamed: " + "a reason without end " * 4, 60,
            "the folder was not renamed: a reason without end a reason …",
        ),
    ],
)  # fmt: skip
def test_a_long_message_keeps_what_matters(text, width, shown):
    made = message(text, width)
    assert cell_len(made) <= width
    assert made == shown


def test_a_name_that_is_cut_has_no_blank_beside_the_ellipsis():
    assert fit("a name of some words", 14) == "a name of…ords"
    assert fit("so many of them are here", 12) == "so many…ere "
    assert fit("日本語 日本語", 9) == "日本語…語"
    assert {cell_len(fit("a b c d e f g h " * 3, width)) - width for width in range(20)} == {0}


def test_a_size_is_never_nothing():
    assert [file_size(size) for size in (0, 44, 999, 1000, 99_900, 100_000)] == [
        "0 B", "44 B", "999 B", "1 kB", "100 kB", "0.1 MB",
    ]  # fmt: skip


def test_a_paragraph_that_goes_on_ends_with_a_whole_word():
    assert paragraph("a faulty download, try it again", 20, 1) == ["a faulty download …"]
    assert paragraph("a faulty download, try it again", 20, 2) == ["a faulty download,", "try it again"]


def test_a_number_keeps_its_unit():
    assert wrap("between 82 % and 99 %.", 21) == ["between 82 % and", "99 %."]
    assert wrap("fetches it (753 MB)", 15) == ["fetches it", "(753 MB)"]


@pytest.fixture
def crowded(tmp_path):
    """Names that are long, wide and many, and a model that has something to say of all of them."""
    clips = ["日本語" * 20, "A very long name of a clip " * 8, "c", "unread", "broken", *[f"{i}" for i in range(60)]]
    folders = ["An endless name of a folder " * 5, "料理" * 30, *[f"folder {i}" for i in range(40)]]
    pile(tmp_path, [f"{clip}.mp4" for clip in clips], folders)
    best = [(folders[1], 0.61), (folders[0], 0.3), (folders[41], 0.09)]
    known = {clip: best for clip in clips if clip != "unread"} | {"c": [(folders[0], 1.0)]}
    return tmp_path, [
        Scanned(tuple(folders), 12345, 65, 12000, 1234),
        VideoExtracted(tmp_path / "c.mp4", 12, 1234, "HEVC without sound: likely a faulty download " * 3),
        VideoFailed(tmp_path / "broken.mp4", "moov atom not found " * 10, 13, 1234),
        predicted(tmp_path, **known),
    ]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
async def test_every_panel_stays_in_its_place(crowded, size):
    root, said = crowded
    engine = StandInEngine()
    async with sorting(root, engine, size=size) as pilot:
        assert list(misplaced(pilot)) == []
        engine.tell(*said)
        await until_redrawn(pilot, lambda: pilot.app.session.predictions)
        assert list(misplaced(pilot)) == []
        pilot.app._on_player(Playback(pilot.app.session.current, 3723.0, 36000.0, True, False, 130.0, 10.0))
        for _ in range(5):
            await pilot.press("j")
            assert list(misplaced(pilot)) == []
        await pilot.press("1")
        await until_redrawn(pilot, lambda: not pilot.app.session._in_flight)
        assert list(misplaced(pilot)) == []
        engine.tell(NoModel("no folder has two clips, and two folders with two clips each are needed to learn"))
        await pilot.press("question_mark", "x", "n", "escape", "s", "p")
        await until_redrawn(pilot, lambda: pilot.app.progress.no_model)
        assert list(misplaced(pilot)) == []


async def test_the_closing_words_stay_in_their_place(tmp_path):
    folders = ["An endless name of a folder " * 5, "料理" * 30, "c", "d", "e", "f", "g", "h", "i"]
    pile(tmp_path, [f"{i}.mp4" for i in range(9)], folders)
    async with sorting(tmp_path) as pilot:
        await pilot.press(*"123456789")
        await until(lambda: not pilot.app.session._in_flight)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await until_redrawn(pilot, lambda: True)
            assert list(misplaced(pilot)) == []


@pytest.mark.parametrize("size", TINY, ids=lambda size: "{}x{}".format(*size))
async def test_a_tiny_terminal_does_no_harm(crowded, size):
    root, said = crowded
    async with sorting(root, StandInEngine(*said), size=size) as pilot:
        await until_redrawn(pilot, lambda: pilot.app.session.predictions)
        clip = pilot.app.session.current
        await pilot.press("j", "k", "question_mark", "x", "n", "escape", "s", "p", "3")
        await until_redrawn(pilot, lambda: not pilot.app.session._in_flight)
        assert (root / "folder 1" / clip.name).exists()


async def test_a_terminal_that_changes_its_size_keeps_all_in_place(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        for size in (*SIZES, *TINY, (120, 36)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert size in TINY or list(misplaced(pilot)) == []
        await pilot.press("1")
        await until_shown(pilot, "Filed a.mp4 in cats")
        assert queue(pilot) == "[b]"


async def test_more_folders_than_fit_are_found_by_a_key(tmp_path):
    pile(tmp_path, ["a.mp4"], [f"folder {i:03}" for i in range(300)])
    own = replace(CONFIG, keys=KeysConfig(commands={"choose": ("F2",)}))
    async with sorting(tmp_path, size=(80, 24), config=own) as pilot:
        assert panel(pilot, "folders").splitlines()[-1] == "  F2  finds 286 more"
        await pilot.resize_terminal(200, 36)
        await until_shown(pilot, "… 280 more, F2 finds them")


async def test_the_only_clip_that_is_left_although_it_does_not_fit_the_filter_has_the_word_below_it(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"])) as pilot:
        pilot.app.session.arrange(pilot.app.session.order, Suggested("cats"))
        await pilot.press("p")
        await until_shown(pilot, "(not this one)")
        rows = panel(pilot, "queue").splitlines()
        assert rows[1].startswith("▸ a.mp4")
        assert rows[2].strip().startswith("None of the 2 unsorted clips is here:")


async def test_all_keys_with_which_suggestions_were_taken_are_counted(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        takes = [("Enter", 12), ("Tab", 4), ("S-Tab", 2)]
        in_one, in_two = ["  12 x Enter, 4 x Tab, 2 x S-Tab", ""], ["  12 x Enter, 4 x Tab", "  2 x S-Tab"]
        for width, told in ((40, in_one), (24, in_two)):
            lines = session_totals(pilot.app.session, takes, None, None, str, width)
            assert [line.plain for line in lines[2:4]] == told


async def test_what_the_queue_leaves_out_stands_over_it_on_a_narrow_terminal(tmp_path):
    name = "sign language"
    engine = StandInEngine(predicted(tmp_path, a=[(name, 0.9)]))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"], [name, "dogs"]), engine, size=(60, 14)) as pilot:
        await until_shown(pilot, "90 %")
        pilot.app.session.arrange(Order.MOST_DIFFERENT, Suggested(name))
        pilot.app.sort_screen.changed()
        await until(lambda: str(Suggested(name)) in panel(pilot, "queue").splitlines()[0])
        assert "…" not in panel(pilot, "queue").splitlines()[0]
