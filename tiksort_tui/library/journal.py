"""The write-ahead record of moves (SQLite), and the lock that makes one process at a time a mover.

What it records, and what the states of an entry mean, stands in `entries`. An entry is written before its file is
touched. This module never touches a user's file.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from tiksort_tui.database import identity, is_damage, set_aside
from tiksort_tui.domain import FileStamp
from tiksort_tui.errors import LibraryError
from tiksort_tui.library.entries import COLUMNS, Change, Entry, Kind, Move, by_filing, entry_of
from tiksort_tui.library.relocate import Made

# The statements that bring a record of one version to the next.
# AUTOINCREMENT: the number of a forgotten entry must not come back, since actions and temporary files bear it.
_MIGRATIONS = (
    (
        """CREATE TABLE moves (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            action INTEGER,
            time_ns INTEGER NOT NULL,
            source BLOB NOT NULL,
            target BLOB NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'undoing', 'undone', 'lost')),
            stamp TEXT NOT NULL,
            copy TEXT,
            placeholder TEXT
        )""",
        "CREATE INDEX moves_by_state ON moves (state, id)",
    ),
    (
        "ALTER TABLE moves RENAME TO moves_1",
        """CREATE TABLE moves (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            filing INTEGER,
            action INTEGER,
            kind TEXT NOT NULL DEFAULT 'file',
            time_ns INTEGER NOT NULL,
            source BLOB NOT NULL,
            target BLOB NOT NULL,
            state TEXT NOT NULL,
            stamp TEXT NOT NULL,
            copy TEXT,
            placeholder TEXT
        )""",
        """INSERT INTO moves (id, filing, action, time_ns, source, target, state, stamp, copy, placeholder)
            SELECT id, id, coalesce(action, id), time_ns, source, target, state, stamp, copy, placeholder FROM moves_1
        """,
        "DELETE FROM sqlite_sequence WHERE name = 'moves'",
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'moves', seq FROM sqlite_sequence WHERE name = 'moves_1'",
        "DROP TABLE moves_1",
        "CREATE INDEX moves_by_state ON moves (state, action)",
    ),
)

_LAST_DONE = "(SELECT max(action) FROM moves WHERE state = 'done')"


class Journal:
    """The record at `path`, opened when first used; for one thread at a time. Every method may raise LibraryError.

    A damaged record is set aside when it is opened, and a new one begun: `kept` is what the old one is called then. To
    be used while it is held exclusively, so that no other process opens it meanwhile. `is_gone` says that the record
    that was open is no longer at its path, and a new one was opened instead.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept: Path | None = None
        self.is_gone = False
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Wait for, and hold, the lock that every mover of this library holds while it works."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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

    def begin(
        self, filings: Sequence[Sequence[Move]], action: int | None = None, kind: Kind = "file"
    ) -> list[list[Entry]]:
        """Write the pending entries of `filings`, all or none; with no `action` they are one, of the first's number."""
        now = time.time_ns()
        begun: list[list[Entry]] = []
        with self._transaction() as connection:
            for moves in filings:
                entries: list[Entry] = []
                for source, target, stamp in moves:
                    cursor = connection.execute(
                        "INSERT INTO moves (kind, time_ns, source, target, state, stamp) "
                        "VALUES (?, ?, ?, ?, 'pending', ?)",
                        (kind, now, os.fsencode(source), os.fsencode(target), json.dumps(stamp)),
                    )
                    number = cursor.lastrowid
                    assert number is not None
                    action = action or number
                    filing = entries[0].id if entries else number
                    entries.append(Entry(number, filing, action, kind, now, source, target, "pending", stamp))
                    connection.execute(
                        "UPDATE moves SET filing = ?, action = ? WHERE id = ?", (filing, action, number)
                    )
                begun.append(entries)
        return begun

    def change(self, changes: Sequence[Change]) -> list[Entry]:
        """Bring entries to their new states, all or none; what is under way is begun or ended by this.

        A filing that is done for the first time ends what could be redone. Returns those that are not forgotten.
        """
        with self._transaction() as connection:
            if any(entry.state in ("pending", "reverting") and state == "done" for entry, state, _ in changes):
                connection.execute("UPDATE moves SET state = 'withdrawn' WHERE state = 'undone'")
            for entry, state, stamp in changes:
                if state is None:
                    connection.execute("DELETE FROM moves WHERE id = ?", (entry.id,))
                else:
                    connection.execute(
                        "UPDATE moves SET state = ?, stamp = ?, copy = NULL, placeholder = NULL WHERE id = ?",
                        (state, json.dumps(stamp), entry.id),
                    )
        return [
            replace(entry, state=state, stamp=stamp, copy=None, placeholder=None)
            for entry, state, stamp in changes
            if state is not None
        ]

    def note(self, entry: Entry, made: Made, stamp: FileStamp | None) -> None:
        """Write down that the file of `stamp`, if any, is the program's own: so it is known again after a crash."""
        noted = None if stamp is None else json.dumps(stamp)
        with self._transaction() as connection:
            connection.execute(f"UPDATE moves SET {made} = ? WHERE id = ?", (noted, entry.id))

    def unsettled(self) -> list[list[Entry]]:
        """The filings whose move may have been cut short, oldest first."""
        return by_filing(
            self._select("WHERE state IN ('pending', 'reverting', 'undoing', 'redoing') ORDER BY filing, id")
        )

    def last_done(self) -> list[list[Entry]]:
        """The filings of the action that was begun last, of those that can be taken back; newest first."""
        return by_filing(self._select(f"WHERE state = 'done' AND action = {_LAST_DONE} ORDER BY filing DESC, id"))

    def newest_done(self) -> tuple[Entry, int] | None:
        """The clip's entry of the first filing of `last_done`, and how many these are; they are not all read for it."""
        clips = f"id = filing AND state = 'done' AND action = {_LAST_DONE}"
        with self._plain_errors():
            (count,) = self._open().execute(f"SELECT count(*) FROM moves WHERE {clips}").fetchone()
        return (self._select(f"WHERE {clips} ORDER BY id DESC LIMIT 1")[0], count) if count else None

    def at_target(self, since: int | None = None) -> list[list[Entry]]:
        """The filings that are done or lost, newest first, of the actions from number `since` on; none if none is lost.

        With no `since`: from the last action on that can be taken back.
        """
        since_then = f"action >= coalesce(?1, {_LAST_DONE}, 0)"
        any_lost = f"EXISTS (SELECT 1 FROM moves WHERE state = 'lost' AND {since_then})"
        these = f"state IN ('done', 'lost') AND {since_then} AND {any_lost}"
        return by_filing(self._select(f"WHERE {these} ORDER BY action DESC, filing DESC, id", since))

    def first_undone(self) -> list[list[Entry]]:
        """The filings of the action that was begun first, of those that can be redone; oldest first."""
        first = "(SELECT min(action) FROM moves WHERE state = 'undone')"
        return by_filing(self._select(f"WHERE state = 'undone' AND action = {first} ORDER BY filing, id"))

    def history(self, limit: int) -> list[Entry]:
        """The first entries, the clips', of the last `limit` filings and renamings, newest first."""
        return self._select("WHERE id = filing ORDER BY id DESC LIMIT ?", limit)

    def reread(self, entries: Sequence[Entry]) -> list[Entry]:
        """`entries` of one filing, none forgotten, with all that was noted since."""
        # By id, which is found without looking through all; between these there are only entries of that filing.
        known = {entry.id: entry for entry in self._select("WHERE id BETWEEN ? AND ?", entries[0].id, entries[-1].id)}
        return [known[entry.id] for entry in entries]

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _select(self, condition: str, *parameters: int | None) -> list[Entry]:
        with self._plain_errors():
            connection = self._open()
            renames = connection.execute(
                "SELECT id, source, target FROM moves WHERE kind = 'folder' AND state = 'done' ORDER BY id"
            ).fetchall()
            rows = connection.execute(f"SELECT {COLUMNS} FROM moves {condition}", parameters).fetchall()
        return [entry_of(row, renames) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._plain_errors(), self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def _open(self) -> sqlite3.Connection:
        # Another process may have set it aside, or somebody may have removed it: what is written there is not found.
        if self._connection is not None and identity(self.path) != self._file:
            self.close()
            self.is_gone = True
        if self._connection is None:
            try:
                self._connection = self._opened()
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self.kept = self._set_aside()
                self._connection = self._opened()
            self._file = identity(self.path)
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        # The move worker is a thread of its own, and not always the same one.
        connection = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Before anything is written: a file that is not ours is left as it is.
        if _version(connection) > len(_MIGRATIONS):
            raise LibraryError(f"{self.path}: written by a newer tiksort-tui; update this one to use the library")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "moves" not in tables and (tables or _version(connection)):
            raise _damaged("it is a database of another program")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # Whole: an entry that an index has lost would never be settled.
        if (said := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            raise _damaged(said)
        if _version(connection) < len(_MIGRATIONS):
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                # Another process may have been faster.
                for statement in chain(*_MIGRATIONS[_version(connection) :]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")

    def _set_aside(self) -> Path:
        try:
            return set_aside(self.path)
        except OSError as error:
            raise LibraryError(f"{self.path}: is damaged, and cannot be set aside: {error.strerror}") from error

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if is_damage(error):
                # What is opened next is looked through, and set aside.
                self.close()
                raise LibraryError(
                    f"{self.path}: the record of moves is damaged ({error}); start again: it is set aside then, and "
                    "every clip stays where it is"
                ) from error
            raise LibraryError(
                f"{self.path}: the record of moves cannot be used ({error}); see that its folder can be written to and "
                "the disk is not full, then try again: a move that was under way is settled then"
            ) from error


def _damaged(said: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(said)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
