"""How fast the person files."""

from __future__ import annotations

# Longer than this nobody looks at one clip: it was a break, of which no more counts.
BREAK_SECONDS = 60.0
# With fewer filings it says nothing.
TELLING = 3


class Pace:
    """Told of every filing, several in one go being one; times are of one clock, in seconds."""

    def __init__(self, now: float) -> None:
        self._last = now
        self._filings = 0
        self._seconds = 0.0

    @property
    def seconds(self) -> float | None:
        """What a filing takes on average, None as long as there are too few."""
        return self._seconds / self._filings if self._filings >= TELLING else None

    def filed(self, now: float) -> None:
        self._filings += 1
        self._seconds += min(now - self._last, BREAK_SECONDS)
        self._last = now
