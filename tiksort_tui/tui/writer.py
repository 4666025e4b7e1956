"""The right to change the library, which one process at a time has: whether this screen has it, and if not, why."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from tiksort_tui.errors import LibraryError
from tiksort_tui.library.lock import WriterLock
from tiksort_tui.library.state import open_library, state_dir

if TYPE_CHECKING:
    from tiksort_tui.tui.app import SortApp

READ_ONLY = "This library is read-only: no clip can be filed."


class Writer:
    """Has the lock of the library of `app`, or looks on; a notice says why."""

    def __init__(self, app: SortApp) -> None:
        self._app = app
        self._lock = WriterLock(app.state)
        self.takes_over = False
        """Whether the lock has just been taken, and the library may still be another than the one that is shown."""
        self._why_not = ""
        if not os.access(app.root, os.W_OK):
            self._look_on(READ_ONLY)
            return
        try:
            self._lock.take()
        except LibraryError as error:
            self._look_on(f"You can only look: {error}.")

    @property
    def looks_on(self) -> bool:
        return bool(self._why_not)

    @property
    def remark(self) -> str:
        """What to say beside the library's name: whether this screen can only show it."""
        return "" if not self._why_not else "read-only" if self._why_not == READ_ONLY else "only to look at"

    def allowed(self, take_over: Callable[[], object]) -> bool:
        """Whether the person may change the library; if not, why is said.

        Who has left makes room for this screen, which is to `take_over` then. So does who has deleted the lock, with or
        without the state folder: it is taken anew, if nobody else was faster. In both cases what the key would
        have done is left out, until this screen `takes_over` no longer.
        """
        if self.takes_over:
            self._app.sort_screen.say("This screen is taking over: press that key again in a moment")
            return False
        if not self._why_not and self._lock.held:
            return True
        if self._why_not != READ_ONLY and self._take():
            take_over()
        else:
            self._app.sort_screen.say(self._why_not.removesuffix("."), trouble=True)
        return False

    def has_its_turn(self) -> bool:
        """Whether this screen, which has looked on so far, may change the library from now on."""
        return self._why_not not in ("", READ_ONLY) and self._take()

    def _take(self) -> bool:
        try:
            # Whoever has deleted it gets it again.
            state_dir(open_library(self._app.root), self._app.config.library.state_dir)
            self._lock.take()
        except LibraryError as error:
            self._look_on(f"You can only look: {error}.")
            return False
        self._look_on("")
        self.takes_over = True
        return True

    def release(self) -> None:
        """Let another process have it."""
        self._lock.release()

    def _look_on(self, why: str) -> None:
        """Have the notices say why this screen can only look on; empty: it can do more."""
        if why == self._why_not:
            return
        if self._why_not:
            self._app.notices.remove(self._why_not)
        self._why_not = why
        if why:
            self._app.notices.append(why)
