"""The model's own pages: what they say of a model, at every size, and how misfiled clips are put right."""

import itertools
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Key
from textual.strip import Strip

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
    queue,
    recording_player,
    shown_in_mpv,
    sorting,
    typed,
    until,
    until_shown,
    where,
)
from tiksort_tui.config import KeysConfig
from tiksort_tui.learning import fit
from tiksort_tui.learning.classifiers import CANDIDATES
from tiksort_tui.library.lock import WriterLock
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import state_dir
from tiksort_tui.pipeline.events import Finished, Misfiled, NoModel, Past, Scanned, Trained
from tiksort_tui.report import (
    Audit,
    CandidateScore,
    FolderScore,
    ModalityLift,
    Promise,
    ReliabilityBin,
    Report,
)
from tiksort_tui.session import Session
from tiksort_tui.tui.details import Details
from tiksort_tui.tui.guard import SEEN_SECONDS
from tiksort_tui.tui.panel import Panel
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.screens.model import PAGES, ModelScreen
from tiksort_tui.tui.undecided import Undecided
from tiksort_tui.tui.views import evidence, model

SIZES = [(80, 24), (120, 36), (200, 60), (60, 14), (40, 10), (12, 3), (1, 1)]
BINS = tuple(ReliabilityBin(20 * place, place / 10 + 0.05, place / 10) for place in range(10))


def report(folders=("cats", "dogs"), **other):
    """A model's word on itself: of each folder's ten clips eight are right, and two went to the next folder."""
    count = len(folders)
    places = range(count)
    matrix = tuple(tuple(8 * (own == to) + 2 * (to == (own + 1) % count) for to in places) for own in places)
    values = {
        "kind": "logistic",
        "parameters": {"C": 1.0},
        "labelled": 10 * count,
        "selected_on": 10 * count,
        "folders": tuple(FolderScore(folder, 10, 0.8, 0.75) for folder in folders),
        "candidates": tuple(CandidateScore(kind, 0.8, 0.03, 0.5) for kind in ("knn", "logistic", "mlp", "ensemble")),
        "accuracy": 0.8,
        "log_loss": 0.5,
        "calibration_error": 0.04,
        "reliability": BINS,
        "confusion": matrix,
        "promise": Promise(0.98, 0.9, 0.61, None, None),
        "misfilings": (),
        "modalities": (ModalityLift("sound", 0.1, 0.02, True), ModalityLift("speech", -0.1, 0.02, False)),
        "temperature": 1.0,
        "text_weight": 0.0,
        "notes": (),
    }
    return Report(**{**values, **other})


UNMEASURED = {
    "candidates": (), "accuracy": None, "log_loss": None, "calibration_error": None, "reliability": (), "confusion": (),
    "modalities": (), "promise": Promise(0.98, None, 0.0, 500, None),
}  # fmt: skip


def misfiled(root, *names):
    return tuple(Misfiled(root / "cats" / f"{name}.mp4", "cats", "dogs", 0.9) for name in names)


def sorted_pile(root, *sorted_clips):
    """Two unsorted clips, and these in cats."""
    pile(root, ["u.mp4", "v.mp4"])
    for name in sorted_clips:
        (root / "cats" / f"{name}.mp4").write_text(f"{name}.mp4")
    return root


def on_page(pilot, name):
    return pilot.app.screen.query_one(f"#{name}").render().plain


def plain(lines):
    return "\n".join(line.plain for line in lines)


def counts(pilot):
    return {folder.name: folder.count for folder in pilot.app.session.folders}


def all_pages(trained, few_colours, width):
    yield model.summary(trained, few_colours, width)
    yield model.folder_table(trained.report, width)
    yield evidence.confusion(trained.report, few_colours, width)
    yield evidence.reliability(trained.report, width)
    for cursor in range(min(3, len(trained.misfiled))):
        yield evidence.misfilings(trained, trained.misfiled, cursor, width, 12)


