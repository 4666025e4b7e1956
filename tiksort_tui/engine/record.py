"""One run at a time over a library, and how the last one ended: a locked file that tells."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from tiksort_tui.errors import LibraryError, TiksortError

RECORD = "run.lock"
# What the record says from the start; it stays when the process that holds the lock is killed.
UNFINISHED = "killed"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The newest run: `result` is finished, interrupted, killed, or the reason for which it failed."""

    running: bool
    pid: int
    started: datetime
    result: str


@contextmanager
def recorded_run(state: Path) -> Iterator[None]:
    """Hold the library's only run, and record how it ends. Raises LibraryError while another one is going on."""
    path = state / RECORD
    with path.open("ab+") as file:
        if not _lock(file):
            record = read_record(state)
            raise LibraryError(f"another run over this library is going on (process {record.pid if record else '?'})")
        started = datetime.now(UTC).replace(microsecond=0)
        _write(file, started, UNFINISHED)
        result = "interrupted"
        try:
            yield
            result = "finished"
        except TiksortError as error:
            result = str(error)
            raise
        finally:
            _write(file, started, result)


def read_record(state: Path) -> RunRecord | None:
    """The newest run's record; None where there has been none."""
    try:
        with (state / RECORD).open("rb") as file:
            running = not _lock(file)
            document = json.loads(file.read())
    except (OSError, ValueError):
        return None
    return RunRecord(running, document["pid"], datetime.fromisoformat(document["started"]), document["result"])


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(file: BinaryIO, started: datetime, result: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps({"pid": os.getpid(), "started": started.isoformat(), "result": result}).encode())
    file.flush()
