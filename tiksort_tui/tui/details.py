"""What is known of the clip on screen, read from the cache in a thread, so that no key waits for a disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.strip import Strip

from tiksort_tui.config import LibraryConfig
from tiksort_tui.domain import FileStamp, MediaInfo, Transcript
from tiksort_tui.library.caption import read_caption
from tiksort_tui.library.sidecars import sidecars_of
from tiksort_tui.pipeline.summary import CACHE

if TYPE_CHECKING:
    from tiksort_tui.cache import EmbeddingCache

# A clip is on screen so long before it is looked up: of those that are passed over in a row only the last is.
DETAILS_AFTER_SECONDS = 0.03
# Draws a clip's JPEGs into a place of so many cells.
StripDrawer = Callable[[Sequence[bytes], int, int], list[Strip]]


@dataclass(frozen=True, slots=True)
class Details:
    """`size` is in bytes, None for a file that is gone; what is in the file is missing until it has been extracted."""

    size: int | None = None
    caption: str = ""
    info: MediaInfo | None = None
    transcript: Transcript | None = None
    strip: tuple[Strip, ...] = ()

    @property
    def words(self) -> bool:
        """Whether there is something to read beside the pictures."""
        return bool(self.caption or self.transcript or (self.info and self.info.note))


class DetailsReader:
    """Reads details one after another in a thread of its own."""

    def __init__(self, state: Path, config: LibraryConfig, draw: StripDrawer) -> None:
        self._state = state
        self._config = config
        self._draw = draw
        self._cache: EmbeddingCache | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="details")

    async def read(self, path: Path, width: int, height: int) -> Details:
        """The details of `path`, its strip drawn for a place of `width` by `height` cells. Raises LibraryError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, path, width, height)

    async def sidecars(self, path: Path) -> list[str]:
        """The names of the files that go where `path` goes."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._sidecars, path)

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
        # It is the engine that makes one: one that was deleted must not look as if it were there.
        if self._cache is None and os.path.exists(self._state / CACHE):
            # Here, in the thread: it brings numpy, which the first screen need not wait for.
            from tiksort_tui.cache import EmbeddingCache

            self._cache = EmbeddingCache(self._state / CACHE)
        video_id = self._cache.id_of(FileStamp.of(stat)) if self._cache else None
        caption = read_caption(path, self._config.sidecars)
        if self._cache is None or video_id is None:
            return Details(stat.st_size, caption)
        try:
            strip = self._draw(self._cache.pictures(video_id), width, height)
        except (OSError, ValueError, SyntaxError):
            # What Pillow raises for damaged ones: these show nothing.
            strip = []
        info, transcript = self._cache.info(video_id), self._cache.transcript(video_id)
        return Details(stat.st_size, caption, info, transcript, tuple(strip))

    def _sidecars(self, path: Path) -> list[str]:
        try:
            return [sidecar.name for sidecar in sidecars_of(path, self._config)]
        except OSError:
            return []