MANY = tuple(f"An endless name of a folder {place} 料理" for place in range(200))
MODELS = {
    "two folders": Trained(report()),
    "one folder": Trained(report(("cats",))),
    "none measured": Trained(report(**UNMEASURED)),
    "names alone": Trained(report(kind="names", text_weight=1.0, **UNMEASURED)),
    "two hundred folders": Trained(
        report(MANY, notes=("A note that goes on and on. " * 9,)),
        tuple(Misfiled(Path("/l") / MANY[0] / f"{'日本語' * 30}{i}.mp4", MANY[0], MANY[1], 1.0) for i in range(50)),
        Audit(30, 0.5, 0.4, 0.6, kept=False),
        tuple(Past(i, i / 90) for i in range(90)),
    ),
}


@pytest.mark.parametrize("few_colours", [False, True])
@pytest.mark.parametrize("width", [60, 78, 98, 118, 198])
@pytest.mark.parametrize("trained", MODELS.values(), ids=MODELS.keys())
def test_no_line_is_wider_than_its_page(trained, width, few_colours):
    for lines in all_pages(trained, few_colours, width):
        assert lines
        assert [line.plain for line in lines if cell_len(line.plain) > width or "\n" in line.plain] == []


def test_the_summary_says_how_good_how_honest_and_what_it_goes_by():
    past = (Past(10, 0.4), Past(14, 0.62))
    trained = Trained(report(), past=past, audit=Audit(23, 0.957, 0.82, 0.99, kept=True))
    page = plain(model.summary(trained, few_colours=False, width=100))
    for told in (
        "Logistic regression, from 20 sorted clips in 2 folders",
        "80 % right on clips that it had not seen",
        "When it says 80 %, between 76 and 84 of 100 are right",
        "nearest neighbours", "neural network", "80.0 ± 3.0 %", "▸ logistic regression",
        "Files 61 of 100 by itself, at least 98 % right.",
        "Of 23 sure clips that were left to you, you put 96 % where it would have",
        "between 82 % and 99 %.", "That agrees with 98 %.",
        "right folder 10.5 % likelier (+0.100 ± 0.020 nats)", "right folder 9.5 % less likely (-0.100 ± 0.020 nats)",
    ):  # fmt: skip
        assert told in " ".join(page.split())
    rows = page.splitlines()
    assert rows[-2].split() == ["right", "▄", "40", "%", "▅", "62", "%", "▇", "80", "%"]
    assert rows[-1].split() == ["clips", "10", "14", "20"]


def test_a_broken_promise_is_said_to_be_broken():
    page = plain(model.summary(Trained(report(), audit=Audit(40, 0.7, 0.6, 0.8, kept=False)), False, 100))
    assert "! That is less than the 98 % that it promises." in page


def test_what_was_not_measured_is_not_shown_as_if_it_were():
    trained = Trained(report(**UNMEASURED))
    summary, *others = (plain(lines) for lines in all_pages(trained, False, 100))
    assert "too few sorted clips to hold some out" in summary
    assert "right on clips" not in summary
    assert "SO FAR" not in summary
    assert all("Too few sorted clips" in page for page in others[1:])
    assert "Too few" in plain(evidence.misfilings(trained, (), 0, 100, 9))


def test_a_model_that_learned_on_says_what_it_was_measured_on():
    page = plain(model.summary(Trained(report(labelled=25), refitted=True), False, 100))
    assert "Measured on 20 sorted clips; it has learned from others since" in page


def test_the_folders_say_what_is_only_suggested_and_what_is_not_known():
    folders = (FolderScore("cats", 40, 0.9, 1.0), FolderScore("[/] new", 2, None, None))
    assert "suggested" not in plain(model.folder_table(report(), 100))
    rows = plain(model.folder_table(replace(report(), folders=folders), 100)).splitlines()
    cats, new = (next(row for row in rows if row.startswith(name)) for name in ("cats", "[/] new"))
    assert cats.split()[:2] == ["cats", "40"]
    assert "90 %" in cats
    assert "100 %" in cats
    assert new.split()[2:] == ["2", "-", "-", "only", "suggested"]


