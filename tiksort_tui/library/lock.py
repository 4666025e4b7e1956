"""Locked files: one process at a time holds one, the system lets go of it when that process ends, and it tells who.

The writer's lock makes one process at a time the one that changes a library; any number may look at it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from datetime import datetime
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from tiksort_tui.database import identity
from tiksort_tui.errors import LibraryError, LibraryInUse

WRITER_LOCK = "lock"
# What does one thing and leaves is waited for.
PATIENCE_SECONDS = 2.0
_LOOK_SECONDS = 0.02


def open_lock(path: Path) -> FileIO:
    """The file at `path`, made if it is not there; raises LibraryError."""
    try:
        # Without a buffer: what a full disk did not take would fail again when the file is closed.
        return FileIO(path, "r+", opener=lambda name, flags: os.open(name, flags | os.O_CREAT, 0o600))
    except OSError as error:
        raise _not_written(path, error) from error


def write_lock(file: FileIO, document: object) -> None:
    """Let `file`, which is locked, hold `document` as JSON and nothing else; raises LibraryError."""
    text = json.dumps(document).encode()
    try:
        file.seek(0)
        file.truncate()
        if file.write(text) != len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise _not_written(file.name, error) from error


def _not_written(path: Path | str, error: OSError) -> LibraryError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    advice = "free some space and start again" if full else "see that its folder can be written to"
    return LibraryError(f"{path}: cannot be written: {error.strerror}; {advice}")


def hold(file: BinaryIO | FileIO, patience: float = 0.0, shared: bool = False) -> bool:
    """Lock `file`, alone or `shared` with others; False where somebody else has it for longer than `patience` s."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        except OSError as error:
            raise LibraryError(
                f"{file.name}: files cannot be locked there ({error.strerror}); name a local folder in the config: "
                "library.state_dir"
            ) from error


class WriterLock:
    """The right to change the library whose state folder is `state`; as a context manager it waits a little for it."""

    def __init__(self, state: Path) -> None:
        self._path = state / WRITER_LOCK
        self._file: FileIO | None = None

    @property
    def held(self) -> bool:
        """Whether this is the lock's holder; a lock whose file was deleted or replaced meanwhile keeps nobody out."""
        if self._file is None:
            return False
        status = os.fstat(self._file.fileno())
        return identity(self._path) == (status.st_dev, status.st_ino)

    def take(self, patience: float = 0.0) -> None:
        """Hold the lock from now on; raises LibraryInUse, which names the holder, after `patience` seconds.

        A lock whose holder was killed is free, whatever its file says.
        """
        # Again where the file was deleted after it was opened.
        while not self.held:
            self.release()
            file = open_lock(self._path)
            try:
                if not hold(file, patience):
                    raise LibraryInUse(f"{_holder(file)} is sorting this library, and one at a time can")
                now = datetime.now().astimezone().isoformat(timespec="seconds")
                write_lock(file, {"pid": os.getpid(), "host": socket.gethostname(), "since": now})
            except BaseException:
                file.close()
                raise
            self._file = file

    def release(self) -> None:
        """Let go of the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> None:
        self.take(PATIENCE_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def _holder(file: FileIO) -> str:
    try:
        document = json.loads(file.read())
        since = datetime.fromisoformat(document["since"]).strftime("%H:%M")
        return f"process {document['pid']} on {document['host']} (since {since})"
    except (ValueError, KeyError, TypeError):
        # It has the lock and has not written its name yet.
        return "another process"
