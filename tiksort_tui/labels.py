"""The folders as the person knows them: their keys, how many clips are in each, how many were filed in this session.

No I/O, no clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from tiksort_tui.domain import Folder

DIGITS = "1234567890"


class Labels:
    """The folders `names`. They keep their keys and their order; `own_keys` are the user's, each with its folder.

    The key of one that goes is free until it comes back.
    """

    def __init__(self, names: Iterable[str], own_keys: Mapping[str, str]) -> None:
        # In the digits' order, with None in the place of one that has gone.
        self._places: list[str | None] = list(names)
        self._before: dict[str, int] = {}
        self._own_keys = dict(own_keys)
        self.clips: Counter[str | None] = Counter()
        """How many clips there are, by folder."""
        self.filed: Counter[str] = Counter()
        """How many of them were filed in this session."""
        # By name: they come from the library's root. To compare paths takes too long where thousands are taken back.
        self._filed_here: dict[str, Path] = {}

    @property
    def names(self) -> list[str]:
        return [name for name in self._places if name is not None]

    @property
    def folders(self) -> list[Folder]:
        own = {folder: key for key, folder in self._own_keys.items()}
        digits = [*DIGITS, *[None] * len(self._places)]
        return [
            Folder(name, digit, own.get(name), self.clips[name])
            for name, digit in zip(self._places, digits, strict=False)
            if name is not None
        ]

    def of_key(self, key: str) -> str | None:
        """The folder that has this key."""
        own = self._own_keys.get(key)
        if own is not None:
            return own if own in self.names else None
        return next((folder.name for folder in self.folders if folder.digit == key), None)

    def update(self, names: Collection[str]) -> None:
        """From now on there are these folders."""
        for place, name in enumerate(self._places):
            if name is not None and name not in names:
                self._places[place] = None
                self._before[name] = place
        # Those that were here take their own keys first.
        for name in sorted(names, key=lambda name: name not in self._before):
            self.add(name)

    def add(self, name: str) -> None:
        """A new folder takes the next free key, one that was here before its own if that is free."""
        if name in self._places:
            return
        free = [place for place, there in enumerate(self._places) if there is None]
        before = self._before.pop(name, None)
        if before in free:
            self._places[before] = name
        elif free:
            self._places[free[0]] = name
        else:
            self._places.append(name)

    def folder_renamed(self, old: str, new: str) -> None:
        """The folder keeps its key, its place and its clips."""
        # One that bore the new name is not there any more, though nobody has looked yet.
        places = [None if name == new else name for name in self._places]
        self._places = [new if name == old else name for name in places]
        self._before.pop(new, None)
        self._own_keys = {key: new if name == old else name for key, name in self._own_keys.items()}
        self.clips[new] += self.clips.pop(old, 0)
        self.filed[new] += self.filed.pop(old, 0)

    def file(self, clip: Path, folder: str) -> None:
        """An unsorted clip goes into `folder`."""
        self.clips[folder] += 1
        self.filed[folder] += 1
        self._filed_here[clip.name] = clip

    def take_back(self, clip: Path, folder: str) -> Path:
        """An unsorted clip has left `folder`, into which it was filed in this session or in an earlier one.

        Returns the path that it was filed by here, which is the same one.
        """
        self.clips[folder] -= 1
        if own := self._filed_here.pop(clip.name, None):
            self.filed[folder] -= 1
        return own or clip

    def refile(self, old: str, new: str) -> None:
        """A clip goes from one folder into another, or back."""
        self.clips[old] -= 1
        self.clips[new] += 1