@pytest.mark.parametrize("few_colours", [False, True])
def test_the_confusion_matrix_says_in_numbers_what_it_says_in_colours(few_colours):
    matrix = ((9, 1, 0), (5, 5, 0), (0, 0, 0))
    lines = evidence.confusion(report(("cats", "dogs", "fish"), confusion=matrix), few_colours, 100)
    first = next(number for number, line in enumerate(lines) if "CLIPS" in line.plain) + 1
    rows = {line.plain.split()[0]: line.plain for line in lines[first : first + 3]}
    numbers = {name: row.translate(str.maketrans("", "", "░▒▓█")).split()[1:] for name, row in rows.items()}
    assert numbers == {
        "cats": ["[90]", "10", "·", "10"], "dogs": ["50", "[50]", "·", "10"], "fish": ["-", "-", "[-]", "0"]
    }  # fmt: skip
    assert "dogs → cats 5 of 10" in " ".join(plain(lines).split())
    assert ("▓" in rows["cats"] or "█" in rows["cats"]) == few_colours
    colours = {str(span.style) for line in lines for span in line.spans if "on $" in str(span.style)}
    assert bool(colours) != few_colours


def test_of_many_folders_the_most_confused_are_shown_and_told_apart():
    folders = [f"the same long beginning of a name {place}" for place in range(200)]
    matrix = [[10 * (own == to) for to in range(200)] for own in range(200)]
    matrix[150][17] = 6
    matrix[17][3] = 2
    page = plain(evidence.confusion(report(folders, confusion=tuple(map(tuple, matrix))), False, 78))
    rows = [line for line in page.splitlines() if re.match(r" [ a-z][a-z] the ", line)]
    assert [row.split()[0] for row in rows] == list("abcdefghi")
    # A letter for each column, and no number, which would be a key.
    assert "a    b    c    d    e    f    g    h    i rest" in page
    assert {"150", "17", "3"} <= {re.split(r"[ …]", row[4:18].strip())[-1] for row in rows}
    assert len({row[4:19] for row in rows}) == len(rows)
    assert "of 200 folders" in page
    assert "6 of 16" in page


def test_folders_whose_names_differ_in_what_is_cut_out_are_told_apart_by_letters():
    names = [f"holiday in the south of {place}, part one of it" for place in ("italy", "spain")]
    page = plain(evidence.confusion(report(names, confusion=((9, 1), (5, 5))), False, 100))
    assert re.search(r" a +b +CLIPS", page)


def test_the_bars_of_the_reliability_diagram_end_where_the_truth_does():
    bins = (*(ReliabilityBin(0, 0.0, 0.0),) * 8, ReliabilityBin(50, 0.85, 0.5), ReliabilityBin(50, 0.95, 0.95))
    rows = plain(evidence.reliability(report(reliability=bins), 78)).splitlines()
    high, low = (next(row for row in rows if row.lstrip().startswith(label)) for label in ("90-100", "80- 90"))
    assert low.index("┃") - low.rindex("━") > 10
    assert abs(high.index("┃") - high.rindex("━")) <= 1
    assert "50 %       50  too sure" in low
    assert "too" not in high
    assert sum("┃" in row for row in rows) == 11


def test_a_broad_screen_has_the_summary_in_two_columns():
    trained = Trained(report(notes=("A note.",)), past=(Past(10, 0.4),), audit=Audit(23, 0.957, 0.82, 0.99, kept=True))
    narrow, broad = (plain(model.summary(trained, False, width)) for width in (118, 198))
    assert len(broad.splitlines()) < len(narrow.splitlines()) - 8
    # All of it is there, but for the bars' length.
    told = [sorted(word for word in page.split() if "━" not in word) for page in (broad, narrow)]
    assert told[0] == told[1]
    row = next(line for line in broad.splitlines() if line.startswith("CANDIDATES"))
    assert row.split("  ")[-1].strip() == "WHAT IT GOES BY"


def test_a_broad_screen_has_whole_names_over_the_matrix_and_who_is_mixed_up_beside_it():
    names = ["sign language too", "cooking", "日本の料理"]
    matrix = ((9, 1, 0), (5, 5, 0), (0, 0, 3))
    for width, beside in ((78, False), (198, True)):
        lines = plain(evidence.confusion(report(names, confusion=matrix), False, width)).splitlines()
        head = next(line for line in lines if "CLIPS" in line)
        assert ("MIXED UP MOST" in head) == beside
        # Below each other a long name has the cells that short ones leave.
        assert "sign language too" in head
        assert "日本の料理" in head
        # Each name ends where its column does.
        row = next(line for line in lines if line.startswith(" 日本"))
        ends = [cell_len(text[: text.index(word) + len(word)]) for text, word in ((head, "料理"), (row, "[100]"))]
        assert ends[0] == ends[1]


