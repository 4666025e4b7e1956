"""The program's own databases when they are damaged: how that is known, and how they are put out of the way.

Nothing is deleted: a damaged file is kept under a name that says when it was found.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# The write-ahead log and its index: without them a database lacks what was written last.
_COMPANIONS = ("-wal", "-shm")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether `error` says that the file is no whole database; others are of the disk, the permissions or a lock."""
    # The low byte is the primary code. Python itself raises the error of a text that is no UTF-8, with no code.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in _DAMAGE or str(error).startswith("Could not decode")


def identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file at `path`, None where there is none: one that was set aside is another one."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def set_aside(path: Path) -> Path:
    """Give the database at `path`, with its log, a free name beside it that says when, and return that.

    No process may be opening it meanwhile; one that has it open keeps the old file. Raises OSError.
    """
    stem = f"{path.name}.damaged-{datetime.now():%Y%m%dT%H%M%S}"
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    kept = next(free for name in names if not os.path.lexists(free := path.with_name(name)))
    os.rename(path, kept)
    for companion in _COMPANIONS:
        # Left alone, it would be taken for the next file's.
        if os.path.lexists(f"{path}{companion}"):
            os.rename(f"{path}{companion}", f"{kept}{companion}")
    return kept


@contextmanager
def alone_at(path: Path) -> Iterator[None]:
    """Be the only one who opens the database at `path` or sets it aside. Raises OSError."""
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
