"""What belongs to a clip: the files beside it that bear its stem, as downloaders write them. Reads, never writes."""

from __future__ import annotations

import os
import re
import stat
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from tiksort_tui.config import LibraryConfig

_SUBTITLES = ("srt", "vtt")
# A tag of BCP 47 as downloaders write it: en, en-US, zh-Hans, en-orig.
_LANGUAGE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]+)*", re.IGNORECASE)


def sidecars_of(clip: Path, config: LibraryConfig, names: Sequence[str] | None = None) -> list[Path]:
    """The regular files that go where `clip` goes, in order of name.

    One that belongs to another video too (`a.jpg` beside `a.mp4` and `a.mkv`) is not among them. `names` are those in
    the clip's folder, in order, where they are known.
    """
    names = sorted(os.listdir(clip.parent)) if names is None else names
    videos = tuple(f".{extension.lower()}" for extension in config.extensions)
    kinds = {kind.lower() for kind in config.sidecars}

    def is_shared(name: str) -> bool:
        """Whether another video claims `name`: its stem ends before one of the dots."""
        return any(
            other != clip.name and os.path.splitext(other)[0] == stem and other.lower().endswith(videos)
            for stem in (name[:place] for place, char in enumerate(name) if char == ".")
            if _belongs(name, stem, kinds)
            for other in _bearing(stem, names)
        )

    return [
        clip.parent / name
        for name in _bearing(clip.stem, names)
        if name != clip.name
        and _belongs(name, clip.stem, kinds)
        and not is_shared(name)
        and stat.S_ISREG(os.lstat(clip.parent / name).st_mode)
    ]


def rivals_of(clip: Path, config: LibraryConfig, names: Sequence[str]) -> list[Path]:
    """Other files, there or not, of which one might be a video that claims what belongs to `clip`, or the reverse.

    `names` are those in the clip's folder, in order.
    """
    stems = [clip.name[:place] for place, char in enumerate(clip.name) if char == "."]
    videos = [f"{stem}.{extension}" for stem in stems for extension in config.extensions]
    return [clip.parent / name for name in (*videos, *_bearing(clip.stem, names)) if name != clip.name]


def _bearing(stem: str, names: Sequence[str]) -> Iterator[str]:
    """Those of the ordered `names` that are `stem` with something behind a dot."""
    start = f"{stem}."
    following = map(names.__getitem__, range(bisect_left(names, start), len(names)))
    return takewhile(lambda name: name.startswith(start), following)


def _belongs(name: str, stem: str, kinds: set[str]) -> bool:
    if not name.startswith(f"{stem}."):
        return False
    kind = name[len(stem) + 1 :]
    language, _, subtitle = kind.rpartition(".")
    if _LANGUAGE.fullmatch(language) and subtitle.lower() in _SUBTITLES:
        kind = subtitle
    return kind.lower() in kinds
