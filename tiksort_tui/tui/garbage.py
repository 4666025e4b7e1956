"""When the screen's process looks for garbage: that stops it for tens of ms, in which no key should come."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# In collections of the generation before: from where on a full one is due, and from where on it comes by itself.
DUE, LATEST = 30, 100


@contextmanager
def kept() -> Iterator[None]:
    """What is made in this block, and was before, stays: looking through it would cost as much as making it did.

    From then on full collections come late, for `collect_if_due` to be earlier.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], LATEST)
    finally:
        gc.enable()


def collect_if_due() -> None:
    """To be called when a key is least likely."""
    if gc.get_threshold()[2] == LATEST and gc.get_count()[2] > DUE:
        gc.collect()
