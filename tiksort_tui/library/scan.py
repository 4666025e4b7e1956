"""What is in the library: videos in its root are unsorted, each direct sub-folder is a label. Reads, never writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tiksort_tui.config import LibraryConfig
from tiksort_tui.domain import FileStamp, LibrarySnapshot, Video
from tiksort_tui.errors import LibraryError
from tiksort_tui.library.naming import is_way_out


def scan(root: Path, config: LibraryConfig, state_dir: Path | None = None) -> LibrarySnapshot:
    """List the library. Videos deeper down count for their top folder.

    Hidden names and `state_dir` are passed over. Links are not followed: what one inside leads to is found in its own
    place. Only a sub-folder that is a link to a folder elsewhere is named, and is a label where `config` says so.
    Raises LibraryError where `root` is no folder.
    """
    suffixes = tuple(f".{extension.lower()}" for extension in config.extensions)
    unreadable: list[Path] = []
    folders: list[str] = []
    links: list[str] = []
    videos: list[Video] = []
    try:
        for entry in list(os.scandir(root)):
            leads_out = entry.is_symlink() and not entry.name.startswith(".") and is_way_out(root, Path(entry.path))
            if leads_out and not config.file_through_links:
                links.append(entry.name)
            elif _passed_over(entry, state_dir) and not leads_out:
                continue
            elif entry.is_dir(follow_symlinks=leads_out):
                folders.append(entry.name)
                videos += _videos_below(entry.path, entry.name, suffixes, state_dir, unreadable)
            elif video := _video(entry, None, suffixes):
                videos.append(video)
    except OSError as error:
        raise LibraryError(f"{root}: cannot be opened as a library: {error.strerror}") from error
    return LibrarySnapshot(
        root=root,
        folders=tuple(sorted(folders, key=_by_name)),
        videos=tuple(sorted(videos, key=lambda video: _by_name(str(video.path)))),
        unreadable=tuple(sorted(unreadable)),
        links=tuple(sorted(links, key=_by_name)),
    )


def _videos_below(
    path: str, label: str, suffixes: tuple[str, ...], state_dir: Path | None, unreadable: list[Path]
) -> Iterator[Video]:
    waiting = [path]
    while waiting:
        folder = waiting.pop()
        try:
            for entry in list(os.scandir(folder)):
                if _passed_over(entry, state_dir):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif video := _video(entry, label, suffixes):
                    yield video
        except OSError:
            unreadable.append(Path(folder))


def _passed_over(entry: os.DirEntry[str], state_dir: Path | None) -> bool:
    return entry.name.startswith(".") or entry.is_symlink() or (state_dir is not None and entry.path == str(state_dir))


def _video(entry: os.DirEntry[str], folder: str | None, suffixes: tuple[str, ...]) -> Video | None:
    if not entry.name.lower().endswith(suffixes) or not entry.is_file(follow_symlinks=False):
        return None
    try:
        stat = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None  # It left while the folder was being listed.
    return Video(Path(entry.path), folder, FileStamp.of(stat))


def _by_name(name: str) -> tuple[str, str]:
    return name.casefold(), name
