"""Files are moved in one thread, one after another, in the order in which they were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tiksort_tui.config import LibraryConfig
from tiksort_tui.domain import Filing, FolderRename
from tiksort_tui.errors import TiksortError
from tiksort_tui.library.folders import make_folder
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover, Retraced
from tiksort_tui.library.state import JOURNAL, TRASH_FOLDER

T = TypeVar("T")


class Filer:
    """The library's Mover in a thread of its own. Every method may raise LibraryError."""

    def __init__(self, root: Path, state: Path, config: LibraryConfig) -> None:
        self._root = root
        self._journal = Journal(state / JOURNAL)
        self._mover = Mover(root, self._journal, config)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="filing")

    async def file(self, clip: Path, folder: str) -> Filing:
        """File one clip, also into the trash folder; raises MoveError, and it is where it was."""
        if folder == TRASH_FOLDER:
            return await self.in_turn(lambda: self._mover.trash(clip))
        return await self.in_turn(lambda: self._mover.file(clip, folder))

    async def file_all(
        self, clips: Sequence[tuple[Path, str]], done: Callable[[int, Filing | TiksortError], None]
    ) -> None:
        """File `clips`, each into its folder, as one action with nothing else between them.

        `done` is called in the event loop for each of them, with its place among `clips` and what came of it.
        """
        loop = asyncio.get_running_loop()

        def work() -> None:
            action = None
            for place, (clip, folder) in enumerate(clips):
                try:
                    filing = self._mover.file(clip, folder, action)
                except TiksortError as error:
                    loop.call_soon_threadsafe(done, place, error)
                else:
                    action = action or filing.entry
                    loop.call_soon_threadsafe(done, place, filing)

        await self.in_turn(work)

    async def undo(self) -> Retraced:
        """Take back the last action, also one of an earlier session."""
        return await self.in_turn(self._mover.undo)

    async def redo(self) -> Retraced:
        """Do again what the last undo took back."""
        return await self.in_turn(self._mover.redo)

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
