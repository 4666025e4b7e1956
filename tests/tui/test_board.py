"""What the places on the screen do as clips come and go: what keeps its place, and who uses the room that is left."""

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from tests.tui.helpers import (
    StandInEngine,
    drawn,
    panel,
    pile,
    predicted,
    sorting,
    trained,
    typed,
    until,
    until_shown,
)
from tiksort_tui.domain import MediaInfo
from tiksort_tui.pipeline.events import EncodersReady, NoModel, Scanned, VideoExtracted, VideoFailed
from tiksort_tui.player.events import Playback
from tiksort_tui.tui.board import STEADY_CLIPS
from tiksort_tui.tui.details import Details

CAPTION = "a word and another " * 300
NOTICE = "Clips are compared by plain colour; `tiksort-tui models --download` fetches what does better (753 MB)"


def shapes(pilot, caption="", **heights):
    """Have each clip's pictures take so many lines, 5 where it is not named, or as many as there are."""

    async def read(path, width, height):
        lines = min(height, heights.get(path.stem, 5))
        strip = tuple(Strip([Segment("▀" * width)], width) for _ in range(lines))
        return Details(100, caption, MediaInfo(1.0, 90, 160, "h264", None), None, strip)

    pilot.app.details.read = read


def region(pilot, name):
    return pilot.app.sort_screen.query_one(f"#{name}").region


async def on_screen(pilot, key, clip):
    """Press `key`, which brings `clip` on screen, and wait for its pictures."""
    await pilot.press(key)
    await until(lambda: panel(pilot, "clip").startswith(f"{clip}.mp4") and "90x160" in panel(pilot, "clip"))
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=str)
async def test_the_words_have_the_lines_that_lower_pictures_leave(tmp_path, size):
    async with sorting(pile(tmp_path, ["a.mp4", "high.mp4", "low.mp4", "z.mp4"]), size=size) as pilot:
        shapes(pilot, CAPTION, high=30, low=3)
        await on_screen(pilot, "j", "high")
        words, queue = region(pilot, "words"), region(pilot, "queue")
        high = region(pilot, "strip").height
        assert high > 5
        await on_screen(pilot, "j", "low")
        # Nothing below them moves.
        assert region(pilot, "queue") == queue
        assert region(pilot, "strip").height == 3
        assert region(pilot, "words").bottom == words.bottom
        assert region(pilot, "words").y == region(pilot, "strip").bottom + 1
        assert len(panel(pilot, "words").splitlines()) == region(pilot, "words").height > words.height
        await on_screen(pilot, "k", "high")
        assert region(pilot, "words") == words


async def test_the_pictures_give_their_place_back_when_no_more_high_ones_come(tmp_path):
    clips = [f"{number:02}" for number in range(STEADY_CLIPS + 4)]
    async with sorting(pile(tmp_path, [f"{clip}.mp4" for clip in clips])) as pilot:
        shapes(pilot, **{"01": 30})
        await on_screen(pilot, "j", "01")
        high = region(pilot, "queue")
        for clip in clips[2 : STEADY_CLIPS + 1]:
            await on_screen(pilot, "j", clip)
            assert region(pilot, "queue") == high
        await on_screen(pilot, "j", clips[STEADY_CLIPS + 1])
        assert region(pilot, "queue").y < high.y
        assert region(pilot, "queue").bottom == high.bottom


async def test_a_smaller_terminal_does_not_keep_the_place_of_larger_pictures(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), size=(200, 60)) as pilot:
        shapes(pilot, b=20)
        await on_screen(pilot, "j", "b")
        shapes(pilot)
        await pilot.resize_terminal(80, 24)
        await until(lambda: "90x160" in panel(pilot, "clip") and region(pilot, "strip").height == 5)
        assert region(pilot, "suggestion").y == region(pilot, "strip").bottom + 1


async def test_the_folders_column_is_made_for_their_names(tmp_path):
    names = ["sign language", "a name that nobody could ever have shown as a whole in any column"]
    async with sorting(pile(tmp_path, ["a.mp4"], names[:1]), size=(80, 24)) as pilot:
        assert "1  sign language" in panel(pilot, "folders")
        await typed(pilot, "n", *names[1], "enter")
        await until(lambda: len(pilot.app.session.folders) == 2)
        # It stays as it is until the terminal changes.
        assert region(pilot, "folders").width == 24
        await pilot.resize_terminal(120, 36)
        await until(lambda: region(pilot, "folders").width == 30)


async def test_how_far_it_is_stands_at_the_top_when_all_is_sorted(tmp_path):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"])) as pilot:
        assert region(pilot, "progress").y > region(pilot, "suggestion").bottom
        await pilot.press("1", "1", "2")
        await until_shown(pilot, "All sorted", "0 / 3 remaining")
        await until(lambda: region(pilot, "progress").y == region(pilot, "clip").y)
        assert region(pilot, "learning").y == region(pilot, "progress").y + 5
        # What the folders have gained, and its share at a glance.
        cats, dogs = (line for line in panel(pilot, "queue").splitlines() if "━" in line)
        assert cats.split()[:2] == ["2", "cats"]
        assert cats.count("━") == 2 * dogs.count("━") > 0


