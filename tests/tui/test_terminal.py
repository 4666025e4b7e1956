"""The program in a real terminal, fed with bytes as slow lines and held keys send them, and what that does to files."""

import os
import pty
import subprocess
import sys
import threading
import time
from fcntl import ioctl
from struct import pack
from termios import TIOCSWINSZ

import pyte
import pytest

from tests.tui.helpers import DEADLINE, pile, where

WIDTH, HEIGHT = 120, 36
# Longer than ESCDELAY, shorter than the guard waits for the rest.
PAUSE = 0.7
CLIPS = [f"clip {i:02}.mp4" for i in range(50)]


class Terminal:
    """A pseudo-terminal with the program in it; what the program writes is always read, and drawn on `screen`."""

    def __init__(self, library, config_home):
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self._master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tiksort_tui", "--player", "none", "--encoder", "builtin", str(library)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "XDG_CONFIG_HOME": str(config_home)},
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        stream = pyte.ByteStream(self.screen)
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return  # The program has ended.
            stream.feed(data)

    def send(self, data):
        os.write(self._master, data)

    def until(self, condition, again=b""):
        """Wait for what must come true, sending `again` now and then."""
        begin = sent = time.monotonic()
        while not condition():
            now = time.monotonic()
            assert now < begin + DEADLINE, "\n".join(self.screen.display)
            if again and now > sent + 0.5:
                sent = now
                self.send(again)
            time.sleep(0.02)

    def leave(self):
        """Quit; every move that was begun is done then."""
        self.until(lambda: self.process.poll() is not None, again=b"q")

    def close(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._master)


@pytest.fixture
def library(tmp_path):
    return pile(tmp_path / "library", CLIPS)


@pytest.fixture
def terminal(library, tmp_path):
    terminal = Terminal(library, tmp_path)
    try:
        terminal.until(lambda: any(f"▸ {CLIPS[0]}" in line for line in terminal.screen.display))
        # Longer than a clip must be seen: from now on a digit files it.
        time.sleep(0.5)
        yield terminal
    finally:
        terminal.close()


def test_torn_sequences_and_late_answers_file_nothing(terminal, library):
    for first, rest in (
        (b"\x1b", b"[D"),
        (b"\x1b[", b"1;5D"),
        (b"\x1b[?", b"2026;2$y"),
    ):
        terminal.send(first)
        time.sleep(PAUSE)
        terminal.send(rest)
        time.sleep(PAUSE / 2)
    terminal.leave()
    assert where(library) == {clip: clip for clip in CLIPS}
    assert terminal.process.returncode == 0


def test_a_held_key_files_one_clip_at_most(terminal, library):
    for _ in range(40):
        terminal.send(b"1")
        time.sleep(0.03)
    # The keys were heard: after a pause the next one counts.
    filed = len(list((library / "cats").iterdir()))
    assert filed <= 1
    terminal.until(lambda: len(list((library / "cats").iterdir())) > filed, again=b"1")
    terminal.leave()
    assert terminal.process.returncode == 0
