"""What is known of the clip on screen, read from the cache in a thread, so that no key waits for a disk."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from textual.strip import Strip

from tiksort_tui.cache import EmbeddingCache
from tiksort_tui.domain import FileStamp, MediaInfo, Transcript
from tiksort_tui.pipeline.summary import CACHE
from tiksort_tui.tui.pictures import draw_strip


@dataclass(frozen=True, slots=True)
class Details:
    """`size` is in bytes, None for a file that is gone; the rest is missing until the clip has been extracted."""

    size: int | None = None
    info: MediaInfo | None = None
    transcript: Transcript | None = None
    strip: tuple[Strip, ...] = ()


class DetailsReader:
    """Reads details one after another in a thread of its own."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._cache: EmbeddingCache | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="details")

    async def read(self, path: Path, width: int, height: int) -> Details:
        """The details of `path`, its strip drawn for a place of `width` by `height` cells. Raises LibraryError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, path, width, height)

    def close(self) -> None:
        """Wait for the read that is under way."""
        self._thread.shutdown(cancel_futures=True)
        if self._cache is not None:
            self._cache.close()

    def _read(self, path: Path, width: int, height: int) -> Details:
        try:
            stat = path.lstat()
        except OSError:
            return Details()
        if self._cache is not None and not self._cache.is_current:
            self._cache.close()
            self._cache = None
        if self._cache is None:
            self._cache = EmbeddingCache(self._state / CACHE)
        video_id = self._cache.id_of(FileStamp.of(stat))
        if video_id is None:
            return Details(stat.st_size)
        strip = draw_strip(self._cache.pictures(video_id), width, height)
        return Details(stat.st_size, self._cache.info(video_id), self._cache.transcript(video_id), tuple(strip))
