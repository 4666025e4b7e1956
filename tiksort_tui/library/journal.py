"""The write-ahead record of moves (SQLite), and the lock that makes one process at a time a mover.

An entry is written before its file is touched. Its state says what may have happened to the file:

    pending ──→ done ──→ undoing ──→ undone      pending  the move to the target may be under way
       │         ↑ ↓        │                    done     the file is at the target
       ↓         └──────────┘                    undoing  the move back may be under way
    (forgotten: the file never left)             undone   the file is back at the source
                                                 lost     the file is not where the journal left it (from any state)

Paths are kept relative to the library root, as the bytes that the file system knows them by: undecodable names
survive, and so does a library that is moved elsewhere. This module never touches a user's file.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tiksort_tui.domain import FileStamp
from tiksort_tui.errors import LibraryError
from tiksort_tui.library.relocate import Made

State = Literal["pending", "done", "undoing", "undone", "lost"]

_VERSION = 1
# AUTOINCREMENT: the number of a forgotten entry must not come back, since actions and temporary files bear it.
_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS moves (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    action INTEGER,
    time_ns INTEGER NOT NULL,
    source BLOB NOT NULL,
    target BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'undoing', 'undone', 'lost')),
    stamp TEXT NOT NULL,
    copy TEXT,
    placeholder TEXT
);
CREATE INDEX IF NOT EXISTS moves_by_state ON moves (state, id);
PRAGMA user_version = 1;
COMMIT;
"""
_COLUMNS = "id, coalesce(action, id), time_ns, source, target, state, stamp, copy, placeholder"


@dataclass(frozen=True, slots=True)
class Entry:
    """One move that the journal knows.

    `source` and `target` are relative to the library root. `action` is the id of the first entry of the action that
    this one belongs to. `stamp` is the file's where it last was at rest: before the move or the undoing that is under
    way, else where it is now. `copy` and `placeholder` are the stamps of what the program itself made on the way: the
    finished copy of the file, and the empty file that holds the destination's name.
    """

    id: int
    action: int
    time_ns: int
    source: Path
    target: Path
    state: State
    stamp: FileStamp
    copy: FileStamp | None = None
    placeholder: FileStamp | None = None


class Journal:
    """The record at `path`, opened when first used; for one thread at a time. Every method may raise LibraryError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Wait for, and hold, the lock that every mover of this library holds while it works."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path.with_name("moves.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LibraryError(f"{self.path.parent}: cannot be written to, so no move is safe: {error}") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError as error:
                raise LibraryError(
                    f"{self.path.parent}: files cannot be locked there ({error}); name a local folder in the config: "
                    "library.state_dir"
                ) from error
            yield
        finally:
            os.close(descriptor)

    def begin(self, source: Path, target: Path, stamp: FileStamp, action: int | None = None) -> Entry:
        """Write a pending entry; with no `action` it begins one of its own."""
        now = time.time_ns()
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO moves (action, time_ns, source, target, state, stamp) VALUES (?, ?, ?, ?, 'pending', ?)",
                (action, now, os.fsencode(source), os.fsencode(target), json.dumps(stamp)),
            )
        number = cursor.lastrowid
        assert number is not None
        return Entry(number, action or number, now, source, target, "pending", stamp)

    def update(self, entry: Entry, state: State, stamp: FileStamp) -> Entry:
        """Bring `entry` to `state`, with the stamp of its file."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE moves SET state = ?, stamp = ?, copy = NULL, placeholder = NULL WHERE id = ?",
                (state, json.dumps(stamp), entry.id),
            )
        return replace(entry, state=state, stamp=stamp, copy=None, placeholder=None)

    def note(self, entry: Entry, made: Made, stamp: FileStamp) -> None:
        """Write down that the file of `stamp` is the program's own, so that it can be known again after a crash."""
        with self._transaction() as connection:
            connection.execute(f"UPDATE moves SET {made} = ? WHERE id = ?", (json.dumps(stamp), entry.id))

    def forget(self, entry: Entry) -> None:
        """Delete `entry`: its file never left."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM moves WHERE id = ?", (entry.id,))

    def unsettled(self) -> list[Entry]:
        """The entries whose move or undoing may have been cut short, oldest first."""
        return self._select("WHERE state IN ('pending', 'undoing') ORDER BY id")

    def newest_done(self) -> Entry | None:
        """The last filing that can be taken back."""
        return next(iter(self._select("WHERE state = 'done' ORDER BY id DESC LIMIT 1")), None)

    def reread(self, entry: Entry) -> Entry:
        """`entry`, which is not forgotten, with all that was noted since."""
        return self._select("WHERE id = ?", entry.id)[0]

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _select(self, condition: str, *parameters: int) -> list[Entry]:
        with self._plain_errors():
            rows = self._open().execute(f"SELECT {_COLUMNS} FROM moves {condition}", parameters).fetchall()
        return [_entry(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._plain_errors(), self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            # The move worker is a thread of its own, and not always the same one.
            connection = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise LibraryError(f"{self.path}: written by a newer tiksort-tui; update this one to use the library")
        if version < _VERSION:
            connection.executescript(_SCHEMA)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise LibraryError(
                f"{self.path}: the record of moves cannot be used ({error}); see that its folder can be written to and "
                "the disk is not full, then start again: a move that was under way is settled then"
            ) from error
        except sqlite3.DatabaseError as error:
            raise LibraryError(
                f"{self.path}: the record of moves is damaged ({error}); move it and its -wal and -shm files "
                "elsewhere and start again: every clip stays where it is, but earlier moves cannot be undone"
            ) from error


def _entry(row: tuple[Any, ...]) -> Entry:
    number, action, time_ns, source, target, state, stamp, copy, placeholder = row
    return Entry(
        number,
        action,
        time_ns,
        Path(os.fsdecode(source)),
        Path(os.fsdecode(target)),
        state,
        FileStamp(*json.loads(stamp)),
        FileStamp(*json.loads(copy)) if copy else None,
        FileStamp(*json.loads(placeholder)) if placeholder else None,
    )
