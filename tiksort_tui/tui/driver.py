"""Mends what Textual's driver makes of the bytes that a terminal sends."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.events import Key

ESC = "\x1b"


def mend_driver() -> None:
    """To be called before the screen begins.

    A byte that is no UTF-8 ends the thread that reads the keys; an Esc with Enter soon after it is told as Enter, and
    with a digit as one of the characters that macOS has on that key.
    """
    linux_driver.getincrementaldecoder = _lenient_decoder  # type: ignore[attr-defined,assignment]
    linux_driver.XTermParser = _Parser  # type: ignore[attr-defined]


class _Parser(XTermParser):
    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        if len(sequence) == 2 and sequence[0] == ESC and sequence[1].isdigit():
            sequence, alt = sequence[1], True
        for key in super()._sequence_to_key_events(sequence, alt):
            yield key if not alt or key.key.startswith("alt+") else Key(f"alt+{key.key}", None)


def _lenient_decoder(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
    return lambda: codecs.getincrementaldecoder(encoding)(errors="replace")
