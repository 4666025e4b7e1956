"""What is read beside a clip, and the page of all that is known of it."""

import json
import os

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
    until_shown,
)
from tiksort_tui.domain import Prediction, Suggestion
from tiksort_tui.engine.client import Engine
from tiksort_tui.library.caption import MOST_BYTES, MOST_CHARACTERS, read_caption
from tiksort_tui.library.state import LOG, state_dir
from tiksort_tui.pipeline.events import Finished, Predicted, VideoFailed
from tiksort_tui.tui.screens.details import DetailsScreen

KINDS = CONFIG.library.sidecars


@pytest.mark.parametrize(
    ("files", "caption"),
    [
        ({"a.info.json": '{"description": "the last one #ball", "title": "a title"}'}, "the last one #ball"),
        ({"a.info.json": '{"description": "", "title": "a title"}'}, "a title"),
        ({"a.info.json": '{"description": null, "title": 7}'}, ""),
        ({"a.info.json": "[1, 2]", "a.description": "from the other"}, "from the other"),
        ({"a.info.json": '{"description": "cut', "a.description": " from the other\n"}, "from the other"),
        ({"a.info.json": '{"description": ' + "[" * 100_000}, ""),
        ({"a.info.json": '{"description": "' + "x" * MOST_BYTES + '"}'}, ""),
        ({"a.description": "x" * 9_000}, "x" * MOST_CHARACTERS),
        ({"b.description": "another clip's", "a.txt": "none of ours"}, ""),
        ({}, ""),
    ],
    ids=range(10),
)
def test_a_caption_is_what_the_downloader_wrote_of_it(tmp_path, files, caption):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert read_caption(tmp_path / "a.mp4", KINDS) == caption


def test_only_what_goes_with_a_clip_is_read(tmp_path):
    (tmp_path / "a.description").write_text("a caption")
    assert read_caption(tmp_path / "a.mp4", ["srt"]) == ""


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.info.json")
    (tmp_path / "a.description").mkdir()
    assert read_caption(tmp_path / "a.mp4", KINDS) == ""
    (tmp_path / "secret").write_text("not beside it")
    (tmp_path / "c.description").symlink_to("secret")
    assert read_caption(tmp_path / "c.mp4", KINDS) == ""
    (tmp_path / "b.description").write_bytes(b"caf\xe9")
    assert read_caption(tmp_path / "b.mp4", KINDS) == "caf�"


async def test_the_caption_stands_under_the_pictures(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    (tmp_path / "a.info.json").write_text(json.dumps({"description": "wait [/] for\nit \x1b[2J " + "#tag " * 90}))
    async with sorting(tmp_path) as pilot:
        await until_shown(pilot, "Caption  wait [/] for it \\x1b[2J #tag")
        words = panel(pilot, "words").splitlines()
        # No word is cut, and what goes on says so.
        assert {word for line in words[1:] for word in line.split()} == {"#tag", "…"}
        await pilot.press("j")
        await until(lambda: not panel(pilot, "words"))


async def test_the_page_holds_all_that_is_known_of_a_clip(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"], ["cats", "dogs", "fish", "moss"])
    (tmp_path / "a.info.json").write_text('{"description": "first line\\nsecond line"}')
    (tmp_path / "a.en.vtt").write_text("")
    shares = {"dogs": 0.6, "cats": 0.2, "fish": 0.1, "moss": 0.1}
    suggestions = [Suggestion(name, share) for name, share in shares.items()]
    near = (tmp_path / "dogs" / "rex.mp4",)
    prediction = Prediction(tmp_path / "a.mp4", tuple(suggestions), nearest=near, outlier=True)
    failed = VideoFailed(tmp_path / "a.mp4", "cut short", 1, 1)
    engine, player = StandInEngine(Predicted(1, (prediction,)), failed, Finished(1, 0)), recording_player()
    async with sorting(tmp_path, engine, player) as pilot:
        await until(lambda: pilot.app.session.failures)
        calls = asked(player)
        await pilot.press("i")
        await until_shown(
            pilot, str(tmp_path / "a.mp4"), " B", "a.info.json", "a.en.vtt", "cut short", "first line", "second line",
            "60 %  2 dogs", "10 %  4 moss", "dogs/rex.mp4", "fits into no folder",
        )  # fmt: skip
        # A key that files leaves the page and nothing else.
        await pilot.press("1")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        assert queue(pilot) == "[a] b"
        assert asked(player) == calls


async def test_the_page_scrolls_and_grows_with_the_terminal(tmp_path):
    pile(tmp_path, ["a.mp4"])
    (tmp_path / "a.description").write_text("\n".join(f"line {i}" for i in range(60)))
    async with sorting(tmp_path, size=(80, 15)) as pilot:
        await pilot.press("i")
        await until_shown(pilot, "line 0", "↑ ↓ scroll, any other key leaves")
        assert "line 59" not in drawn(pilot)
        await pilot.press("end")
        await until_shown(pilot, "line 59")
        await pilot.press("home")
        await pilot.resize_terminal(120, 70)
        await until_shown(pilot, "line 0", "line 57")
        assert isinstance(pilot.app.screen, DetailsScreen)


async def test_of_a_file_that_is_gone_the_page_says_so(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4"])) as pilot:
        (tmp_path / "a.mp4").unlink()
        await pilot.press("i")
        await until_shown(pilot, "gone: another program moved or deleted it")


async def test_without_a_clip_there_is_no_page(tmp_path):
    async with sorting(pile(tmp_path, [])) as pilot:
        await pilot.press("i")
        await pilot.pause()
        assert pilot.app.screen is pilot.app.sort_screen


async def test_what_the_engine_read_stands_on_the_page(library):
    async with sorting(library, Engine(state_dir(library) / LOG)) as pilot:
        await until(lambda: not pilot.app.progress.stage)
        await pilot.press("i")
        await until_shown(pilot, "144x256, h264", "0:02", "aac")


async def test_what_it_looks_like_is_named_with_its_folder_and_key(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4"])
    near = (tmp_path / "dogs" / "rex [1].mp4", tmp_path / "cats" / "tom.mp4", tmp_path / "cats" / "third.mp4")
    prediction = Prediction(tmp_path / "a.mp4", (Suggestion("dogs", 0.9),), nearest=near)
    engine = StandInEngine(Predicted(1, (prediction,)), predicted(tmp_path, b=[("cats", 0.8)]))
    async with sorting(tmp_path, engine) as pilot:
        await until_shown(pilot, "LOOKS LIKE")
        rows = [line.split() for line in panel(pilot, "alike").splitlines()]
        assert rows == [["LOOKS", "LIKE"], ["rex", "[1]", "2", "dogs"], ["tom", "1", "cats"]]
        await pilot.press("j")
        await until(lambda: not panel(pilot, "alike"))


async def test_no_name_drives_the_page(tmp_path):
    name = "[red]x[] \x1b[2J\u202e.mp4"
    pile(tmp_path, [name], ["[b]"])
    failed = VideoFailed(tmp_path / name, "[/] \x1b[2J", 1, 1)
    near = (tmp_path / "[b]" / "\x07.mp4",)
    prediction = Prediction(tmp_path / name, (Suggestion("[b]", 0.9),), near)
    async with sorting(tmp_path, StandInEngine(Predicted(1, (prediction,)), failed)) as pilot:
        await until(lambda: pilot.app.session.failures)
        await pilot.press("i")
        await until_shown(pilot, "[red]x[] \\x1b[2J\\u202e.mp4", "[/] \\x1b[2J", "1 [b]", "[b]/\\x07.mp4")
        assert not any(char in drawn(pilot) for char in "\x1b\x07\u202e")
