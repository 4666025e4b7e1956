"""Sees what other programs bring into the library's root and take out of it, so that the queue follows by itself.

A file comes in when it has been still for a while: no download is shown, played or read before it is whole. Sub-folders
are not watched: whatever joins the queue or leaves it does so in the root.
"""

from __future__ import annotations

import asyncio
import os
import stat
import threading
import time
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tiksort_tui.domain import FileStamp
from tiksort_tui.errors import LibraryError
from tiksort_tui.library.state import on_network

if TYPE_CHECKING:
    from watchfiles.main import FileChange

    from tiksort_tui.tui.app import SortApp

STILL_SECONDS = 2.0
# Of a file with a twin that ends so only the place is kept: it is still being written.
PARTS = (".part", ".tmp", ".ytdl", ".crdownload")
# How often files that are not still yet are looked at, and for how long changes are gathered until none comes.
LOOK_MS, GATHER_MS, PAUSE_MS = 500, 1600, 100
# Watching is begun again after an error, such as a name that is no text, unless errors are all that comes.
ERRORS_IN_A_ROW = 10

# What is at a path: a file, one that is being written, a folder, nothing of these.
Found = FileStamp | Literal["unfinished", "folder"] | None


class Arrivals:
    """Files that are new or have changed, until they are still. Times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._waiting: dict[Path, tuple[Found, float]] = {}

    @property
    def waiting(self) -> frozenset[Path]:
        return frozenset(self._waiting)

    def see(self, path: Path, found: Found, now: float) -> None:
        """The file is like this now."""
        if found == "unfinished" or path not in self._waiting or self._waiting[path][0] != found:
            self._waiting[path] = found, now

    def forget(self, path: Path) -> None:
        """The file is gone, or is none that has to be waited for."""
        self._waiting.pop(path, None)

    def still(self, now: float) -> list[Path]:
        """The files that have not changed for `STILL_SECONDS`; they are waited for no longer."""
        still = [path for path, (_, since) in self._waiting.items() if now - since >= STILL_SECONDS]
        for path in still:
            del self._waiting[path]
        return still


async def watch_library(app: SortApp) -> None:
    """Have the queue of `app` follow its library's root until this is cancelled.

    Ends by itself on a network file system, which tells of no changes, and with a notice where the system cannot.
    """
    if not on_network(app.root):
        watching = _Watching(app)
        try:
            await watching.follow()
        finally:
            await watching.close()


class _Watching:
    def __init__(self, app: SortApp) -> None:
        self._app = app
        self._arrivals = Arrivals()
        self._suffixes = tuple(f".{extension.lower()}" for extension in app.config.library.extensions)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watching")
        self._stop = threading.Event()
        self._changes: Generator[set[FileChange], None, None] | None = None
        self._root: tuple[int, int] | None = None

    async def follow(self) -> None:
        errors, reason = 0, ""
        while errors < ERRORS_IN_A_ROW:
            known = {clip.name for clip in self._app.session.unsorted} if self._changes is None else set()
            waiting = self._arrivals.waiting
            try:
                found = await self._in_thread(known, waiting)
            except (OSError, RuntimeError, ValueError) as error:
                self._changes, reason = None, str(error)
                errors += 1
                await asyncio.sleep(LOOK_MS / 1000)
            else:
                errors = 0
                await self._take(found)
        # Nobody tells any more when they are whole.
        self._app.runs.unfinished = frozenset()
        key = self._app.keymap.key("retrain")
        self._app.notices.append(f"New clips do not come in by themselves ({reason}): {key} looks for them")
        self._app.sort_screen.changed()

    async def close(self) -> None:
        """End the thread."""
        self._stop.set()
        await asyncio.to_thread(self._thread.shutdown)

    async def _in_thread(self, known: set[str], waiting: frozenset[Path]) -> Mapping[Path, Found]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._next, known, waiting)

    def _next(self, known: set[str], waiting: Iterable[Path]) -> Mapping[Path, Found]:
        """In the thread: what is now at each path that has changed, or that is waited for.

        At the beginning also at those where something else is than the files `known`.
        """
        begins = self._changes is None
        try:
            status = os.stat(self._app.root)
        except OSError:
            status = None
        root = (status.st_dev, status.st_ino) if status else None
        if root is None or (root != self._root and not begins):
            # A watch ends with the file system that it is on.
            self._changes = None
            self._stop.wait(LOOK_MS / 1000)
            return {}
        self._root = root
        self._changes = self._changes or self._begin()
        changed = {os.path.basename(path) for _, path in next(self._changes, set())}
        if begins:
            changed |= known ^ set(os.listdir(self._app.root))
        paths = {self._app.root / name for name in changed if not name.startswith(".")}
        return {path: _look(path) for path in paths.union(waiting)}

    def _begin(self) -> Generator[set[FileChange], None, None]:
        # Only here: it takes 50 ms that the first screen need not wait for.
        import watchfiles

        return watchfiles.watch(
            self._app.root,
            watch_filter=None,
            debounce=GATHER_MS,
            step=PAUSE_MS,
            stop_event=self._stop,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            debug=False,
            raise_interrupt=False,
            force_polling=False,
            recursive=False,
        )

    async def _take(self, found: Mapping[Path, Found]) -> None:
        app, session, now = self._app, self._app.session, time.monotonic()
        folders = {folder.name for folder in session.folders} | set(session.links)
        look = False
        for path, there in found.items():
            is_file = there not in ("folder", None) and path.name.lower().endswith(self._suffixes)
            if is_file and not (isinstance(there, FileStamp) and session.knows(path, there)):
                self._arrivals.see(path, there, now)
            elif is_file:
                self._arrivals.forget(path)
            else:
                self._arrivals.forget(path)
                # What this screen has done itself is known.
                look |= path in session.unsorted or (there == "folder") != (path.name in folders)
        look |= bool(self._arrivals.still(now))
        app.runs.unfinished = self._arrivals.waiting
        if look:
            try:
                await app.runs.look_again()
            except LibraryError as error:
                app.sort_screen.tell(str(error))


def _look(path: Path) -> Found:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if stat.S_ISREG(status.st_mode):
        being_written = any(os.path.lexists(f"{path}{part}") for part in PARTS)
        return "unfinished" if being_written else FileStamp.of(status)
    # Also a link to one.
    return "folder" if os.path.isdir(path) else None
