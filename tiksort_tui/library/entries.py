"""What the journal records: moves, their states, and the rows that they are kept in.

An entry is one file's move, or a folder's renaming. The entries of one filing (a clip and what belongs to it) share
its number and change their state together; the filings of one action are taken back together. The state says what
may have happened:

    pending    the move to the target may be under way        done       the file is at the target
    undoing    the move back may be under way, after done     undone     the file is back at the source
    redoing    the move there may be under way, after undone  withdrawn  the same, and a later filing ended redoing it
    reverting  the move back may be under way, after pending  lost       the file is not where the journal left it

What ends pending or reverting at the source is forgotten: it never left. What is lost does not stand in the way of what
was filed before it; when its files are found at the target as they were left, it is done again, and can be taken back.

Paths are kept relative to the library root, as the bytes that the file system knows them by: undecodable names
survive, and so does a library that is moved elsewhere. They are given as they are now: a folder that was renamed
after an entry was written has its new name in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from tiksort_tui.domain import FileStamp

State = Literal["pending", "reverting", "done", "undoing", "undone", "redoing", "withdrawn", "lost"]
Kind = Literal["file", "folder"]

# The same files on their way back to where they came from.
TURNED: dict[State, State] = {
    "pending": "reverting",
    "reverting": "pending",
    "undoing": "redoing",
    "redoing": "undoing",
}
# What a move that is under way becomes when its file has arrived; None: it is forgotten.
ARRIVED: dict[State, State | None] = {"pending": "done", "reverting": None, "undoing": "undone", "redoing": "done"}

COLUMNS = "id, filing, action, kind, time_ns, source, target, state, stamp, copy, placeholder"


@dataclass(frozen=True, slots=True)
class Entry:
    """One move that the journal knows.

    `source` and `target` are relative to the library root. `filing` is the id of the first entry, the clip's, of the
    filing that this one belongs to; `action` that of the first entry of the action. `stamp` is the file's where it
    last was at rest: before the move that is under way, else where it is now. `copy` and `placeholder` are the stamps
    of what the program itself made on the way: the finished copy of the file, and the empty file that holds the
    destination's name.
    """

    id: int
    filing: int
    action: int
    kind: Kind
    time_ns: int
    source: Path
    target: Path
    state: State
    stamp: FileStamp
    copy: FileStamp | None = None
    placeholder: FileStamp | None = None


def is_forward(state: State) -> bool:
    """Whether a move in `state`, which is under way, goes from source to target."""
    return state in ("pending", "redoing")


# Source and target of a file that is to be moved, relative to the library root, and its stamp.
Move = tuple[Path, Path, FileStamp]
# An entry with its state and stamp to be; no state: it is forgotten.
Change = tuple[Entry, State | None, FileStamp]


def entry_of(row: tuple[Any, ...], renames: list[tuple[int, bytes, bytes]]) -> Entry:
    """The entry in a row of COLUMNS; `renames` are the folders' that hold: entry, old and new name, oldest first."""
    number, filing, action, kind, time_ns, source, target, state, stamp, copy, placeholder = row
    if kind == "file":
        for later, old, new in renames:
            if later > number:
                source, target = _renamed(source, old, new), _renamed(target, old, new)
    return Entry(
        number,
        filing,
        action,
        kind,
        time_ns,
        Path(os.fsdecode(source)),
        Path(os.fsdecode(target)),
        state,
        FileStamp(*json.loads(stamp)),
        FileStamp(*json.loads(copy)) if copy else None,
        FileStamp(*json.loads(placeholder)) if placeholder else None,
    )


def _renamed(path: bytes, old: bytes, new: bytes) -> bytes:
    return new + path[len(old) :] if path.startswith(old + b"/") else path


def by_filing(entries: Sequence[Entry]) -> list[list[Entry]]:
    """`entries`, of which those of one filing follow each other, by filing."""
    return [list(filing) for _, filing in groupby(entries, lambda entry: entry.filing)]
