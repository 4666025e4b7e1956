"""Every error that the program expects, and its exit codes. Messages say what, where and what to do."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What the process returns; the README documents each."""

    FINE = 0
    USAGE = 2
    LIBRARY_UNUSABLE = 3
    CLIPS_FAILED = 4
    ENGINE_FAILED = 5
    MOVE_REFUSED = 6
    SOMETHING_MISSING = 7
    INTERRUPTED = 130


class TiksortError(Exception):
    """The base of all: `str(error)` is one plain sentence for the user."""

    exit_code = ExitCode.USAGE


class ConfigError(TiksortError):
    """The configuration file or an option cannot be used."""


class LibraryError(TiksortError):
    """The library folder or its state folder cannot be used."""

    exit_code = ExitCode.LIBRARY_UNUSABLE


class LibraryInUse(LibraryError):
    """Another process holds what only one may have."""


class MediaError(TiksortError):
    """A video file gave nothing that can be used; the rest of the library is not concerned."""

    exit_code = ExitCode.CLIPS_FAILED


class PassingMediaError(MediaError):
    """The file was moved, changed or out of reach just now, which says nothing of its content."""


class EncoderError(TiksortError):
    """The model that was asked for cannot be loaded here."""

    exit_code = ExitCode.ENGINE_FAILED


class EngineError(TiksortError):
    """The engine process cannot do its work."""

    exit_code = ExitCode.ENGINE_FAILED


class MoveError(TiksortError):
    """A file was not moved; it is where it was."""

    exit_code = ExitCode.MOVE_REFUSED


class DuplicateError(MoveError):
    """The clip was not filed: `other`, in the folder that it was meant for, has the same content."""

    def __init__(self, message: str, other: Path) -> None:
        super().__init__(message)
        self.other = other


class PlayerError(TiksortError):
    """mpv is not to be had, or no longer there; sorting goes on without it."""
