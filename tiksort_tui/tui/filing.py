"""Files are moved in one thread, one after another, in the order in which they were asked for."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tiksort_tui.config import LibraryConfig
from tiksort_tui.domain import Filing, FolderRename, LastAction
from tiksort_tui.errors import TiksortError
from tiksort_tui.library.bunch import GoOn
from tiksort_tui.library.folders import make_folder
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover, Retraced
from tiksort_tui.library.state import JOURNAL, TRASH_FOLDER

# In Python two threads work by turns. So that the next clip is painted at once, the last one is filed so much later.
PAINTED_SECONDS = 0.03
# How far an action of many clips is, is told so often at most.
TELL_SECONDS = 0.1

Told = Callable[[int, int], None]
"""Called in the event loop, with how many of how many clips are done."""

T = TypeVar("T")


class Filer:
    """The library's Mover in a thread of its own. Every method may raise LibraryError."""

    def __init__(self, root: Path, state: Path, config: LibraryConfig) -> None:
        self._root = root
        self._journal = Journal(state / JOURNAL)
        self._mover = Mover(root, self._journal, config)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="filing")
        self._cut_short = threading.Event()

    async def file(self, clip: Path, folder: str) -> Filing:
        """File one clip, also into the trash folder; raises MoveError, and it is where it was."""

        def when_painted() -> Filing:
            time.sleep(PAINTED_SECONDS)
            return self._mover.trash(clip) if folder == TRASH_FOLDER else self._mover.file(clip, folder)

        return await self.in_turn(when_painted)

    async def file_all(self, clips: Sequence[tuple[Path, str]], told: Told) -> list[Filing | TiksortError]:
        """File `clips`, each into its folder, as one action with nothing else between them.

        Gives what came of each, in turn; of the first ones where it was cut short.
        """
        go_on = self._telling(told)
        return await self.in_turn(lambda: self._mover.file_all(clips, go_on))

    async def undo(self, told: Told) -> Retraced:
        """Take back the last action, also one of an earlier session."""
        go_on = self._telling(told)
        return await self.in_turn(lambda: self._mover.undo(go_on=go_on))

    async def redo(self, told: Told) -> Retraced:
        """Do again what the last undo took back."""
        go_on = self._telling(told)
        return await self.in_turn(lambda: self._mover.redo(go_on=go_on))

    async def last_action(self) -> LastAction | None:
        """What the next undo takes back, also of an earlier session."""
        return await self.in_turn(self._mover.last_action)

    def cut_short(self) -> None:
        """Let actions of many clips end after the bunch in hand: what they have not come to stays as it is."""
        self._cut_short.set()

    async def reconcile(self) -> list[str]:
        """Put interrupted moves right and say what was done."""
        return [one.message for one in await self.in_turn(self._mover.reconcile)]

    async def make_folder(self, name: str) -> None:
        """Make a folder; raises MoveError."""
        await self.in_turn(lambda: make_folder(self._root, name))

    async def rename_folder(self, old: str, new: str) -> FolderRename:
        """Give a folder another name; raises MoveError."""
        return await self.in_turn(lambda: self._mover.rename_folder(old, new))

    async def in_turn(self, work: Callable[[], T]) -> T:
        """What `work` gives in the filing thread, after all that was asked for before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self) -> None:
        """Carry out what was asked for, then close the journal."""
        await self.in_turn(self._journal.close)
        self._thread.shutdown()

    def _telling(self, told: Told) -> GoOn:
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()
        last = time.monotonic()

        def go_on(done: int, of: int) -> bool:
            nonlocal last
            if time.monotonic() - last > TELL_SECONDS:
                last = time.monotonic()
                loop.call_soon_threadsafe(told, done, of, context=context)
            return not self._cut_short.is_set()

        return go_on
