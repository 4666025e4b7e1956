"""Which key presses are a person's: a key that moves a file must not come from a torn escape sequence or a held key."""

from __future__ import annotations

import string

from tiksort_tui.tui.keymap import key_named

# A clip that was not on the screen this long cannot have been meant.
SEEN_SECONDS = 0.1
# Keys that follow each other faster come from a terminal, not from fingers.
BURST_SECONDS = 0.02
# The same key again this soon is the keyboard's own repetition, of which the slowest common one takes 92 ms.
REPEAT_SECONDS = 0.11
# Once a key repeats, only a pause of this length tells that it was let go: a slow line stutters.
HELD_SECONDS = 0.4
# After the pieces of a torn escape sequence, its rest may still be under way.
TORN_SECONDS = 1.0
# Whoever had a key left out may go on as if it had been heard: what files is left out for so long, too.
LEFT_OUT_SECONDS = 2.0
# What Textual makes of the first bytes of a sequence whose rest does not come in time; besides, alt+ and a letter.
TORN_KEYS = {"escape", "circumflex_accent"}
# What the rest of a sequence consists of: of one that is a key or an answer, and of an answer that names a colour.
_OF_KEYS = {*string.digits, *string.ascii_uppercase, *"cmntuy", *map(key_named, ";:<=>?$~")}
_OF_COLOURS = {*string.hexdigits, *"rg", *map(key_named, ";:/\\")}
# The brackets are also typed, for what harms nothing; what follows one may be the rest of a sequence.
_AFTER_BRACKET = {"left_square_bracket": _OF_KEYS, "right_square_bracket": _OF_COLOURS}


class FilingGuard:
    """Told of every key and of every clip that is painted; all times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._key = ""
        self._key_at = float("-inf")
        self._held = False
        self._torn_at = float("-inf")
        self._pieces: set[str] = set()
        self._left_out, self._left_out_at = "", float("-inf")
        self._painted: object = None
        self._painted_at = float("inf")

    def painted(self, clip: object, now: float) -> None:
        """The screen shows `clip`, or what else a key may move."""
        if clip != self._painted:
            self._painted, self._painted_at = clip, now

    def covered(self) -> None:
        """Something else lies over the screen: its clip must be painted and seen anew."""
        self._painted = None

    def allows(self, key: str, clip: object, now: float, whole: bool = False) -> bool:
        """Whether `key` may move `clip`. To be asked for every key, also for those that move nothing.

        A `whole` key does not come through a terminal, and is no piece of a sequence.
        """
        since = now - self._key_at
        self._held = key == self._key and since < (HELD_SECONDS if self._held else REPEAT_SECONDS)
        burst = key != self._key and since < BURST_SECONDS
        if not whole:
            self._look_for_pieces(key, now)
        self._key, self._key_at = key, now
        seen = clip is not None and clip == self._painted and now - self._painted_at >= SEEN_SECONDS
        return seen and not (self._held or burst or (self.torn(key, now) and not whole))

    def torn(self, key: str, now: float) -> bool:
        """Whether `key` may be a piece of an escape sequence, and means nothing."""
        return key in self._pieces and now - self._torn_at < TORN_SECONDS

    def leaves_out(self, key: str, now: float, files: bool) -> bool:
        """Whether `key` is to be left out since it, or where it `files` one before it, may be a piece of a sequence.

        The very key that was left out counts when it is pressed again after that: it can only be meant.
        """
        torn = self.torn(key, now)
        if torn:
            self._left_out_at = now
        elif not files or key == self._left_out or now - self._left_out_at >= LEFT_OUT_SECONDS:
            return False
        self._left_out = key
        return True

    def _look_for_pieces(self, key: str, now: float) -> None:
        if key in TORN_KEYS or key.startswith("alt+"):
            self._torn_at, self._pieces = now, _OF_KEYS | _OF_COLOURS | _AFTER_BRACKET.keys()
        elif key in _AFTER_BRACKET:
            was_torn = self.torn(key, now)
            self._pieces = (self._pieces if was_torn else set()) | _AFTER_BRACKET[key]
            self._torn_at = now
