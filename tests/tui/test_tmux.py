"""The program as a person meets it: in tmux, with a real mpv window, over real files."""

import hashlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import need_tool
from tests.x11 import mpv_home, x_server
from tiksort_tui.tui.guard import SEEN_SECONDS

DEADLINE = 30.0


class Terminal:
    """The program in a tmux pane of 120 x 36."""

    def __init__(self, name, command, environment):
        self.tmux = [need_tool("tmux"), "-L", name, "-f", "/dev/null"]
        assignments = [f"{key}={value}" for key, value in environment.items()]
        line = shlex.join(["env", *assignments, *command])
        subprocess.run([*self.tmux, "new-session", "-d", "-x", "120", "-y", "36", line], check=True)

    def screen(self):
        return subprocess.run([*self.tmux, "capture-pane", "-p"], capture_output=True, text=True).stdout

    def press(self, key):
        subprocess.run([*self.tmux, "send-keys", key], check=True)

    def until(self, condition, what):
        deadline = time.monotonic() + DEADLINE
        while not condition(self.screen()):
            assert time.monotonic() < deadline, f"{what} was not seen:\n{self.screen()}"
            time.sleep(0.02)

    def until_seen(self, text):
        self.until(lambda screen: text in screen, text)

    def until_on_screen(self, clip):
        """Wait until `clip` is the one on screen, and as long as a person must see it before a key may file it."""
        self.until(lambda screen: screen.splitlines()[2:] and clip in screen.splitlines()[2], clip)
        time.sleep(SEEN_SECONDS + 0.1)

    def until_over(self):
        deadline = time.monotonic() + DEADLINE
        while not subprocess.run([*self.tmux, "has-session"], capture_output=True).returncode:
            assert time.monotonic() < deadline, f"it did not end:\n{self.screen()}"
            time.sleep(0.02)

    def kill(self):
        subprocess.run([*self.tmux, "kill-server"], capture_output=True)


def press_in_mpv(spy, key):
    """Press a key in mpv's window, as its input sees it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(spy))
        connection.sendall(json.dumps({"command": ["keypress", key]}).encode() + b"\n")
        connection.recv(1024)


def tree(root):
    return {str(path.relative_to(root)): hashlib.blake2b(path.read_bytes()).hexdigest() for path in root.rglob("*.m*")}


def player_processes(library):
    """The processes that hold an mpv for the screen over `library`."""
    mark = f"TIKSORT_TEST={library}".encode()
    found = subprocess.run(["pgrep", "-f", "tiksort_tui.player.host"], capture_output=True, text=True).stdout.split()
    holding = []
    for environment in (Path(f"/proc/{pid}/environ") for pid in found):
        # One that ends just now holds nothing.
        with suppress(FileNotFoundError, ProcessLookupError):
            if mark in environment.read_bytes():
                holding.append(environment)
    return holding


@pytest.fixture
def pile(demo_clips, tmp_path):
    """Folders with clips, and twelve unsorted ones."""
    root = tmp_path / "library"
    for kind in ("dots", "waves"):
        shutil.copytree(demo_clips / kind, root / kind)
    for i, clip in enumerate(sorted(demo_clips.glob("*.mp4"))[:12]):
        shutil.copy2(clip, root / f"clip {i:02}.mp4")
    return root


@pytest.fixture
def real_pile(pile, shared_media):
    """The same place with real videos."""
    shutil.rmtree(pile)
    # Without the modes of the shared files, which are read-only.
    return Path(shutil.copytree(shared_media / "library", pile, copy_function=shutil.copyfile))


@pytest.fixture
def start(pile, tmp_path):
    """Starts the program over the pile, with mpv in an X server of its own."""
    need_tool("mpv")
    name = f"tiksort-{os.getpid()}-{tmp_path.name}"
    command = [sys.executable, "-m", "tiksort_tui", "--encoder", "builtin", str(pile)]
    started = []
    with x_server() as display:
        environment = mpv_home(tmp_path, display) | {"TIKSORT_TEST": str(pile)}

        def one():
            started.append(Terminal(name, command, environment))
            return started[-1]

        yield one
        for terminal in started:
            terminal.kill()


@pytest.mark.parametrize("videos", ["pile", "real_pile"])
def test_ten_filed_five_undone_and_five_more_after_a_restart(videos, pile, tmp_path, start, request):
    request.getfixturevalue(videos)
    before = tree(pile)
    names = sorted(path.name for path in pile.glob("*.m*"))
    first, second, *_ = sorted(path.name for path in pile.iterdir() if path.is_dir())
    terminal = start()
    terminal.until_on_screen(names[0])
    terminal.until_seen("playing")
    assert player_processes(pile)
    for i, name in enumerate(names[:9]):
        terminal.until_on_screen(name)
        terminal.press("1" if i % 2 else "2")
        terminal.until_seen(f"Filed {name} in {first if i % 2 else second}")
    terminal.until_on_screen(names[9])
    terminal.until_seen("playing")
    press_in_mpv(tmp_path / "spy", "1")
    terminal.until_seen(f"Filed {names[9]} in {first}")
    assert len(list(pile.glob("*.m*"))) == len(names) - 10
    for name in reversed(names[5:10]):
        terminal.press("u")
        terminal.until_seen(f"Took {name} back")
    terminal.press("q")
    terminal.until_over()
    assert len(list(pile.glob("*.m*"))) == len(names) - 5
    assert player_processes(pile) == []

    terminal = start()
    terminal.until_on_screen(names[5])
    for name in reversed(names[:5]):
        terminal.press("u")
        terminal.until_seen(f"Took {name} back")
    terminal.press("q")
    terminal.until_over()
    assert tree(pile) == before
    assert player_processes(pile) == []


def test_a_terminal_that_is_closed_leaves_no_process_and_no_half_move(pile, start):
    before = tree(pile)
    terminal = start()
    terminal.until_on_screen("clip 00.mp4")
    terminal.until_seen("playing")
    terminal.press("1")
    terminal.kill()
    deadline = time.monotonic() + DEADLINE
    while player_processes(pile):
        assert time.monotonic() < deadline, "an mpv was left behind"
        time.sleep(0.05)
    assert sorted(tree(pile).values()) == sorted(before.values())


def test_a_player_that_is_killed_does_not_stop_the_sorting(pile, start):
    terminal = start()
    terminal.until_on_screen("clip 00.mp4")
    terminal.until_seen("playing")
    for environment in player_processes(pile):
        os.killpg(int(environment.parent.name), 9)
    terminal.until_seen("v brings it back")
    terminal.press("1")
    terminal.until_seen("Filed clip 00.mp4 in dots")
    # The next clip brought it back by itself.
    terminal.until_seen("playing")
    assert player_processes(pile)
    terminal.press("q")
    terminal.until_over()
