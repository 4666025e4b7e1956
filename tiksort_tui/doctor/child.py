"""Asking child processes: other programs, and our own `answers`. Whatever becomes of them is an answer or Broken."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tiksort_tui.engine.client import ENVIRONMENT

ANSWER_SECONDS = 60.0
_LONGEST_ERROR = 200


class Broken(Exception):
    """There was no answer; the text is the child's last word."""


def ask(question: str) -> Any:
    """What `answers` says to `question`, in the environment that the engine gets; raises Broken."""
    # -P: a module in the user's current folder must not stand in for one of ours.
    return json.loads(output([sys.executable, "-P", "-m", "tiksort_tui.doctor.answers", question], ANSWER_SECONDS))


def output(command: Sequence[str], seconds: float) -> str:
    """What `command` prints on stdout; raises Broken where it fails or takes longer."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            env={**os.environ, **ENVIRONMENT},
        )
    except subprocess.TimeoutExpired:
        raise Broken(f"no answer within {seconds:g} s") from None
    except OSError as error:
        raise Broken(f"{command[0]} cannot be started: {error.strerror}") from error
    if done.returncode == 0:
        return done.stdout
    if done.returncode < 0:
        raise Broken(f"it ended with {signal.Signals(-done.returncode).name}")
    last_line = done.stderr.strip().rpartition("\n")[2]
    raise Broken(last_line[:_LONGEST_ERROR] or f"it ended with exit code {done.returncode}")
