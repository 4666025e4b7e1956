"""Checks of where the program keeps its own files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from tiksort_tui.config import Config, LibraryConfig
from tiksort_tui.doctor.finding import Finding, State
from tiksort_tui.errors import LibraryError
from tiksort_tui.library.state import LOG, STATE_FOLDER, on_network, open_library, state_dir

_ANOTHER_FOLDER = "name a folder that can be written as library.state_dir in the configuration"


def check_library(library: Path, config: Config) -> Iterator[Finding]:
    """The state folder of `library`, made if need be as every run makes it, and where its log is."""
    try:
        root = open_library(library)
    except LibraryError as error:
        yield Finding("library", "missing", str(error), "name the folder that holds the clips")
        return
    if not os.access(root, os.W_OK):
        advice = "see who owns it, and that its disk can be written to"
        yield Finding("library", "notice", f"{root} is read-only: no clip can be filed", advice)
    try:
        folder = state_dir(root, config.library.state_dir)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (LibraryError, OSError) as error:
        yield Finding("state", "missing", str(error), _ANOTHER_FOLDER)
        return
    yield _state_finding(folder, config.extraction.strip_cache_mb)
    log = folder / LOG
    yield Finding("log", "ok", f"{log}" if log.exists() else f"{log}, once there is something to say")


def _state_finding(folder: Path, pictures_mb: int) -> Finding:
    free = shutil.disk_usage(folder).free // 1_000_000
    text = f"{folder}, {free} MB free"
    if on_network(folder.resolve()):
        return Finding("state", "notice", f"{text}, on a network file system: SQLite may fail", _ANOTHER_FOLDER)
    if free < pictures_mb:
        advice = "make room, or lower extraction.strip_cache_mb in the configuration"
        return Finding("state", "notice", f"{text}; the pictures may take {pictures_mb} MB", advice)
    return Finding("state", "ok", text)


def check_state(config: LibraryConfig) -> Iterator[Finding]:
    """With no library to look at: the folder that is configured, or the one for libraries that cannot be written."""
    if config.state_dir:
        folder = Path(config.state_dir).expanduser().absolute()
        text = f"{folder}"
    else:
        folder = platformdirs.user_state_path("tiksort-tui")
        text = f"{STATE_FOLDER} in each library, or {folder} where that cannot be written"
    nearest = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        yield Finding("state", "ok", text)
    else:
        state: State = "missing" if config.state_dir else "notice"
        yield Finding("state", state, f"{text}: {nearest} cannot be written", _ANOTHER_FOLDER)
