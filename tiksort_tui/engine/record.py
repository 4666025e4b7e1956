"""One run at a time over a library, and how the last one ended: a locked file that tells."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from tiksort_tui.errors import LibraryInUse, TiksortError
from tiksort_tui.library.lock import hold, open_lock, write_lock

RECORD = "run.lock"
# What the record says from the start; it stays when the process that holds the lock is killed.
UNFINISHED = "killed"
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The newest run: `result` is finished, interrupted, killed, or the reason for which it failed."""

    running: bool
    pid: int
    started: datetime
    result: str


@contextmanager
def recorded_run(state: Path, patience: float = LOOK_SECONDS) -> Iterator[Callable[[], None]]:
    """Hold the library's only run, and record how it ends: "finished" only if what it gives is called.

    Raises LibraryInUse while another run is going on; who only looks at the record holds it for an instant, which
    `patience`, in seconds, waits for.
    """
    with open_lock(state / RECORD) as file:
        if not hold(file, patience):
            record = read_record(state)
            raise LibraryInUse(f"another run over this library is going on (process {record.pid if record else '?'})")
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
            running = not hold(file, shared=True)
            document = json.loads(file.read())
            return RunRecord(running, document["pid"], datetime.fromisoformat(document["started"]), document["result"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _write(file: FileIO, started: datetime, result: str) -> None:
    write_lock(file, {"pid": os.getpid(), "started": started.isoformat(), "result": result})