async def test_the_misfilings_have_the_lines_that_their_pictures_leave(tmp_path):
    names = [f"{place:02}" for place in range(20)]
    engine = StandInEngine(Trained(report(), misfiled(tmp_path, *names)), Finished(0, 0))
    async with sorting(sorted_pile(tmp_path, *names), engine, size=(80, 24)) as pilot:
        await until(lambda: pilot.app.progress.model)
        rooms = {}

        async def read(path, width, height):
            rooms[path.stem] = height
            lines = min(height, 30 if path.name == "02.mp4" else 4)
            return Details(1, strip=tuple(Strip([Segment("▀" * width)], width) for _ in range(lines)))

        pilot.app.details.read = read

        def region(name):
            return pilot.app.screen.query_one(f"#{name}").region

        await pilot.press("t", "5")
        await until(lambda: region("strip").height == 4)
        # The list, a free line, the pictures, and the message and the keys below them.
        assert region("page").bottom + 1 == region("strip").y
        assert region("strip").bottom == 22
        assert "13.mp4" not in on_page(pilot, "page")
        assert on_page(pilot, "page").endswith("… 7 more")
        await pilot.press("j", "j")
        await until(lambda: region("strip").height == rooms.get("02", 0) > 8)
        high = region("strip")
        assert high.bottom == 22
        # They keep the place of the highest.
        await pilot.press("j")
        await until(lambda: "03" in rooms)
        await pilot.pause()
        assert region("strip") == high
        # A list that ends has them right below it, also when some of it is decided.
        await pilot.resize_terminal(80, 40)
        await until(lambda: region("page").height == 21)
        await pilot.press("x", "x")
        await until_shown(pilot, "5 misfilings 18")
        await until(lambda: region("strip").height == 4)
        assert region("strip").y == region("page").bottom + 1 == 2 + 21 + 1


async def test_what_is_misfiled_follows_a_folder_to_its_new_name_and_back(tmp_path):
    found = misfiled(tmp_path, "a", "b", "c")
    engine = StandInEngine(Trained(report(), found), Finished(0, 0))
    async with sorting(sorted_pile(tmp_path, "a", "b", "c"), engine) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5", "x")
        await until_shown(pilot, "5 misfilings 2", "▸ b.mp4")
        await pilot.press("escape")
        for old, new in (("dogs", "hounds"), ("cats", "kittens"), ("hounds", "wolves")):
            pilot.app.moves.rename_folder(old, new)
            await until_shown(pilot, f"{old} is called {new}")
        await pilot.press("t", "5")
        await until_shown(pilot, "5 misfilings 2", "▸ b.mp4", "kittens", "→ wolves")
        await pilot.press("2")
        await until_shown(pilot, "RECALL")
        assert {"kittens", "wolves"} <= {line.split()[0] for line in on_page(pilot, "page").splitlines() if line}
        await pilot.press("5", "enter")
        await until_shown(pilot, "Filed b.mp4 in wolves", "5 misfilings 1", "▸ c.mp4")
        # Back, one after the other: the filing, and the names.
        for told in ("Took b.mp4 back", "is called hounds again", "is called cats again", "is called dogs again"):
            burst(pilot, "u")
            await until_shown(pilot, told)
        await until_shown(pilot, "5 misfilings 2", "cats", "→ dogs")
        # What a new run finds under the new name was decided before, too.
        pilot.app.moves.rename_folder("cats", "kittens")
        await until_shown(pilot, "cats is called kittens")
        again = tuple(replace(one, path=tmp_path / "kittens" / one.path.name, folder="kittens") for one in found)
        pilot.app.progress.take(Trained(report(), again), 0.0)
        await until_shown(pilot, "5 misfilings 2", "kittens")
    assert where(tmp_path)["b.mp4"] == "kittens/b.mp4"


def test_a_new_folder_under_an_old_name_is_itself(tmp_path):
    pile(tmp_path, ["u.mp4"])
    session = Session(scan(tmp_path, CONFIG.library))
    session.folder_renamed("cats", "kittens")
    session.add_folder("cats")
    undecided = Undecided()
    undecided.update(misfiled(tmp_path, "a"), session)
    assert [(one.folder, one.better) for one in undecided.rows] == [("cats", "dogs")]


