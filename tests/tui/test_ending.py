"""The program is ended from outside while files are on their way: by a signal, by a closed terminal, by Ctrl+C."""

import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, closing

import pytest

from tests.conftest import need_tool
from tests.tui.terminal import REPOSITORY, Terminal
from tests.x11 import mpv_home, x_server
from tiksort_tui.errors import ExitCode
from tiksort_tui.library.journal import Journal

# The command line where no file can be renamed from folder to folder, as between disks: each is copied and compared.
ON_TWO_DISKS = (
    "from tests.faults import file_system\nfrom tiksort_tui.cli import main\nwith file_system('copy, rename'): main()"
)
TIKSORT = [sys.executable, "-c", ON_TWO_DISKS]
# Large enough that a copy is met half way.
SIZE = 40 << 20
CLIPS = [f"clip {i}.mp4" for i in range(4)]
# What the moves in flight may take, a hanging mpv, and the engine's own ending.
PATIENCE = 25.0


@pytest.fixture
def pile(library):
    """Two folders of clips, and unsorted ones that take their time to be copied."""
    (small, *_) = clips = sorted(library.glob("*.mp4"))
    begin, filling = small.read_bytes(), os.urandom(1 << 20)
    for clip in clips:
        clip.unlink()
    for number, name in enumerate(CLIPS):
        with (library / name).open("wb") as file:
            # A box that players pass over.
            file.write(begin + struct.pack(">I4sQ", 16 + SIZE, b"free", number))
            for _ in range(SIZE >> 20):
                file.write(filling)
    return library


@pytest.fixture
def start(pile, tmp_path):
    """Starts the sorting screen over the pile, with the engine and with mpv in an X server of its own."""
    need_tool("mpv")
    with ExitStack() as stack:
        display = stack.enter_context(x_server())
        environment = mpv_home(tmp_path, display)

        def start(control=True):
            command = [*TIKSORT, "--encoder", "builtin", str(pile)]
            terminal = Terminal(command, str(pile), environment, control=control)
            stack.callback(terminal.close)
            terminal.until_on_screen(CLIPS[0])
            terminal.until_seen("playing")
            return terminal

        yield start


def contents(root):
    """Each content with the names that hold it, also those of unfinished copies."""
    found = {}
    for path in root.rglob("*"):
        if path.is_file() and ".tiksort" not in path.parts:
            with path.open("rb") as file:
                found[str(path.relative_to(root))] = hashlib.file_digest(file, "blake2b").hexdigest()
    return found


def half_copied(root):
    return [path for path in root.glob("*/.tiksort-*.part") if path.exists()]


def status(root):
    done = subprocess.run([*TIKSORT, "status", "--json", str(root)], capture_output=True, text=True, cwd=REPOSITORY)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def assert_nothing_is_lost(root, before):
    """After one look at the status each content is there once, and no move is open."""
    settled = status(root)["settled"]
    after = contents(root)
    assert Counter(after.values()) == Counter(before.values()), settled
    assert {os.path.basename(name) for name in after} == {os.path.basename(name) for name in before}
    with closing(Journal(root / ".tiksort" / "journal.sqlite3")) as journal:
        assert journal.unsettled() == []
    return settled


def assert_nothing_runs(terminal):
    terminal.until(lambda: terminal.processes() == [], seconds=PATIENCE)


def file_three(terminal, pile):
    """Press the keys for three filings; gives the moment at which the first one is half done."""
    for number, key in enumerate("121"):
        terminal.until_on_screen(CLIPS[number])
        terminal.send(key)
    terminal.until(lambda: half_copied(pile))


@pytest.mark.parametrize("times", [1, 2])
def test_a_request_to_end_finishes_the_filings_and_gives_the_terminal_back(pile, start, times):
    before = contents(pile)
    terminal = start()
    file_three(terminal, pile)
    terminal.process.send_signal(signal.SIGTERM)
    assert half_copied(pile)
    for _ in range(times - 1):
        time.sleep(0.02)  # Else the system makes one of the two.
        terminal.process.send_signal(signal.SIGTERM)
    code = terminal.until_over(PATIENCE)
    assert terminal.is_restored()
    assert "Traceback" not in terminal.text()
    assert_nothing_runs(terminal)
    assert assert_nothing_is_lost(pile, before) == []
    assert sorted(name for name in contents(pile) if "clip" in name) == [
        "clip 3.mp4", "dots/clip 0.mp4", "dots/clip 2.mp4", "waves/clip 1.mp4"
    ]  # fmt: skip
    assert code == ExitCode.INTERRUPTED


@pytest.mark.parametrize("how", ["signal", "closed", "closed without a signal"])
def test_a_lost_terminal_ends_all_and_loses_nothing(pile, start, how):
    before = contents(pile)
    terminal = start(control=how != "closed without a signal")
    file_three(terminal, pile)
    if how == "signal":
        terminal.process.send_signal(signal.SIGHUP)
    else:
        terminal.hang_up()
    assert half_copied(pile)
    assert terminal.until_over(PATIENCE) == ExitCode.INTERRUPTED
    assert_nothing_runs(terminal)
    assert_nothing_is_lost(pile, before)


def test_a_player_that_hangs_takes_no_key_and_no_end_away(pile, start):
    before = contents(pile)
    terminal = start()
    players = [pid for pid in terminal.processes() if b"player.host" in cmdline(pid)]
    assert players
    for pid in players:
        os.killpg(pid, signal.SIGSTOP)
    terminal.send("1")
    terminal.until_seen(f"Filed {CLIPS[0]} in dots")
    terminal.until_on_screen(CLIPS[1])
    terminal.send("u")
    terminal.until_seen(f"Took {CLIPS[0]} back")
    terminal.send("q")
    assert terminal.until_over(PATIENCE) == ExitCode.FINE
    assert terminal.is_restored()
    assert_nothing_runs(terminal)
    assert contents(pile) == before


def cmdline(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()


def test_a_batch_that_is_ended_in_the_middle_of_a_move_loses_nothing(pile):
    before = contents(pile)
    command = [*TIKSORT, "--batch", "--encoder", "builtin"]
    subprocess.run([*command, str(pile)], check=True, capture_output=True, cwd=REPOSITORY)
    for how, code in ((signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, -signal.SIGTERM)):
        filing = [*command, "--move", "--threshold", "0", str(pile)]
        moving = subprocess.Popen(
            filing, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY
        )
        while not half_copied(pile):
            assert moving.poll() is None
        moving.send_signal(how)
        _, stderr = moving.communicate(timeout=PATIENCE)
        assert moving.returncode == code
        assert "Traceback" not in stderr
        assert_nothing_is_lost(pile, before)
        undone = subprocess.run([*TIKSORT, "undo", str(pile)], capture_output=True, text=True, cwd=REPOSITORY)
        assert (undone.returncode, undone.stderr) == (0, "")
        assert contents(pile) == before