async def test_a_reason_is_told_once(tmp_path):
    reason = "no folder has clips yet: put a few clips into each of two folders"
    engine = StandInEngine(NoModel(reason), VideoFailed(tmp_path / "b.mp4", "cut short", 1, 2))
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4", "c.mp4"], []), engine) as pilot:
        shapes(pilot, b=0)
        await until_shown(pilot, "no folder has", "makes a folder)")
        assert drawn(pilot).count("no folder has") == 1
        await pilot.press("j", "j", "k")
        await until_shown(pilot, "! This clip cannot be read: cut short", "none: it cannot be read")
        assert drawn(pilot).count("cut short") == 1
        # Where only the suggestion has room for them.
        await pilot.resize_terminal(80, 20)
        await until_shown(pilot, "(cut short)")
        await pilot.press("k")
        await until_shown(pilot, "no folder has clips yet")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=str)
async def test_at_the_first_start_a_notice_is_told_once_and_then_stays_at_the_bottom(tmp_path, size):
    engine = StandInEngine()
    async with sorting(pile(tmp_path, [f"{name}.mp4" for name in "abcd"]), engine, size=size) as pilot:
        shapes(pilot, b=0)
        pilot.app.notices[:] = [NOTICE]

        def told():
            """Whether the notice stands in the line at the bottom; it stands nowhere else then."""
            assert drawn(pilot).count("Clips are compared by") == 1
            return panel(pilot, "message").startswith(" Clips are compared by")

        await on_screen(pilot, "j", "b")
        await until_shown(pilot, "4 clips to sort", "(753 MB)")
        assert not told()
        # What has pictures has no room for it.
        await on_screen(pilot, "j", "c")
        assert told()
        # It does not come and go with each clip that is looked at.
        lines = []
        message = pilot.app.sort_screen.query_one("#message")
        show = message.show
        message.show = lambda shown: (lines.append(shown[0].plain), show(shown))
        await on_screen(pilot, "j", "d")
        assert lines
        assert all("Clips are compared by" in line for line in lines)
        await on_screen(pilot, "k", "c")
        await on_screen(pilot, "k", "b")
        assert not told()
        engine.tell(trained())
        await until_shown(pilot, "Its pictures come")
        assert told()


async def test_an_engine_that_has_ended_reads_nothing(tmp_path):
    engine = StandInEngine(EncodersReady("builtin encoder", "cpu"))
    async with sorting(pile(tmp_path, ["a.mp4"]), engine) as pilot:
        await until_shown(pilot, "suggestions come as clips are read", "Reading with builtin encoder")
        engine.tell(None)
        await until_shown(pilot, "suggestions come when r has read the clips", "none yet: r reads it")
        assert "Reading with" not in drawn(pilot)


async def test_the_librarys_name_is_whole_before_what_never_changes(tmp_path):
    root = tmp_path / "videos"
    root.mkdir()
    scanned = Scanned(("cats", "dogs"), 0, 2, 0, 1600)
    engine = StandInEngine(EncodersReady("CLIP + Whisper", "cuda"), scanned, VideoExtracted(root / "a.mp4", 720, 1600))
    async with sorting(pile(root, ["a.mp4"]), engine, size=(80, 24)) as pilot:
        await until_shown(pilot, "reading 720/1600")
        header = panel(pilot, "header")
        assert "reading 720/1600" in header
        assert "cuda" not in header
        assert str(tmp_path)[:8] in header
        assert cell_len(header) <= 80


async def test_a_clip_that_cannot_be_read_says_what_to_do_however_low_the_pictures_before_it_were(tmp_path):
    pile(tmp_path, ["a.mp4", "b.mp4", "broken.mp4", "c.mp4"])
    engine = StandInEngine(
        trained(), VideoFailed(tmp_path / "broken.mp4", "it holds no picture that can be read", 1, 4),
        predicted(tmp_path, a=[("cats", 0.9)], b=[("cats", 0.9)], c=[("dogs", 0.9)]),
    )  # fmt: skip
    async with sorting(tmp_path, engine, size=(80, 24)) as pilot:
        shapes(pilot, a=4, b=4, c=4)
        await on_screen(pilot, "j", "b")
        low, queue = region(pilot, "strip"), region(pilot, "queue")
        shapes(pilot, a=4, b=4, c=4, broken=0)
        await pilot.press("j")
        await until_shown(pilot, "! This clip cannot be read", "download it again: r", "reads the new one.")
        assert region(pilot, "queue") == queue
        assert low.height == 4
        # Nothing is told by halves beside it.
        assert "none: it cannot be read" not in drawn(pilot)
        assert "No suggestion" not in drawn(pilot)
        await on_screen(pilot, "j", "c")
        assert "Enter  2 dogs" in panel(pilot, "suggestion")
        assert region(pilot, "strip") == low


@pytest.mark.parametrize(
    ("width", "facts"), [(40, "0:02 / 10:05"), (60, "0:02 / 10:05"), (66, "0:02 / 10:05  90x160")], ids=str
)
async def test_what_is_known_of_a_clip_does_not_run_together_on_a_narrow_terminal(tmp_path, width, facts):
    async with sorting(pile(tmp_path, ["a.mp4", "b.mp4"]), size=(width, 14)) as pilot:
        shapes(pilot)
        await on_screen(pilot, "j", "b")
        pilot.app._on_player(Playback(tmp_path / "b.mp4", 2.0, 605.0, False, False, 80.0, 1.0))
        await until(lambda: facts in panel(pilot, "clip").splitlines()[1])
        line = panel(pilot, "clip").splitlines()[1]
        assert line == f"{facts:<{cell_len(line) - 21}}x1.0  vol 80  playing"
