"""The nouns of the program: frozen values that every layer may hold. Nothing here touches a file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class FileStamp(NamedTuple):
    """What the file system says of a file; while it stays the same, so does the content."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileStamp:
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Video:
    """A video file of the library: `folder` is its label, None while it is unsorted."""

    path: Path
    folder: str | None
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with its digit, None where these have run out, the user's own key, and how many clips are in it."""

    name: str
    digit: str | None
    own_key: str | None
    count: int

    @property
    def key(self) -> str | None:
        return self.digit or self.own_key


@dataclass(frozen=True, slots=True)
class LibrarySnapshot:
    """What a scan found, in order of name.

    `unreadable` are folders that could not be listed, `links` sub-folders that lead out of the library and are no
    labels.
    """

    root: Path
    folders: tuple[str, ...]
    videos: tuple[Video, ...]
    unreadable: tuple[Path, ...] = ()
    links: tuple[str, ...] = ()

    @property
    def unsorted(self) -> tuple[Video, ...]:
        return tuple(video for video in self.videos if video.folder is None)

    @property
    def labelled(self) -> tuple[Video, ...]:
        return tuple(video for video in self.videos if video.folder is not None)


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a video file says of itself: seconds, and pixels as displayed. `duration` is 0 where nothing tells it."""

    duration: float
    width: int
    height: int
    video_codec: str
    audio_codec: str | None

    @property
    def note(self) -> str | None:
        """What the user should know of this file, if anything."""
        if self.video_codec == "hevc" and self.audio_codec is None:
            return "HEVC without sound: likely faulty, get it again"
        return None


# Of this and the next there are tens of thousands, which the first screen waits for: named tuples are made in a third
# of the time.
class Suggestion(NamedTuple):
    """One folder that the model proposes, with its calibrated probability in 0…1."""

    folder: str
    confidence: float


class Prediction(NamedTuple):
    """What the model says of one unsorted clip: its best folders, surest first, never empty.

    `nearest` are the sorted clips that are most alike. `sure` says that the model may file it by itself, `audited` that
    a person should, to check it, `outlier` that it fits into no folder. `least_sure` and `most_different` are its
    places in these orders of all unsorted clips, from 0 on; clips that are alike bear the number of one `group`, 0
    means none.
    """

    path: Path
    suggestions: tuple[Suggestion, ...]
    nearest: tuple[Path, ...] = ()
    sure: bool = False
    audited: bool = False
    outlier: bool = False
    least_sure: int = 0
    most_different: int = 0
    group: int = 0

    @property
    def folder(self) -> str:
        return self.suggestions[0].folder

    @property
    def confidence(self) -> float:
        return self.suggestions[0].confidence


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a clip; `confidence` is the mean probability of its tokens, 0…1."""

    text: str
    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Failure:
    """A clip that could not be read, and why in one sentence."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Filing:
    """A clip's move that the journal knows, by its entry's number; what belongs to the clip went with it."""

    entry: int
    source: Path
    target: Path


@dataclass(frozen=True, slots=True)
class FolderRename:
    """A renaming of a folder of the library that the journal knows, by its entry's number."""

    entry: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class LastAction:
    """What an undo takes back next: the newest of its filings, or a renaming, and how many there are."""

    what: Filing | FolderRename
    count: int = 1


# What only varies the emoji before it: terminals agree on the width of the bare one alone.
_VARIATIONS = re.compile(
    "(?<=[\u00a9\u00ae\u203c-\ufdff\ufe10-\U0010ffff])[\u200d\ufe0f\U0001f3fb-\U0001f3ff]+|(?<=[#*0-9])\ufe0f(?=\u20e3)"
)
# Letters and marks that show nothing, and skin tones by themselves: terminals give them no cell, one or two.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)
IDEOGRAPHIC_SPACE = "\u3000"


def visible(name: object) -> str:
    """`name` with control characters, undecodable bytes and what shows nothing made visible.

    So no file name drives the terminal, and each takes the cells that it is thought to take. Of an emoji that is
    put together of several the joints are left out.
    """
    shown = _VARIATIONS.sub("", str(name))
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(
        char
        if (char.isprintable() or char == IDEOGRAPHIC_SPACE) and not _UNSEEN.match(char)
        else char.encode("unicode_escape").decode()
        for char in shown
    )
