"""What is in the library: videos in its root are unsorted, each direct sub-folder is a label. Reads, never writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from tiksort_tui.config import LibraryConfig
from tiksort_tui.domain import FileStamp, LibrarySnapshot, Video
from tiksort_tui.errors import LibraryError
from tiksort_tui.library.naming import is_way_out

# With what it is sorted by.
_Found = tuple[tuple[str, str], Video]


def scan(root: Path, config: LibraryConfig, state_dir: Path | None = None) -> LibrarySnapshot:
    """List the library. Videos deeper down count for their top folder.

    Hidden names and `state_dir` are passed over. Links are not followed: what one inside leads to is found in its own
    place. Only a sub-folder that is a link to a folder elsewhere is named, and is a label where `config` says so.
    Raises LibraryError where `root` is no folder.
    """
    suffixes = tuple(f".{extension.lower()}" for extension in config.extensions)
    state = str(state_dir or "")
    unreadable: list[Path] = []
    folders: list[str] = []
    links: list[str] = []
    videos: list[_Found] = []
    try:
        for entry in list(os.scandir(root)):
            leads_out = entry.is_symlink() and not entry.name.startswith(".") and is_way_out(root, Path(entry.path))
            if leads_out and not config.file_through_links:
                links.append(entry.name)
            elif _passed_over(entry, state) and not leads_out:
                continue
            elif entry.is_dir(follow_symlinks=leads_out):
                folders.append(entry.name)
                videos += _videos_below(root / entry.name, entry.name, suffixes, state, unreadable)
            elif video := _video(root, entry, None, suffixes):
                videos.append(video)
    except OSError as error:
        raise LibraryError(f"{root}: cannot be opened as a library: {error.strerror}") from error
    return LibrarySnapshot(
        root=root,
        folders=tuple(sorted(folders, key=_by_name)),
        videos=tuple(video for _, video in sorted(videos, key=itemgetter(0))),
        unreadable=tuple(sorted(unreadable)),
        links=tuple(sorted(links, key=_by_name)),
    )


def _videos_below(
    path: Path, label: str, suffixes: tuple[str, ...], state: str, unreadable: list[Path]
) -> Iterator[_Found]:
    waiting = [path]
    while waiting:
        folder = waiting.pop()
        try:
            for entry in list(os.scandir(folder)):
                if _passed_over(entry, state):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(folder / entry.name)
                elif video := _video(folder, entry, label, suffixes):
                    yield video
        except OSError:
            unreadable.append(folder)


def _passed_over(entry: os.DirEntry[str], state: str) -> bool:
    return entry.name.startswith(".") or entry.is_symlink() or entry.path == state


def _video(folder: Path, entry: os.DirEntry[str], label: str | None, suffixes: tuple[str, ...]) -> _Found | None:
    if not entry.name.lower().endswith(suffixes) or not entry.is_file(follow_symlinks=False):
        return None
    try:
        stat = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None  # It left while the folder was being listed.
    # Such a path is made in half the time that `Path(entry.path)` takes, and the first screen waits for 20,000.
    return _by_name(entry.path), Video(folder / entry.name, label, FileStamp.of(stat))


def _by_name(name: str) -> tuple[str, str]:
    return name.casefold(), name
