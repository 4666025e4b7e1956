"""EmbeddingCache: what was computed of each clip, in SQLite, keyed by content. The checkpoint of all extraction.

Holds vectors, transcripts, failures, what the file says of itself, and small pictures. One commit a clip. Knows no
paths: a clip that was moved or renamed is still the same clip. Used by one thread at a time. A damaged file is set
aside, never mended: all that it held can be computed again.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.database import alone_at, identity, is_damage, set_aside
from tiksort_tui.domain import FileStamp, MediaInfo, Transcript
from tiksort_tui.errors import LibraryError

WAL_SECONDS = 10.0
_SCHEMA_VERSION = 1
# Parameters in one query: SQLite's lowest compiled-in bound is 999.
_PLACES = 900
_SCHEMA = """
-- stamp: device:inode:size:mtime_ns as text, since inode numbers may use all 64 bits.
CREATE TABLE files(stamp TEXT PRIMARY KEY, video_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE clips(
    video_id TEXT PRIMARY KEY, duration REAL, width INTEGER, height INTEGER, video_codec TEXT, audio_codec TEXT
    ) WITHOUT ROWID;
-- vector: float16, or NULL where the clip has nothing of this modality.
CREATE TABLE vectors(video_id TEXT, encoder_id TEXT, vector BLOB, PRIMARY KEY(video_id, encoder_id)) WITHOUT ROWID;
CREATE TABLE transcripts(
    video_id TEXT, encoder_id TEXT, text TEXT NOT NULL, language TEXT NOT NULL, confidence REAL NOT NULL,
    PRIMARY KEY(video_id, encoder_id)) WITHOUT ROWID;
CREATE TABLE failures(video_id TEXT, encoder_id TEXT, reason TEXT NOT NULL, PRIMARY KEY(video_id, encoder_id)
    ) WITHOUT ROWID;
-- In order of rowid, so that the oldest go first when the bound is reached.
CREATE TABLE pictures(video_id TEXT, position INTEGER, jpeg BLOB NOT NULL, UNIQUE(video_id, position));
"""


_TABLES = frozenset(re.findall(r"CREATE TABLE (\w+)", _SCHEMA))


class CacheDamaged(LibraryError):
    """The file is no cache, or not a whole one; `file` is its device and inode, None where it could not be opened."""

    def __init__(self, path: Path, reason: str, file: tuple[int, int] | None) -> None:
        super().__init__(f"{path}: is damaged ({reason}); the next run sets it aside and makes it anew")
        self.path = path
        self.reason = reason
        self.file = file


def set_cache_aside(damage: CacheDamaged) -> Path | None:
    """Keep the damaged file under another name, so that the next one who opens the cache makes it anew.

    Returns that name; None where another process has done it already. Raises LibraryError.
    """
    try:
        with alone_at(damage.path):
            return set_aside(damage.path) if identity(damage.path) == damage.file else None
    except OSError as error:
        raise LibraryError(f"{damage.path}: is damaged, and cannot be set aside: {error.strerror}") from error


class EmbeddingCache:
    """The cache in the file `path`, made if it is not there; `pictures_bound` is in bytes.

    Every method raises CacheDamaged where the file is not, or no longer, a whole cache, and LibraryError where it
    cannot be used, such as on a full disk or when a newer version of the program wrote it.
    """

    def __init__(self, path: Path, pictures_bound: int = 512 * 1024 * 1024) -> None:
        self._path = path
        self._pictures_bound = pictures_bound
        self._pictures_size: int | None = None
        self._file: tuple[int, int] | None = None
        with self._explained(), alone_at(path):
            self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
            self._file = identity(path)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA page_size = 8192")
        # Before anything is written: a file that is not ours is left as it is.
        version = self._version()
        if version > _SCHEMA_VERSION:
            raise LibraryError(f"{self._path}: written by a newer tiksort-tui; update this one, or move it away")
        tables = {name for (name,) in execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables >= _TABLES and (tables or version):
            raise self._damaged("it is a database of another program")
        self._use_wal()
        execute("PRAGMA synchronous = NORMAL")
        with self._transaction():
            if self._version() == 0:
                for statement in _SCHEMA.split(";"):
                    execute(statement)
                execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def check(self) -> None:
        """Look through the whole file: what is damaged may be a page that is read much later."""
        said = self._all("PRAGMA quick_check(1)")[0][0]
        if said != "ok":
            raise self._damaged(said)

    @property
    def is_current(self) -> bool:
        """Whether the file at the path is still the one that was opened; one that was set aside is not."""
        return identity(self._path) == self._file

    def close(self) -> None:
        self._connection.close()

    def known_ids(self) -> dict[FileStamp, str]:
        """The ids of the files that were seen before, by what the file system says of them."""
        rows = self._all("SELECT stamp, video_id FROM files")
        return {FileStamp(*map(int, stamp.split(":"))): video_id for stamp, video_id in rows}

    def id_of(self, stamp: FileStamp) -> str | None:
        """The id of a file that was seen before."""
        rows = self._all("SELECT video_id FROM files WHERE stamp = ?", _stamp_text(stamp))
        return rows[0][0] if rows else None

    def remember_ids(self, ids: Mapping[FileStamp, str]) -> None:
        rows = [(_stamp_text(stamp), video_id) for stamp, video_id in ids.items()]
        with self._explained(), self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?)", rows)

    def put(
        self,
        video_id: str,
        info: MediaInfo,
        vectors: Mapping[str, NDArray[np.float32] | None],
        transcripts: Mapping[str, Transcript],
        pictures: Sequence[bytes],
    ) -> None:
        """Keep all that was extracted of a clip; `vectors` and `transcripts` are by encoder id. Clears its failures."""
        execute = self._connection.execute
        with self._explained(), self._transaction():
            row = (video_id, info.duration, info.width, info.height, info.video_codec, info.audio_codec)
            execute("INSERT OR REPLACE INTO clips VALUES (?, ?, ?, ?, ?, ?)", row)
            for encoder_id, vector in vectors.items():
                blob = None if vector is None else vector.astype(np.float16).tobytes()
                execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", (video_id, encoder_id, blob))
            for encoder_id, said in transcripts.items():
                spoken = (video_id, encoder_id, said.text, said.language, said.confidence)
                execute("INSERT OR REPLACE INTO transcripts VALUES (?, ?, ?, ?, ?)", spoken)
            execute("DELETE FROM failures WHERE video_id = ?", (video_id,))
            self._put_pictures(video_id, pictures)

    def vectors(self, encoder_id: str, video_ids: Sequence[str]) -> dict[str, NDArray[np.float32] | None]:
        """The vectors of one encoder for those of `video_ids` that have one; None where a clip lacks its modality."""
        found: dict[str, NDArray[np.float32] | None] = {}
        for start in range(0, len(video_ids), _PLACES):
            some = video_ids[start : start + _PLACES]
            query = f"SELECT video_id, vector FROM vectors WHERE encoder_id = ? AND video_id IN ({_places(some)})"
            for video_id, blob in self._all(query, encoder_id, *some):
                found[video_id] = None if blob is None else self._vector(blob)
        if len({len(vector) for vector in found.values() if vector is not None}) > 1:
            raise self._damaged("vectors of one encoder differ in length")
        return found

    def put_texts(self, encoder_id: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep the vectors of texts, by keys that are no clips' ids."""
        rows = [(key, encoder_id, vector.astype(np.float16).tobytes()) for key, vector in vectors.items()]
        with self._explained(), self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def complete(self, encoder_ids: Sequence[str]) -> set[str]:
        """The ids of the clips of which every one of `encoder_ids` has said something."""
        query = f"SELECT video_id FROM vectors WHERE encoder_id IN ({_places(encoder_ids)})"
        rows = self._all(f"{query} GROUP BY video_id HAVING COUNT(*) = ?", *encoder_ids, len(encoder_ids))
        return {row[0] for row in rows}

    def transcripts(self, encoder_id: str) -> dict[str, Transcript]:
        """What this transcriber understood, by video id."""
        query = "SELECT video_id, text, language, confidence FROM transcripts WHERE encoder_id = ?"
        rows = self._all(query, encoder_id)
        return {row[0]: Transcript(*row[1:]) for row in rows}

    def transcript(self, video_id: str) -> Transcript | None:
        """What was understood of a clip, by whichever transcriber."""
        rows = self._all("SELECT text, language, confidence FROM transcripts WHERE video_id = ? LIMIT 1", video_id)
        return Transcript(*rows[0]) if rows else None

    def info(self, video_id: str) -> MediaInfo | None:
        """What a clip's file says of itself."""
        query = "SELECT duration, width, height, video_codec, audio_codec FROM clips WHERE video_id = ?"
        rows = self._all(query, video_id)
        return MediaInfo(*rows[0]) if rows else None

    def pictures(self, video_id: str) -> list[bytes]:
        """The small JPEGs of a clip in the order of its frames; none where they were dropped or never made."""
        return [row[0] for row in self._all("SELECT jpeg FROM pictures WHERE video_id = ? ORDER BY position", video_id)]

    def put_failure(self, video_id: str, encoder_id: str, reason: str) -> None:
        """Remember that nothing could be extracted of a clip; it is not tried again until it is forgiven."""
        with self._explained(), self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (video_id, encoder_id, reason))

    def failures(self, encoder_id: str) -> dict[str, str]:
        """The reasons of the clips that failed under this encoder id, by video id."""
        return dict(self._all("SELECT video_id, reason FROM failures WHERE encoder_id = ?", encoder_id))

    def forgive(self, video_ids: Iterable[str]) -> None:
        """Forget that these clips failed, so that they are tried again."""
        with self._explained(), self._transaction():
            self._connection.executemany("DELETE FROM failures WHERE video_id = ?", [(one,) for one in video_ids])

    def _vector(self, blob: bytes) -> NDArray[np.float32]:
        """SQLite keeps no checksums: what cannot be a vector is all of a changed one that can be known."""
        if len(blob) % 2 == 0:
            vector = np.frombuffer(blob, np.float16).astype(np.float32)
            if np.isfinite(vector).all():
                return vector
        raise self._damaged("a vector is none")

    def _put_pictures(self, video_id: str, pictures: Sequence[bytes]) -> None:
        execute = self._connection.execute
        if self._pictures_size is None:
            self._pictures_size = execute("SELECT COALESCE(SUM(LENGTH(jpeg)), 0) FROM pictures").fetchone()[0]
        replaced = execute("DELETE FROM pictures WHERE video_id = ? RETURNING LENGTH(jpeg)", (video_id,)).fetchall()
        rows = [(video_id, position, jpeg) for position, jpeg in enumerate(pictures)]
        self._connection.executemany("INSERT INTO pictures VALUES (?, ?, ?)", rows)
        self._pictures_size += sum(map(len, pictures)) - sum(row[0] for row in replaced)
        while self._pictures_size > self._pictures_bound:
            oldest = execute("SELECT video_id FROM pictures ORDER BY rowid LIMIT 1").fetchone()
            gone = execute("DELETE FROM pictures WHERE video_id = ? RETURNING LENGTH(jpeg)", oldest).fetchall()
            self._pictures_size -= sum(row[0] for row in gone)

    def _use_wal(self) -> None:
        # SQLite waits for a lock in all other places, but not here, when two processes make the file at once.
        deadline = time.monotonic() + WAL_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _all(self, query: str, *parameters: str | int) -> list[Any]:
        with self._explained():
            return self._connection.execute(query, parameters).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite may have rolled back by itself.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.Error) and is_damage(error):
                raise self._damaged(str(error)) from error
            # SQLite calls a disk that is full at a bad moment an I/O error.
            advice = "see that its folder can be written to and its disk is not full"
            raise LibraryError(f"{self._path}: cannot be used ({error}); {advice}") from error

    def _damaged(self, reason: str) -> CacheDamaged:
        return CacheDamaged(self._path, reason, self._file)


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _stamp_text(stamp: FileStamp) -> str:
    return ":".join(map(str, stamp))
