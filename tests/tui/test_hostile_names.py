"""Names that drive a terminal, break a line, cannot be decoded or look like others: shown, filed and taken back."""

import os
import re
import struct
import subprocess
import sys

import pyte
import pytest
from click.testing import CliRunner
from textual import events
from textual.widgets import Input, Label

from tests.tui.helpers import StandInEngine, drawn, sorting, until, until_redrawn, until_shown
from tests.tui.hostile import FOLDERS, NAMES
from tests.tui.terminal import Terminal
from tests.tui.test_views import misplaced
from tiksort_tui import demo
from tiksort_tui.cli import cli
from tiksort_tui.domain import Prediction, Suggestion, visible
from tiksort_tui.errors import ExitCode
from tiksort_tui.pipeline.events import Predicted

# What Textual itself sends beside text: control sequences, and the pointer's shape.
SEQUENCES = re.compile(r"\x1b(\[[0-9;?<>=]*\$?[A-Za-z]|\]22;default\x07)")
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff]")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The bytes of a small clip."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    demo.make_clip(path, "dots", seconds=0.5, size=(64, 64), silent=True)
    return path.read_bytes()


@pytest.fixture
def write(clip):
    """Writes a clip of its own content: a box that players pass over holds the number."""

    def write(path, number):
        path.write_bytes(clip + struct.pack(">I4sQ", 16, b"free", number))

    return write


@pytest.fixture
def root(tmp_path, write):
    root = tmp_path / "library"
    root.mkdir()
    for number, name in enumerate(NAMES):
        write(root / name, number)
    return root


def tree(root):
    """Each file and folder with its content, by the bytes of its name."""
    return {
        os.fsencode(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
        if ".tiksort" not in path.parts
    }


def assert_harmless(text):
    assert not CONTROLS.search(text), CONTROLS.search(text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        # Emoji without what terminals measure in different ways; it varies nothing else, and is seen there.
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\U0001f469\U0001f467"),
        ("\U0001f937\U0001f3fd\u200d\u2640\ufe0f", "\U0001f937\u2640"),
        ("1\ufe0f\u20e3 \u00a9\ufe0f", "1\u20e3 \u00a9"),
        ("a\ufe0f\u200d", r"a\ufe0f\u200d"),
        ("\U0001f3fd", r"\U0001f3fd"),
        ("\u3164", r"\u3164"),
        # The space of Japanese.
        ("\u3053\u3000\u308c", "\u3053\u3000\u308c"),
    ],
    ids=ascii,
)
def test_what_terminals_measure_alike_is_shown(name, shown):
    assert visible(name) == shown


def overflowing(pilot):
    """Lines that take more cells in a terminal than they are thought to take."""
    for line in drawn(pilot).split("\n"):
        terminal = pyte.Screen(3 * pilot.app.size.width, 1)
        pyte.Stream(terminal).feed(line)
        if terminal.cursor.x > pilot.app.size.width:
            yield line


def press(pilot, key):
    """Press a key without the patience of Pilot's own way."""
    pilot.app.post_message(events.Key(key, key))


async def test_every_name_is_shown_filed_and_taken_back(root):
    for folder in FOLDERS:
        (root / folder).mkdir()
    before = tree(root)
    best = (Suggestion(FOLDERS[0], 0.8), Suggestion(FOLDERS[2], 0.1), Suggestion(FOLDERS[4], 0.1))
    engine = StandInEngine(Predicted(1, tuple(Prediction(root / name, best) for name in NAMES)))
    async with sorting(root, engine, size=(80, 24)) as pilot:
        session = pilot.app.session
        await until_shown(pilot, "80 %")
        assert {clip.name for clip in session.queue} == set(NAMES)
        assert sorted(folder.name for folder in session.folders) == sorted(FOLDERS)
        keys = {folder.key: folder.name for folder in session.folders}
        for number in range(len(NAMES)):
            clip, key = session.current, "123456"[number % 6]
            assert_harmless(drawn(pilot))
            assert (list(misplaced(pilot)), list(overflowing(pilot))) == ([], [])
            press(pilot, key)
            await until_redrawn(pilot, lambda clip=clip: clip not in session.queue and not session._in_flight)
            assert (root / keys[key] / clip.name).exists()
            assert " Filed " in drawn(pilot)
        await until_shown(pilot, "All sorted")
        assert_harmless(drawn(pilot))
        assert not [path for path in root.glob("*") if path.is_file()]
        for number in range(len(NAMES)):
            press(pilot, "u")
            await until_redrawn(pilot, lambda number=number: len(session.queue) == number + 1)
            assert_harmless(drawn(pilot))
            assert (list(misplaced(pilot)), list(overflowing(pilot))) == ([], [])
    assert tree(root) == before


def test_no_name_drives_a_real_terminal(root, tmp_path):
    for folder in FOLDERS:
        (root / folder).mkdir()
    before = tree(root)
    command = [sys.executable, "-m", "tiksort_tui", "--player", "none", "--encoder", "builtin", str(root)]
    terminal = Terminal(command, mark=str(root), environment={"XDG_CONFIG_HOME": str(tmp_path / "config")})
    heard = []
    # A terminal's answers would be taken for keys.
    terminal.screen.set_title = terminal.screen.set_icon_name = terminal.screen.write_process_input = heard.append

    def marked():
        return next(line for line in terminal.rows() if "▸" in line)

    try:
        terminal.until_seen(f"{len(NAMES)} / {len(NAMES)} remaining")
        for _ in NAMES[1:]:
            before_key = marked()
            terminal.send("j")
            terminal.until(lambda before_key=before_key: marked() != before_key)
        terminal.until(lambda: any(any((root / folder).iterdir()) for folder in FOLDERS), again="1")
        terminal.until(lambda: tree(root) == before, again="u")
        terminal.until(lambda: terminal.process.poll() is not None, again="q")
    finally:
        terminal.close()
    assert terminal.process.returncode == ExitCode.FINE
    assert set(heard) <= {";default"}  # So pyte understands the pointer's shape.
    assert_harmless(SEQUENCES.sub("", terminal.written.decode()).replace("\r", ""))
    assert not re.search(rb"\x1b\[(77;77H|\?77h|38;5;77mgreen|6n)", terminal.written)


