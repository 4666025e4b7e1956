"""What belongs to a clip: the files beside it that bear its stem, as downloaders write them. Reads, never writes."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from tiksort_tui.config import LibraryConfig

_SUBTITLES = ("srt", "vtt")
# A tag of BCP 47 as downloaders write it: en, en-US, zh-Hans, en-orig.
_LANGUAGE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]+)*", re.IGNORECASE)


def sidecars_of(clip: Path, config: LibraryConfig) -> list[Path]:
    """The regular files that go where `clip` goes, in order of name.

    One that belongs to another video too (`a.jpg` beside `a.mp4` and `a.mkv`) is not among them.
    """
    names = os.listdir(clip.parent)
    videos = tuple(f".{extension.lower()}" for extension in config.extensions)
    kinds = {kind.lower() for kind in config.sidecars}
    owners = {Path(name).stem for name in names if name != clip.name and name.lower().endswith(videos)}
    return [
        clip.parent / name
        for name in sorted(names)
        if name != clip.name
        and _belongs(name, clip.stem, kinds)
        and not any(_belongs(name, stem, kinds) for stem in owners)
        and stat.S_ISREG(os.lstat(clip.parent / name).st_mode)
    ]


def _belongs(name: str, stem: str, kinds: set[str]) -> bool:
    if not name.startswith(f"{stem}."):
        return False
    kind = name[len(stem) + 1 :]
    language, _, subtitle = kind.rpartition(".")
    if _LANGUAGE.fullmatch(language) and subtitle.lower() in _SUBTITLES:
        kind = subtitle
    return kind.lower() in kinds
