"""The lines that cross the engine's pipe: one JSON object each, with the message's class as its `type`."""

from __future__ import annotations

import json
import typing
from dataclasses import dataclass
from pathlib import Path

from tiksort_tui.pipeline.codec import from_json, to_json
from tiksort_tui.pipeline.events import Event, RunRequest


@dataclass(frozen=True, slots=True)
class Want:
    """To the engine: these clips are to be read next, in this order."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """To the engine: end the run between two clips."""


@dataclass(frozen=True, slots=True)
class Learn:
    """To the engine, while it runs: clips were filed meanwhile, and the model is to learn from them."""


@dataclass(frozen=True, slots=True)
class Alive:
    """From the engine, every few seconds: silence means that it hangs."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """From the engine: the run has ended, as it was asked to."""


@dataclass(frozen=True, slots=True)
class RunFailed:
    """From the engine: the run cannot go on, for a reason that trying again does not mend."""

    reason: str
    exit_code: int


Request = RunRequest | Want | Learn | Cancel
Answer = Event | Alive | Cancelled | RunFailed

_TYPES = {message.__name__: message for message in (*typing.get_args(Request), *typing.get_args(Answer))}


def encode(message: Request | Answer) -> bytes:
    """`message` as one line."""
    return json.dumps({"type": type(message).__name__, **to_json(message)}).encode("ascii") + b"\n"


def decode(line: bytes) -> typing.Any:
    """The message of `line`; raises ValueError, KeyError or TypeError for a line that is none."""
    document = json.loads(line)
    return from_json(_TYPES[document.pop("type")], document)
