"""What the person has filed on this screen: how fast, with which keys, and what can be taken back next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from tiksort_tui.domain import Filing, LastAction
from tiksort_tui.tui.pace import Pace

FLASH_SECONDS = 0.6


class Tally:
    """Told of every filing; times are of one clock, in seconds."""

    def __init__(self, now: float) -> None:
        self.pace = Pace(now)
        self.last: LastAction | None = None
        """What can be taken back next, also of an earlier session."""
        self._flashed: str | None = None
        self._flash_until = 0.0
        self._takes: dict[Path, str] = {}

    @property
    def flashes(self) -> bool:
        """Whether a folder is marked, or its mark is to be taken away."""
        return self._flashed is not None

    def filed(self, last: Filing, now: float, count: int = 1) -> None:
        """This was filed just now, or as the last of `count` in one go."""
        self.last = LastAction(last, count)
        self._flashed, self._flash_until = last.target.parent.name, now + FLASH_SECONDS
        self.pace.filed(now)

    def flashed(self, now: float) -> str | None:
        """The folder that a clip has just gone into, for a moment."""
        if now >= self._flash_until:
            self._flashed = None
        return self._flashed

    def take(self, clip: Path, command: str) -> None:
        """The suggestion that `command` stands for was taken for `clip`."""
        self._takes[clip] = command

    def taken(self, unsorted: Collection[Path]) -> Counter[str]:
        """How many clips were filed by each command, and are not `unsorted` again."""
        return Counter(take for clip, take in self._takes.items() if clip not in unsorted)