async def test_its_pages_are_turned_and_left(tmp_path):
    engine = StandInEngine(Trained(report(), misfiled(tmp_path, "a")), Finished(0, 0))
    async with sorting(sorted_pile(tmp_path, "a"), engine) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t")
        await until_shown(pilot, "▸1 summary", "Logistic regression", "5 misfilings 1")
        for key, told in (
            ("2", "RECALL"), ("3", "[80]"), ("4", "IT SAID"), ("5", "LOOKS LIKE"), ("tab", "CANDIDATES"),
            ("left", "LOOKS LIKE"), ("right", "CANDIDATES"), ("shift+tab", "LOOKS LIKE"),
        ):  # fmt: skip
            await pilot.press(key)
            await until_shown(pilot, told)
        for key in ("escape", "t", "q"):
            await pilot.press(key)
            await until(lambda: pilot.app.screen is pilot.app.sort_screen)
            await pilot.press("t")
            await until(lambda: isinstance(pilot.app.screen, ModelScreen))
        assert queue(pilot) == "[u] v"


async def test_long_pages_scroll_and_stop_at_their_ends(tmp_path):
    pile(tmp_path, ["u.mp4"])
    engine = StandInEngine(Trained(report([f"folder {place:03}" for place in range(200)])), Finished(0, 0))
    async with sorting(tmp_path, engine, size=(80, 24)) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "2")
        await until_shown(pilot, "folder 000", "more lines")
        await pilot.press("end")
        await until_shown(pilot, "folder 199")
        assert "folder 000" not in drawn(pilot)
        await pilot.press("j", "j", "k")
        await until(lambda: "more lines" in drawn(pilot))
        await pilot.press("home")
        await until_shown(pilot, "folder 000")


async def test_without_a_model_it_says_why_and_shows_the_one_that_comes(tmp_path):
    engine = StandInEngine(NoModel("two folders with two clips each are needed [/]"))
    async with sorting(sorted_pile(tmp_path), engine) as pilot:
        await until(lambda: pilot.app.progress.no_model)
        await pilot.press("t")
        await until_shown(pilot, "No model yet", "two clips each are needed [/]", "A run is going on")
        for page in "12345":
            await pilot.press(page)
            await until_shown(pilot, f"▸{page}", "No model yet")
        engine.tell(Trained(report()), Finished(0, 0))
        await until_shown(pilot, "None found")


async def test_a_run_that_is_going_on_is_shown_with_its_count(tmp_path):
    async with sorting(sorted_pile(tmp_path), StandInEngine(Scanned((), 0, 9, 0, 9))) as pilot:
        await pilot.press("t")
        await until_shown(pilot, "A run is going on (reading 0/9)")


@pytest.mark.parametrize("told", [MODELS["two hundred folders"], NoModel("none " * 90)], ids=["model", "no model"])
async def test_every_panel_stays_in_its_place(tmp_path, told):
    pile(tmp_path, ["u.mp4"], MANY[:2])
    async with sorting(tmp_path, StandInEngine(told)) as pilot:
        await until(lambda: pilot.app.progress.model or pilot.app.progress.no_model)
        await pilot.press("t")
        await until(lambda: isinstance(pilot.app.screen, ModelScreen))
        for size, page in itertools.product(SIZES, range(len(PAGES))):
            if page == 0:
                await pilot.resize_terminal(*size)
            await typed(pilot, str(page + 1), "pagedown")
            panels = [one for one in pilot.app.screen.children if one.display and one.region.area]
            for one in panels:
                lines = one.render().plain.split("\n") if isinstance(one, Panel) else []
                assert len(lines) <= one.region.height
                assert max(map(cell_len, lines), default=0) <= one.region.width
                assert pilot.app.screen.region.contains_region(one.region)
                assert not any(one is not other and one.region.overlaps(other.region) for other in panels)


