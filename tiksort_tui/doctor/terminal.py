"""Checks of the terminal: its size, its colours, its letters, and which keys it passes on."""

from __future__ import annotations

import locale
import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator

from rich.console import Console

from tiksort_tui.doctor.finding import Finding

COLUMNS, LINES = 80, 24
_AROUND = {"tmux": "TMUX", "screen": "STY", "an ssh session": "SSH_CONNECTION"}
# Only a terminal that says nothing costs this much; one behind ssh may need a good part of it.
ANSWER_SECONDS = 1.0

# Terminals answer in order, and nearly all know the second question: its answer ends the wait for the first's.
_QUESTIONS = b"\x1b[?u\x1b[c"
_KITTY_ANSWER = re.compile(rb"\x1b\[\?\d+u")
_ATTRIBUTES_ANSWER = re.compile(rb"\x1b\[\?[\d;]*c")


def check_terminal() -> Iterator[Finding]:
    """What the screen could show here; nothing where input or output is a file or a pipe."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield Finding("terminal", "ok", "not looked at: input or output is none here")
        return
    name = os.environ.get("TERM", "")
    size = os.get_terminal_size(sys.stdout.fileno())
    around = "".join(f", in {program}" for program, variable in _AROUND.items() if os.environ.get(variable))
    text = f"{name or 'TERM is not set'}, {size.columns}x{size.lines}{around}"
    if name in ("", "dumb", "unknown"):
        yield Finding("terminal", "notice", text, "use another terminal for the screen; `--batch` needs none")
        return
    if size.columns < COLUMNS or size.lines < LINES:
        yield Finding("terminal", "notice", text, f"make the window at least {COLUMNS}x{LINES}")
    else:
        yield Finding("terminal", "ok", text)
    yield _colours()
    yield _letters()
    yield _keys()


def _colours() -> Finding:
    if os.environ.get("NO_COLOR"):
        return Finding("colours", "ok", "none, since NO_COLOR is set")
    # Textual, too, takes this from Rich; neither asks terminfo.
    system = Console().color_system
    if system == "truecolor":
        return Finding("colours", "ok", "16 million")
    text = f"{'256' if system == '256' else '16'}, as far as TERM and COLORTERM tell"
    advice = "export COLORTERM=truecolor   (where the terminal has 16 million; ssh does not pass it on)"
    return Finding("colours", "notice", text, advice)


def _letters() -> Finding:
    encoding = locale.getencoding()
    if encoding.lower().replace("-", "") == "utf8":
        return Finding("letters", "ok", encoding)
    return Finding("letters", "notice", f"the locale's encoding is {encoding}", "export LC_ALL=C.UTF-8")


def _keys() -> Finding:
    answer = _ask_terminal()
    if _KITTY_ANSWER.search(answer):
        return Finding("keys", "ok", "all: the terminal has the kitty keyboard protocol")
    why = "no kitty keyboard protocol" if _ATTRIBUTES_ANSWER.search(answer) else "the terminal did not answer"
    advice = "use their plain twins (`?` on the screen shows them); kitty, foot, WezTerm and Ghostty pass all on"
    return Finding("keys", "notice", f"some with Ctrl or Alt may not arrive: {why}", advice)


def _ask_terminal() -> bytes:
    """What the terminal answers, nothing if it is silent. Its settings are put back; no answer is left in its input."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return b""
    try:
        # Changing its settings from the background would stop this process.
        if os.tcgetpgrp(terminal) != os.getpgrp():
            return b""
        saved = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal, termios.TCSADRAIN)
            os.write(terminal, _QUESTIONS)
            return _read_answer(terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, saved)
    except (OSError, termios.error):  # it was closed
        return b""
    finally:
        os.close(terminal)


def _read_answer(terminal: int) -> bytes:
    answer = b""
    deadline = time.monotonic() + ANSWER_SECONDS
    while not _ATTRIBUTES_ANSWER.search(answer) and (left := deadline - time.monotonic()) > 0:
        if not select.select([terminal], [], [], left)[0]:
            break
        answer += os.read(terminal, 1024)
    return answer