def tiksort(*arguments):
    """A run's exit code, and what it says on stdout and on stderr."""
    done = subprocess.run([sys.executable, "-m", "tiksort_tui", *map(os.fsencode, arguments)], capture_output=True)
    stdout, stderr = done.stdout.decode(), done.stderr.decode()
    assert_harmless(stdout)
    assert_harmless(stderr)
    assert "Traceback" not in stderr
    return done.returncode, stdout, stderr


def test_a_batch_files_every_name_and_says_so_in_plain_lines(root, write):
    for number, folder in enumerate(FOLDERS):
        (root / folder).mkdir()
        for labelled in (1, 2):
            write(root / folder / f"{labelled}.mp4", 1000 * number + labelled)
    before = tree(root)
    code, table, _ = tiksort("--batch", "--encoder", "builtin", "--move", "--threshold", "0", root)
    assert code == ExitCode.FINE
    lines = table.splitlines()
    for name in NAMES:
        assert [line for line in lines if line.startswith(visible(name))]
        assert not (root / name).exists()
    assert sorted(tree(root).values(), key=str) == sorted(before.values(), key=str)
    assert len(tiksort("history", "-n", "100", root)[1].splitlines()) == len(NAMES)
    assert len(tiksort("undo", root)[1].splitlines()) == len(NAMES)
    assert tree(root) == before
    status = tiksort("status", root)[1].splitlines()
    for name in NAMES + FOLDERS:
        assert [line for line in status if line.startswith(f"  {visible(name)}")]


def test_each_name_is_filed_by_its_verb_and_taken_back(root):
    (root / FOLDERS[0]).mkdir()
    before = tree(root)
    for name in NAMES:
        # The verb alone: a process for each takes half a minute.
        said = CliRunner().invoke(cli, ["file", "--", name, FOLDERS[0], str(root)], standalone_mode=False)
        assert said.exception is None, said.exception
        assert said.stdout == f"Filed {visible(name)} in {visible(FOLDERS[0])}\n"
        assert (root / FOLDERS[0] / name).exists()
    said = CliRunner().invoke(cli, ["undo", "-n", "100", str(root)], standalone_mode=False)
    assert sorted(said.stdout.splitlines()) == sorted(
        f"Took {visible(name)} back from {visible(FOLDERS[0])}" for name in NAMES
    )
    assert tree(root) == before


@pytest.mark.parametrize("stem", ["a\x1b[77;77Hb\n", os.fsdecode(b"-caf\xe9"), "\u202eb"], ids=ascii)
def test_what_is_not_there_is_named_in_one_plain_line(tmp_path, stem):
    (tmp_path / "cats").mkdir()
    (tmp_path / "a.mp4").write_text("a clip")
    for clip, folder in ((f"{stem}.mp4", "cats"), ("a.mp4", stem)):
        code, stdout, stderr = tiksort("file", "--", clip, folder, tmp_path)
        assert (code, stdout, stderr.count("\n")) == (ExitCode.MOVE_REFUSED, "", 1)
    assert (tmp_path / "a.mp4").exists()


BAD_NEW_NAMES = {
    "..": "begin with a dot",
    ".": "begin with a dot",
    ".hidden": "begin with a dot",
    "a/b": "cannot hold /",
    "/tmp": "cannot hold /",
    "a\x1b[77;77Hb": "show nothing",
    "two\nlines": "show nothing",
    "\u202ecod": "show nothing",
    os.fsdecode(b"caf\xe9"): "show nothing",
    " cod": "with a space",
    "a:b": "cannot hold :",
    "a\\b": "cannot hold \\",
    "what?*": "cannot hold * ?",
    "nul": "Windows",
    "Com1.old": "Windows",
    "trail.": "Windows",
    "cod ": "with a space",
    "CATS": "cats is there already",
    "x" * 256: "longer than 255 bytes",
    "ü" * 128: "longer than 255 bytes",
}


def problem(pilot):
    return " ".join(str(label.content) for label in pilot.app.screen.query(Label))


async def test_a_new_folders_bad_name_is_refused_with_the_reason(tmp_path):
    (tmp_path / "cats").mkdir()
    (tmp_path / "a.mp4").write_text("a clip")
    before = tree(tmp_path)
    async with sorting(tmp_path, size=(80, 24)) as pilot:
        await pilot.press("n")
        for name, reason in BAD_NEW_NAMES.items():
            await until(lambda: pilot.app.screen.query(Input))
            field = pilot.app.screen.query_one(Input)
            field.value = name
            await pilot.press("enter")
            # It is asked again.
            await until(lambda field=field: field not in pilot.app.screen.query(Input))
            await until(lambda reason=reason: reason in problem(pilot))
            assert_harmless(problem(pilot))
        await pilot.press("escape")
    assert tree(tmp_path) == before