async def test_keys_of_ones_own_that_mean_something_else_on_this_page_are_not_named(tmp_path):
    engine = StandInEngine(Trained(report(), misfiled(tmp_path, "a", "b")), Finished(0, 0))
    config = replace(CONFIG, keys=KeysConfig({"undo": ("x", "ctrl+z"), "down": ("down",), "pause": ("j",)}))
    async with sorting(sorted_pile(tmp_path, "a", "b"), engine, config=config) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5")
        await until_shown(pilot, "▸ a.mp4", "x leaves it", "Ctrl+Z undo")
        await pilot.press("x")
        await until_shown(pilot, "Ctrl+Z brings it back", "5 misfilings 1")
        await pilot.press("ctrl+z")
        await until_shown(pilot, "a.mp4 is in this list again", "5 misfilings 2")


async def test_one_key_moves_a_misfiled_clip_and_undo_brings_it_back(tmp_path):
    engine, player = StandInEngine(Trained(report(), misfiled(tmp_path, "a", "b")), Finished(0, 0)), recording_player()
    async with sorting(sorted_pile(tmp_path, "a", "b", "c"), engine, player) as pilot:
        await until(lambda: pilot.app.progress.model)
        assert counts(pilot) == {"cats": 3, "dogs": 0}
        await pilot.press("t", "5")
        await until_shown(pilot, "▸ a.mp4")
        assert asked(player)[-1] == ("play", tmp_path / "cats" / "a.mp4")
        await pilot.press("enter")
        await until_shown(pilot, "Filed a.mp4 in dogs", "▸ b.mp4", "5 misfilings 1")
        assert where(tmp_path)["a.mp4"] == "dogs/a.mp4"
        assert counts(pilot) == {"cats": 2, "dogs": 1}
        assert asked(player)[-1] == ("play", tmp_path / "cats" / "b.mp4")
        await pilot.press("u")
        await until_shown(pilot, "Took a.mp4 back from dogs", "5 misfilings 2", "▸ a.mp4")
        assert where(tmp_path)["a.mp4"] == "cats/a.mp4"
        assert counts(pilot) == {"cats": 3, "dogs": 0}
        await pilot.press("U")
        await until_shown(pilot, "Filed a.mp4 in dogs again", "5 misfilings 1")
        assert counts(pilot) == {"cats": 2, "dogs": 1}
        # The queue and the session's own count know nothing of it.
        assert queue(pilot) == "[u] v"
        assert pilot.app.session.filed.total() == 0
        await pilot.press("escape")
        await until(lambda: pilot.app.screen is pilot.app.sort_screen)
        assert asked(player)[-1] == ("play", tmp_path / "u.mp4")


async def test_a_clip_that_is_where_it_belongs_is_dismissed_for_this_session(tmp_path):
    found = misfiled(tmp_path, "a", "b")
    engine = StandInEngine(Trained(report(), found))
    async with sorting(sorted_pile(tmp_path, "a", "b"), engine) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5", "x")
        await until_shown(pilot, "▸ b.mp4", "5 misfilings 1")
        await pilot.press("x")
        await until_shown(pilot, "All decided", "u brings it back")
        # As long as one is on these pages that is taken back like a move.
        await pilot.press("u")
        await until_shown(pilot, "▸ b.mp4", "5 misfilings 1", "b.mp4 is in this list again")
        await pilot.press("u")
        await until_shown(pilot, "▸ a.mp4", "5 misfilings 2")
        await pilot.press("u")
        await until_shown(pilot, "Nothing to undo")
        await pilot.press("x", "x")
        await until_shown(pilot, "All decided")
        engine.tell(Trained(report(labelled=25), found), Finished(0, 0))
        await pilot.press("escape", "t", "5")
        await until_shown(pilot, "All decided")
        await pilot.press("enter", "x")
    assert where(tmp_path)["a.mp4"] == "cats/a.mp4"


async def test_what_was_moved_and_what_was_left_is_taken_back_in_turn(tmp_path):
    engine = StandInEngine(Trained(report(), misfiled(tmp_path, "a", "b", "c")), Finished(0, 0))
    async with sorting(sorted_pile(tmp_path, "a", "b", "c"), engine) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5", "x")
        await until_shown(pilot, "▸ b.mp4", "the surest first")
        await pilot.press("enter")
        await until_shown(pilot, "Filed b.mp4 in dogs", "▸ c.mp4")
        await pilot.press("x")
        await until_shown(pilot, "All decided")
        for told in ("c.mp4 is in this list again", "Took b.mp4 back from dogs", "a.mp4 is in this list again"):
            await pilot.press("u")
            await until_shown(pilot, told)
        await until_shown(pilot, "▸ a.mp4", "5 misfilings 3")
    assert where(tmp_path)["b.mp4"] == "cats/b.mp4"


