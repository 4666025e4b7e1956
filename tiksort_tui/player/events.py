"""What the player tells its owner: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key in mpv's window, by mpv's name for it: "1", "ENTER", "LEFT". A key that is held counts once."""

    key: str


@dataclass(frozen=True, slots=True)
class Playing:
    """mpv has opened the clip."""

    path: Path


@dataclass(frozen=True, slots=True)
class PlayFailed:
    """mpv cannot play the clip; its window is blank."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Playback:
    """Where mpv stands in the clip at `path`: seconds, volume in percent; None is not known (yet)."""

    path: Path | None
    position: float | None
    duration: float | None
    paused: bool
    muted: bool
    volume: float
    speed: float


@dataclass(frozen=True, slots=True)
class PlayerGone:
    """There is no mpv now, and why, in one line; the next clip, or `bring_back`, tries again.

    `had` says that there was one, which is gone.
    """

    reason: str
    had: bool = False


PlayerEvent = KeyPressed | Playing | PlayFailed | Playback | PlayerGone
