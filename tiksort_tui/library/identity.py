"""Which content a file holds: an id that survives moving and renaming."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tiksort_tui.domain import FileStamp
from tiksort_tui.errors import PassingMediaError

_SAMPLE = 64 * 1024


def stamp_of(path: Path) -> FileStamp:
    """What the file system says of `path` itself now; raises PassingMediaError where there is nothing."""
    try:
        return FileStamp.of(path.lstat())
    except OSError:
        raise PassingMediaError("the file is gone") from None


def video_id(path: Path) -> str:
    """An id of the content of `path`: its size and the BLAKE2b of its first, middle and last 64 KiB.

    Two files with the same id are taken for the same clip in the cache; nothing is called a duplicate, or thrown
    away, by this id alone. Raises PassingMediaError where the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            digest.update(size.to_bytes(8, "little"))
            for offset in sorted({0, max(0, size // 2 - _SAMPLE // 2), max(0, size - _SAMPLE)}):
                file.seek(offset)
                digest.update(file.read(_SAMPLE))
    except OSError as error:
        raise PassingMediaError(f"cannot be read: {error.strerror}") from error
    return digest.hexdigest()