async def test_the_cursor_stays_on_its_clip_and_a_refit_keeps_what_was_found(tmp_path):
    engine, player = StandInEngine(Trained(report(), misfiled(tmp_path, "a", "b", "c"))), recording_player()
    async with sorting(sorted_pile(tmp_path, "a", "b", "c"), engine, player) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5", "j")
        await until_shown(pilot, "▸ b.mp4")
        engine.tell(Trained(report(labelled=22), refitted=True))
        await until(lambda: pilot.app.progress.model.refitted)
        await until_shown(pilot, "▸ b.mp4", "5 misfilings 3")
        calls = asked(player)
        engine.tell(Trained(report(), tuple(replace(one, confidence=0.7) for one in misfiled(tmp_path, "c", "b"))))
        await until_shown(pilot, "▸ b.mp4", "5 misfilings 2")
        assert asked(player) == calls


async def test_what_cannot_be_moved_says_why_and_stays_in_the_list(tmp_path):
    sorted_pile(tmp_path, "a", "b")
    (tmp_path / "dogs" / "a.mp4").write_text("a.mp4")
    engine = StandInEngine(Trained(report(), misfiled(tmp_path, "a", "b")), Finished(0, 0))
    async with sorting(tmp_path, engine) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5", "enter")
        await until_shown(pilot, "duplicate", "5 misfilings 2")
        assert counts(pilot) == {"cats": 2, "dogs": 1}
        # One that another program took away has nothing more to be decided.
        (tmp_path / "cats" / "b.mp4").unlink()
        await pilot.press("end", "enter")
        await until_shown(pilot, "b.mp4", "5 misfilings 1")
        await until(lambda: "▸ a.mp4" in drawn(pilot))


async def test_a_screen_that_can_only_look_moves_nothing(tmp_path):
    sorted_pile(tmp_path, "a")
    lock = WriterLock(state_dir(tmp_path))
    state_dir(tmp_path).mkdir(exist_ok=True)
    lock.take()
    try:
        engine = StandInEngine(Trained(report(), misfiled(tmp_path, "a")), Finished(0, 0))
        async with sorting(tmp_path, engine) as pilot:
            await until(lambda: pilot.app.progress.model)
            await pilot.press("t", "5", "enter")
            await until_shown(pilot, "You can only look", "▸ a.mp4")
    finally:
        lock.release()
    assert where(tmp_path)["a.mp4"] == "cats/a.mp4"


async def test_a_held_key_moves_nothing_that_was_not_seen(tmp_path):
    names = [f"{place:02}" for place in range(20)]
    engine = StandInEngine(Trained(report(), misfiled(tmp_path, *names)), Finished(0, 0))
    async with sorting(sorted_pile(tmp_path, *names), engine, guarded=True) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5")
        await until_shown(pilot, "▸ 00.mp4")
        await pilot.pause()
        now = time.monotonic() + SEEN_SECONDS
        for repetition in range(10):
            event = Key("enter", None)
            event.time = now + 0.03 * repetition
            pilot.app.post_message(event)
            await pilot.pause()
        await until_shown(pilot, "Filed 00.mp4 in dogs")
        assert [clip for clip, place in where(tmp_path).items() if place.startswith("dogs")] == ["00.mp4"]


async def test_mpvs_window_takes_the_same_keys(tmp_path):
    engine = StandInEngine(Trained(report(), misfiled(tmp_path, "a", "b")), Finished(0, 0))
    player = recording_player()
    async with sorting(sorted_pile(tmp_path, "a", "b"), engine, player) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5")
        await until_shown(pilot, "▸ a.mp4")
        await in_mpv(pilot, "j")
        await until(lambda: shown_in_mpv(player) == "b.mp4\ncats → dogs 90 %: Enter moves it, x leaves it")
        await in_mpv(pilot, "enter")
        await until_shown(pilot, "Filed b.mp4 in dogs")
        assert queue(pilot) == "[u] v"
        await in_mpv(pilot, "x")
        await until_shown(pilot, "All decided")
        # What u would take back stands on the sorting screen, too.
        await pilot.press("escape")
        await until(lambda: "b.mp4 > dogs" in panel(pilot, "session"))


