"""One run at a time over a library, and how the last one ended: a locked file that tells."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from tiksort_tui.errors import LibraryError, TiksortError

RECORD = "run.lock"
# What the record says from the start; it stays when the process that holds the lock is killed.
UNFINISHED = "killed"
LOOK_SECONDS = 0.2


class RunGoingOn(LibraryError):
    """Another process is running over this library."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The newest run: `result` is finished, interrupted, killed, or the reason for which it failed."""

    running: bool
    pid: int
    started: datetime
    result: str


@contextmanager
def recorded_run(state: Path) -> Iterator[Callable[[], None]]:
    """Hold the library's only run, and record how it ends: "finished" only if what it gives is called.

    Raises LibraryError while another run is going on.
    """
    path = state / RECORD
    with _opened(path) as file:
        if not _hold(file):
            record = read_record(state)
            raise RunGoingOn(f"another run over this library is going on (process {record.pid if record else '?'})")
        started = datetime.now(UTC).replace(microsecond=0)
        _write(file, started, UNFINISHED)
        result = "interrupted"

        def finished() -> None:
            nonlocal result
            result = "finished"

        try:
            yield finished
        except TiksortError as error:
            result = str(error)
            raise
        finally:
            _write(file, started, result)


def read_record(state: Path) -> RunRecord | None:
    """The newest run's record; None where there has been none."""
    try:
        with (state / RECORD).open("rb") as file:
            running = not _lock(file, fcntl.LOCK_SH)
            document = json.loads(file.read())
            return RunRecord(running, document["pid"], datetime.fromisoformat(document["started"]), document["result"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("ab+")
    except OSError as error:
        raise LibraryError(f"{path}: cannot be written: {error.strerror}") from error


def _hold(file: BinaryIO) -> bool:
    """Take the lock; who only looks at the record holds it for an instant, which is waited for."""
    deadline = time.monotonic() + LOOK_SECONDS
    while not _lock(file, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS / 20)
    return True


def _lock(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(file: BinaryIO, started: datetime, result: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps({"pid": os.getpid(), "started": started.isoformat(), "result": result}).encode())
    file.flush()
