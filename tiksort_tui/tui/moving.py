"""What the person does to the library's files: carried out by the filer, then told to the session and the screen."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tiksort_tui.domain import Filing, FolderRename, LastAction, visible
from tiksort_tui.errors import DuplicateError, MoveError, TiksortError
from tiksort_tui.library.moves import Retraced
from tiksort_tui.session import FilingRequest
from tiksort_tui.tui.asking import ask_for_folder, ask_for_new_name
from tiksort_tui.tui.filing import Filer, T, Told
from tiksort_tui.tui.selection import clips
from tiksort_tui.tui.views import moves as words
from tiksort_tui.tui.writer import Writer

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp

# The name of the tasks that move files or make folders: they are never cut short.
MOVING = "moving"


class Moves:
    """The moves of `app`'s person. One screen at a time may make them; the others look on and say why."""

    def __init__(self, app: SortApp) -> None:
        self._app = app
        self._filer = Filer(app.root, app.state, app.config.library)
        self._writer = Writer(app)
        self.unfinished = ""
        """What was cut short when the program was to end, in words."""

    @property
    def remark(self) -> str:
        """What to say beside the library's name: whether this screen can only show it."""
        return self._writer.remark

    def allowed(self) -> bool:
        """Whether the person may change the library; if not, why is said. Who has left makes room for this screen."""
        return self._writer.allowed(lambda: self._app.start(self._take_over("Press that key again: "), name=MOVING))

    def look_for_turn(self) -> None:
        """Take over if who kept this screen from changing the library has left. To be asked from time to time."""
        if self._writer.has_its_turn():
            self._app.start(self._take_over(), name=MOVING)

    async def _take_over(self, first: str = "") -> None:
        told, trouble = await self._put_right()
        try:
            await self._app.runs.look_again()
        except TiksortError as error:
            told, trouble = str(error), True
        else:
            # From what another process has changed, or again where all that was read is deleted.
            self._app.runs.taught()
        await self._show_last()
        self._writer.takes_over = False
        told = told or "nobody else is sorting, this screen files from now on"
        screen = self._app.sort_screen
        screen.say(first + told, trouble) if first else screen.tell(told, trouble=trouble)

    async def begin(self) -> None:
        """Put interrupted moves right, if that is this screen's to do."""
        if not self._writer.looks_on:
            told, trouble = await self._put_right()
            if told:
                self._app.sort_screen.say(told, trouble)
            await self._show_last()

    async def _put_right(self) -> tuple[str, bool]:
        """Put interrupted moves right; what to say of it, and whether that is trouble."""
        try:
            messages = await self._filer.reconcile()
        except TiksortError as error:
            return str(error), True
        if len(messages) < 2:
            return "".join(messages), False
        self._app.notices += messages
        return f"{len(messages)} moves had been cut short; the help says what became of them", False

    async def _show_last(self) -> None:
        """Show what can be taken back now. Where that cannot be read, whatever needs it says so."""
        with suppress(TiksortError):
            self._app.tally.last = await self._filer.last_action()
        self._app.sort_screen.changed(soon=False)

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

    def make_folder(self, name: str, then: Callable[[str], None] | None = None) -> None:
        """Make a folder of the library, `then` go on with the name that it got."""
        self._app.start(self._make_folder(name, then), name=MOVING)

    def rename_folder(self, old: str, new: str) -> None:
        """Give a folder of the library another name."""
        self._app.start(self._rename_folder(old, new), name=MOVING)

    def cut_short(self) -> None:
        """Let actions of many clips end soon: what they have not come to stays as it is, and `unfinished` tells."""
        self._filer.cut_short()

    async def close(self) -> None:
        """Carry out what was asked for, then let go of the library."""
        await self._filer.close()
        self._writer.release()

    async def _file(self, request: FilingRequest) -> None:
        app, clip = self._app, request.clip
        try:
            filing = await self._filer.file(clip, request.folder)
        except TiksortError as error:
            await self._bring_back({request: error})
            up, trash = app.keymap.key("up"), app.keymap.key("trash")
            if isinstance(error, DuplicateError):
                told = f"{words.duplicate(request.folder)}; {up} goes back, then {trash} trashes it"
            else:
                told = f"{error}; {up} goes back to it" if clip in app.session.unsorted else str(error)
            app.sort_screen.say(told, trouble=True)
        else:
            app.session.moved(request)
            app.runs.taught()
            app.tally.filed(filing, time.monotonic())
            app.sort_screen.say(words.filed(filing))
        app.sort_screen.changed()

    async def _file_all(self, requests: Sequence[FilingRequest]) -> None:
        app = self._app
        clips_in_folders = [(request.clip, request.folder) for request in requests]
        outcomes = await self._filer.file_all(clips_in_folders, self._telling("Filing"))
        left = dict.fromkeys(requests[len(outcomes) :])
        failed: dict[FilingRequest, TiksortError] = {}
        done: list[Filing] = []
        for request, outcome in zip(requests, outcomes, strict=False):
            if isinstance(outcome, Filing):
                app.session.moved(request)
                done.append(outcome)
            else:
                failed[request] = outcome
        if failed or left:
            await self._bring_back(failed | left)
        filed = len(done)
        if done:
            app.tally.filed(done[-1], time.monotonic(), filed)
        if failed:
            why = str(next(iter(failed.values())))
            app.sort_screen.say(f"Filed {clips(filed)}, {clips(len(failed))} not: {why}", trouble=True)
        else:
            app.sort_screen.say(f"Filed {clips(filed)} in one go")
        if left:
            self._say_unfinished(f"Filed {clips(filed)}, {clips(len(left))} left unsorted")
        app.runs.taught()
        app.sort_screen.changed()

    async def _bring_back(self, failed: Mapping[FilingRequest, TiksortError | None]) -> None:
        """Bring the clips of filings that failed, or were not begun, back to their places, if they are there."""
        session = self._app.session
        gone = await asyncio.to_thread(
            lambda: {request.clip for request in failed if not os.path.lexists(request.clip)}
        )
        duplicates = {
            request.clip: error.other for request, error in failed.items() if isinstance(error, DuplicateError)
        }
        session.move_failed([*failed], duplicates)
        session.gone(gone)

    def _telling(self, what: str) -> Told:
        """Says how far an action of many clips is."""
        return lambda done, of: self._app.sort_screen.say(f"{what} {done} / {of} …")

    def _say_unfinished(self, what: str) -> None:
        said = f"{what}: the program was ended before all was done."
        self.unfinished = f"{self.unfinished}\n{said}".strip()
        self._app.sort_screen.say(said, trouble=True)

    async def _refile(self, clip: Path, folder: str) -> None:
        app = self._app
        try:
            filing = await self._filer.file(clip, folder)
        except TiksortError as error:
            if os.path.lexists(clip):
                app.session.set_aside.discard(clip)
            app.sort_screen.say(str(error), trouble=True)
        else:
            app.session.refiled(filing)
            app.runs.taught()
            app.tally.filed(filing, time.monotonic())
            app.sort_screen.say(words.filed(filing))
        app.sort_screen.changed()

    async def _undo(self) -> None:
        undone = await self._retraced(self._filer.undo(self._telling("Taking back")), "Nothing to undo")
        if undone.filings:
            self._app.session.undone(undone.filings)
        for rename in undone.folders:
            self._app.session.folder_renamed(rename.new, rename.old)
        self._say(undone, words.taken_back, words.named_back)
        await self._show_last()
        if undone.left:
            taken, key = clips(len(undone.filings)), self._app.keymap.key("undo")
            self._say_unfinished(f"Took {taken} back, {clips(undone.left)} left filed, {key} goes on")

    async def _redo(self) -> None:
        redone = await self._retraced(self._filer.redo(self._telling("Filing again")), "Nothing to redo")
        if redone.filings:
            self._app.session.redone(redone.filings)
        for rename in redone.folders:
            self._app.session.folder_renamed(rename.old, rename.new)
        self._say(redone, lambda one: f"{words.filed(one)} again", lambda one: f"{words.renamed(one)} again")
        await self._show_last()
        if redone.left:
            filed, key = clips(len(redone.filings)), self._app.keymap.key("redo")
            self._say_unfinished(f"Filed {filed} again, {clips(redone.left)} left unsorted, {key} goes on")

    async def _make_folder(self, name: str, then: Callable[[str], None] | None) -> None:
        app = self._app
        try:
            await self._filer.make_folder(name)
        except MoveError as error:
            ask_for_folder(app, name, str(error), then)
            return
        app.session.add_folder(name)
        key = next((folder.key for folder in app.session.folders if folder.name == name), None)
        how = f"key {key}" if key else f"no key is left: {app.keymap.key('choose')} files into it"
        app.sort_screen.say(f"New folder {visible(name)}, {how}")
        app.sort_screen.changed()
        if then:
            then(name)

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
        app.tally.last = LastAction(renamed)
        app.runs.taught()
        app.sort_screen.say(words.renamed(renamed))
        app.sort_screen.changed()

    async def _retraced(self, work: Awaitable[Retraced], nothing: str) -> Retraced:
        try:
            retraced = await work
        except TiksortError as error:
            self._app.sort_screen.say(str(error), trouble=True)
            return Retraced()
        if retraced == Retraced():
            self._app.sort_screen.say(nothing)
        return retraced

    def _say(
        self, retraced: Retraced, filing: Callable[[Filing], str], renaming: Callable[[FolderRename], str]
    ) -> None:
        done = len(retraced.filings) + len(retraced.folders)
        if done:
            first = filing(retraced.filings[0]) if retraced.filings else renaming(retraced.folders[0])
            self._app.sort_screen.say(first + (f", and {done - 1} more" if done > 1 else ""))
            self._app.runs.taught()
        if refused := len(retraced.refusals):
            how_many = f"{refused} of {refused + done} refused: " if refused > 1 else ""
            self._app.sort_screen.say(f"{how_many}{retraced.refusals[0]}", trouble=True)
        # After thousands a key may come first.
        self._app.sort_screen.changed(soon=done <= 1)
