"""A pseudo-terminal with a program in it that the test drives, mostly as its controlling terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from struct import pack
from typing import Any

import pyte

from tests.tui.helpers import DEADLINE
from tiksort_tui.tui.guard import SEEN_SECONDS

REPOSITORY = Path(__file__).parents[2]
MARK = "TIKSORT_TEST"
# The system hangs up on those whose controlling terminal goes; a session's leader has to ask for one.
IN_CONTROL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    """All that the program writes is in `written`, and drawn on `screen`; it is read while `until` waits.

    `mark` stands in the environment of the program and of all that it starts. Without `control` it is like a terminal
    of which the system does not tell the program by a signal that it is gone.
    """

    def __init__(
        self,
        command: Sequence[str],
        mark: str,
        environment: Mapping[str, str] | None = None,
        size: tuple[int, int] = (80, 24),
        control: bool = True,
    ) -> None:
        width, height = size
        self.screen = pyte.Screen(width, height)
        self.written = b""
        self._stream = pyte.ByteStream(self.screen)
        self._mark = f"{MARK}={mark}".encode()
        # The program's side stays open here, so that its settings can be read when the program has left.
        self._master, self._slave = pty.openpty()
        ioctl(self._slave, termios.TIOCSWINSZ, pack("HHHH", height, width, 0, 0))
        self._settings = termios.tcgetattr(self._slave)
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_CONTROL, *command] if control else command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            cwd=REPOSITORY,
            env={**os.environ, "TERM": "xterm-256color", **(environment or {}), MARK: mark},
        )

    def rows(self) -> list[str]:
        # Not pyte's own display, which fails where one half of a wide character was drawn over.
        columns = range(self.screen.columns)
        return ["".join(self.screen.buffer[y][x].data for x in columns) for y in range(self.screen.lines)]

    def text(self) -> str:
        return "\n".join(self.rows())

    def send(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, condition: Callable[[], Any], again: str = "", seconds: float = DEADLINE) -> None:
        """Wait for what must come true, sending `again` now and then."""
        begin = sent = time.monotonic()
        while not condition():
            now = time.monotonic()
            assert now < begin + seconds, self.text()
            if again and now > sent + 0.5:
                sent = now
                self.send(again)
            if self._master < 0:
                time.sleep(0.01)
            elif select.select([self._master], [], [], 0.01)[0]:
                data = os.read(self._master, 65536)
                self.written += data
                self._stream.feed(data)

    def until_seen(self, text: str) -> None:
        self.until(lambda: text in self.text())

    def until_on_screen(self, clip: str) -> None:
        """Wait until `clip` is the one on screen, and as long as a person must see it before a key may file it."""
        self.until(lambda: f"▸ {clip}" in self.text())
        time.sleep(SEEN_SECONDS + 0.1)

    def until_over(self, seconds: float = DEADLINE) -> int:
        """Wait for the program's end; gives its exit code."""
        self.until(lambda: self.process.poll() is not None, seconds=seconds)
        return self.process.returncode

    def is_restored(self) -> bool:
        """Whether the terminal has its settings, its cursor and what stood on it again."""
        self.until(lambda: not select.select([self._master], [], [], 0.05)[0])
        settings = termios.tcgetattr(self._slave) == self._settings
        left = self.written.rfind(b"\x1b[?1049l") > self.written.rfind(b"\x1b[?1049h")
        cursor = self.written.rfind(b"\x1b[?25h") > self.written.rfind(b"\x1b[?25l")
        return settings and left and cursor

    def hang_up(self) -> None:
        """Close the window, or lose the line."""
        os.close(self._master)
        self._master = -1

    def processes(self) -> list[int]:
        """The program's, and those that it started."""
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            # One that ends just now is none.
            with suppress(OSError):
                if self._mark in environment.read_bytes().split(b"\0"):
                    found.append(int(environment.parent.name))
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._master >= 0:
            os.close(self._master)
        os.close(self._slave)