async def test_keys_in_mpvs_window_are_whole_here_too(tmp_path):
    engine = StandInEngine(Trained(report(), misfiled(tmp_path, "a")), Finished(0, 0))
    async with sorting(sorted_pile(tmp_path, "a"), engine, recording_player(), guarded=True) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("t", "5")
        await until_shown(pilot, "▸ a.mp4")
        await pilot.pause()
        in_mpv_calmly(pilot, "left_square_bracket", "enter")
        await until_shown(pilot, "Filed a.mp4 in dogs")


async def test_what_undo_brings_back_to_the_queue_does_not_play_over_a_misfiled_clip(tmp_path):
    engine, player = StandInEngine(Trained(report(), misfiled(tmp_path, "a")), Finished(0, 0)), recording_player()
    async with sorting(sorted_pile(tmp_path, "a"), engine, player) as pilot:
        await until(lambda: pilot.app.progress.model)
        await pilot.press("2")
        await until_shown(pilot, "Filed u.mp4 in dogs")
        await pilot.press("t", "5")
        await until_shown(pilot, "▸ a.mp4")
        await pilot.press("u")
        await until_shown(pilot, "Took u.mp4 back from dogs")
        await until(lambda: asked(player)[-1] == ("play", tmp_path / "cats" / "a.mp4"))
        await pilot.press("escape")
        await until(lambda: asked(player)[-1] == ("play", tmp_path / "u.mp4"))


def test_what_a_real_fit_says_can_be_drawn(monkeypatch):
    # The perceptron takes seconds.
    monkeypatch.delitem(CANDIDATES, "mlp")
    random = np.random.default_rng(1)
    y = np.arange(30) // 10
    X = random.normal(size=(30, 8)).astype(np.float32)
    X[np.arange(30), y] += 6.0
    folders = [("cats", "dogs", "fish")[one] for one in y]
    # One clip lies in the wrong folder.
    folders[0] = "dogs"
    said = fit(X, folders).report
    row = said.misfilings[0]
    trained = Trained(said, (Misfiled(Path("/l/dogs/a.mp4"), "dogs", row.folder, row.confidence),))
    pages = [plain(lines) for lines in all_pages(trained, False, 98)]
    assert f"{said.accuracy:.0%}".replace("%", " %") + " right" in pages[0]
    assert pages[1].count("fish") == 1
    assert "[100]" in pages[2]
    assert "90-100 %" in pages[3]
    assert "▸ a.mp4 dogs → cats" in " ".join(pages[4].split())


def test_progress_forgets_misfilings_that_a_whole_run_did_not_find_again():
    progress = Progress()
    found = misfiled(Path("/l"), "a")
    refit, run = Trained(report(), refitted=True), Trained(report())
    for event, left in ((Trained(report(), found), found), (refit, found), (run, ())):
        progress.take(event, 0.0)
        assert progress.model.misfiled == left


def test_without_colours_the_shades_of_the_matrix_end_where_those_above_do():
    names, matrix = ["cooking", "music", "travel"], ((1000, 1, 0), (200, 40, 760), (0, 3, 3))
    for width in (60, 118):
        lines = plain(evidence.confusion(report(names, confusion=matrix), True, width)).splitlines()
        rows = [line for line in lines if re.match(r" (cooking|music|travel) ", line)]
        ends = {(mark.start(), mark.end()) for row in rows for mark in re.finditer("[░▒▓█]+", row)}
        # One for each column.
        assert len(ends) == 3


def test_the_cells_of_earlier_models_do_not_touch():
    past = (Past(10, 0.4), Past(20, 1.0))
    lines = model.summary(Trained(report(), past=past), False, 110)
    right = next(line for line in lines if line.plain.startswith("right"))
    grounds = sorted((span.start, span.end) for span in right.spans if "on $primary" in str(span.style))
    assert len(grounds) == 3
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(grounds))
    clips = lines[lines.index(right) + 1].plain
    assert right.plain.index("100 %") + len("100 %") == clips.index("20") + len("20")


def test_no_key_is_named_that_may_be_another_one():
    lines = plain(model.summary(Trained(report(), refitted=True), False, 110))
    assert "The next run measures anew" in lines
