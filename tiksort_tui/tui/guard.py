"""Which key presses are a person's: a key that moves a file must not come from a torn escape sequence or a held key."""

from __future__ import annotations

from pathlib import Path

# A clip that was not on the screen this long cannot have been meant.
SEEN_SECONDS = 0.1
# Keys that follow each other faster come from a terminal, not from fingers.
BURST_SECONDS = 0.02
# The same key again this soon is the keyboard's own repetition.
REPEAT_SECONDS = 0.09
# After the pieces of a torn escape sequence, its rest may still be under way.
TORN_SECONDS = 1.0


class FilingGuard:
    """Told of every key and of every clip that is painted; all times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._key = ""
        self._key_at = float("-inf")
        self._torn_at = float("-inf")
        self._painted: Path | None = None
        self._painted_at = float("inf")

    def painted(self, clip: Path | None, now: float) -> None:
        """The screen shows `clip`."""
        if clip != self._painted:
            self._painted, self._painted_at = clip, now

    def allows(self, key: str, clip: Path | None, now: float) -> bool:
        """Whether `key` may move `clip`. To be asked for every key, also for those that move nothing."""
        since = now - self._key_at
        repeated = key == self._key and since < REPEAT_SECONDS
        burst = key != self._key and since < BURST_SECONDS
        if key == "escape" or key.startswith("alt+") or key == "circumflex_accent":
            self._torn_at = now
        self._key, self._key_at = key, now
        torn = now - self._torn_at < TORN_SECONDS
        seen = clip == self._painted and now - self._painted_at >= SEEN_SECONDS
        return seen and not (repeated or burst or torn)
