"""What the person does to the library's files: carried out by the filer, then told to the session and the screen."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tiksort_tui.domain import Filing, FolderRename, visible
from tiksort_tui.errors import DuplicateError, LibraryError, MoveError, TiksortError
from tiksort_tui.library.lock import WriterLock
from tiksort_tui.library.moves import Retraced
from tiksort_tui.library.state import TRASH_FOLDER
from tiksort_tui.session import FilingRequest
from tiksort_tui.tui.asking import ask_for_folder, ask_for_new_name
from tiksort_tui.tui.filing import Filer, T
from tiksort_tui.tui.selection import clips
from tiksort_tui.tui.views.text import TRASH

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp

READ_ONLY = "This library is read-only: no clip can be filed."
# The name of the tasks that move files or make folders: they are never cut short.
MOVING = "moving"


class Moves:
    """The moves of `app`'s person. One screen at a time may make them; the others look on and say why."""

    def __init__(self, app: SortApp) -> None:
        self._app = app
        self._filer = Filer(app.root, app.state, app.config.library)
        self._lock = WriterLock(app.state)
        self._why_not = "" if os.access(app.root, os.W_OK) else READ_ONLY
        if not self._why_not:
            try:
                self._lock.take()
            except LibraryError as error:
                self._why_not = f"You can only look: {error}."
        if self._why_not:
            app.notices.append(self._why_not)

    def allowed(self) -> bool:
        """Whether the person may change the library; if not, why is said. Who has left makes room for this screen."""
        if not self._why_not:
            return True
        if self._why_not != READ_ONLY:
            try:
                self._lock.take()
            except LibraryError as error:
                self._app.sort_screen.say(f"You can only look: {error}", trouble=True)
                return False
            self._app.notices.remove(self._why_not)
            self._why_not = ""
            self._app.start(self._take_over(), name=MOVING)
            return False
        self._app.sort_screen.say(READ_ONLY, trouble=True)
        return False

    async def _take_over(self) -> None:
        await self.begin()
        try:
            await self._app.runs.look_again()
        except TiksortError as error:
            self._app.sort_screen.say(str(error), trouble=True)
        else:
            self._app.sort_screen.say("The other one has left: this screen files from now on")

    async def begin(self) -> None:
        """Put interrupted moves right, if that is this screen's to do."""
        if not self._why_not:
            try:
                for message in await self._filer.reconcile():
                    self._app.sort_screen.say(message)
            except TiksortError as error:
                self._app.sort_screen.say(str(error), trouble=True)

    async def in_turn(self, work: Callable[[], T]) -> T:
        """What `work` gives when all moves that were asked for before are done."""
        return await self._filer.in_turn(work)

    def file(self, request: FilingRequest) -> None:
        """Carry out a filing that the session has planned."""
        self._app.start(self._file(request), name=MOVING)

    def file_all(self, requests: Sequence[FilingRequest]) -> None:
        """Carry out filings that the session has planned, as one action."""
        self._app.start(self._file_all(requests), name=MOVING)

    def refile(self, clip: Path, folder: str) -> None:
        """Bring a sorted clip into another folder."""
        self._app.start(self._refile(clip, folder), name=MOVING)

    def undo(self) -> None:
        """Take back the last action."""
        self._app.start(self._undo(), name=MOVING)

    def redo(self) -> None:
        """Do again what the last undo took back."""
        self._app.start(self._redo(), name=MOVING)

    def make_folder(self, name: str, then: Callable[[], None] | None = None) -> None:
        """Make a folder of the library, `then` go on."""
        self._app.start(self._make_folder(name, then), name=MOVING)

    def rename_folder(self, old: str, new: str) -> None:
        """Give a folder of the library another name."""
        self._app.start(self._rename_folder(old, new), name=MOVING)

    async def close(self) -> None:
        """Carry out what was asked for, then let go of the library."""
        await self._filer.close()
        self._lock.release()

    async def _file(self, request: FilingRequest) -> None:
        app, clip = self._app, request.clip
        try:
            filing = await self._filer.file(clip, request.folder)
        except TiksortError as error:
            self._failed(request, error)
            what_next = ": on it, d puts it in the trash" if isinstance(error, DuplicateError) else ""
            app.sort_screen.say(f"{error}{what_next}", trouble=True)
        else:
            app.session.moved(request)
            app.runs.taught()
            app.sort_screen.filed(request)
            app.sort_screen.say(_filed(filing))
        app.sort_screen.changed()

    async def _file_all(self, requests: Sequence[FilingRequest]) -> None:
        app = self._app
        failed: list[tuple[FilingRequest, TiksortError]] = []

        def done(place: int, outcome: Filing | TiksortError) -> None:
            if isinstance(outcome, Filing):
                app.session.moved(requests[place])
            else:
                failed.append((requests[place], outcome))
            app.sort_screen.say(f"Filing {place + 1} / {len(requests)} …", about=MOVING)

        await self._filer.file_all([(request.clip, request.folder) for request in requests], done)
        # The last one first: so each comes back to its place among the others.
        for request, error in reversed(failed):
            self._failed(request, error)
        filed = len(requests) - len(failed)
        if filed:
            app.sort_screen.filed(app.session.last)
        if failed:
            why = str(failed[0][1])
            app.sort_screen.say(f"Filed {clips(filed)}, {clips(len(failed))} not: {why}", trouble=True)
        else:
            app.sort_screen.say(f"Filed {clips(filed)} in one go")
        app.runs.taught()
        app.sort_screen.changed()

    def _failed(self, request: FilingRequest, error: TiksortError) -> None:
        """Bring the clip of a filing that failed back, if it is there."""
        duplicate_of = error.other if isinstance(error, DuplicateError) else None
        self._app.session.move_failed(request, duplicate_of)
        if not request.clip.exists():
            self._app.session.gone(request.clip)

    async def _refile(self, clip: Path, folder: str) -> None:
        app = self._app
        try:
            filing = await self._filer.file(clip, folder)
        except TiksortError as error:
            if clip.exists():
                app.session.set_aside.discard(clip)
            app.sort_screen.say(str(error), trouble=True)
        else:
            app.session.refiled(filing)
            app.runs.taught()
            app.sort_screen.filed(FilingRequest(clip, folder, place=0))
            app.sort_screen.say(_filed(filing))
        app.sort_screen.changed()

    async def _undo(self) -> None:
        undone = await self._retraced(self._filer.undo, "Nothing to undo")
        for filing in undone.filings:
            self._app.session.undone(filing)
            self._app.sort_screen.filed(None)
        for rename in undone.folders:
            self._app.session.folder_renamed(rename.new, rename.old)
        done = [f"Took {visible(one.source.name)} back from {_where(one)}" for one in undone.filings]
        self._say(undone, done + [f"{visible(one.new)} is called {visible(one.old)} again" for one in undone.folders])

    async def _redo(self) -> None:
        redone = await self._retraced(self._filer.redo, "Nothing to redo")
        for filing in redone.filings:
            self._app.session.redone(filing)
        for rename in redone.folders:
            self._app.session.folder_renamed(rename.old, rename.new)
        self._say(redone, [f"{what} again" for what in (*map(_filed, redone.filings), *map(_renamed, redone.folders))])

    async def _make_folder(self, name: str, then: Callable[[], None] | None) -> None:
        app = self._app
        try:
            await self._filer.make_folder(name)
        except MoveError as error:
            ask_for_folder(app, name, str(error))
            return
        app.session.add_folder(name)
        key = next((folder.key for folder in app.session.folders if folder.name == name), None)
        how = f"key {key}" if key else "no key is left: / files into it"
        app.sort_screen.say(f"New folder {visible(name)}, {how}")
        app.sort_screen.changed()
        if then:
            then()

    async def _rename_folder(self, old: str, new: str) -> None:
        app = self._app
        try:
            renamed = await self._filer.rename_folder(old, new)
        except MoveError as error:
            ask_for_new_name(app, old, new, str(error))
            return
        except TiksortError as error:
            app.sort_screen.say(str(error), trouble=True)
            return
        app.session.folder_renamed(old, new)
        app.runs.taught()
        app.sort_screen.say(_renamed(renamed))
        app.sort_screen.changed()

    async def _retraced(self, work: Callable[[], Awaitable[Retraced]], nothing: str) -> Retraced:
        try:
            retraced = await work()
        except TiksortError as error:
            self._app.sort_screen.say(str(error), trouble=True)
            return Retraced()
        if retraced == Retraced():
            self._app.sort_screen.say(nothing)
        return retraced

    def _say(self, retraced: Retraced, done: Sequence[str]) -> None:
        if done:
            self._app.sort_screen.say(done[0] + (f", and {len(done) - 1} more" if len(done) > 1 else ""))
        for refusal in retraced.refusals:
            self._app.sort_screen.say(str(refusal), trouble=True)
        if done:
            self._app.runs.taught()
        self._app.sort_screen.changed()


def _filed(filing: Filing) -> str:
    name, where = visible(filing.source.name), _where(filing)
    other_name = "" if filing.target.name == filing.source.name else f" as {visible(filing.target.name)}"
    return (f"Put {name} in {TRASH}" if where == TRASH else f"Filed {name} in {where}") + other_name


def _renamed(rename: FolderRename) -> str:
    return f"{visible(rename.old)} is called {visible(rename.new)}"


def _where(filing: Filing) -> str:
    folder = filing.target.parent.name
    return TRASH if folder == TRASH_FOLDER else visible(folder)
