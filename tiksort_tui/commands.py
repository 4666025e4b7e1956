"""The small verbs for people and scripts: status, file, undo, redo, history.

They return text or plain values; `cli` prints.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tiksort_tui.config import Config
from tiksort_tui.domain import Filing, visible
from tiksort_tui.engine.record import read_record
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.lock import WriterLock
from tiksort_tui.library.moves import Mover, Recorded, Retraced
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import JOURNAL, open_library, state_dir
from tiksort_tui.pipeline.codec import to_json
from tiksort_tui.pipeline.summary import load_summary, model_document, prediction_document


@dataclass(frozen=True, slots=True)
class _Library:
    root: Path
    state: Path
    mover: Mover
    settled: tuple[str, ...]


@contextmanager
def _opened(library: Path, config: Config, to_write: bool = False) -> Iterator[_Library]:
    """The library, its interrupted moves put right; `to_write`, and nobody else changes it meanwhile."""
    root = open_library(library)
    state = state_dir(root, config.library.state_dir)
    with WriterLock(state) if to_write else nullcontext(), closing(Journal(state / JOURNAL)) as journal:
        mover = Mover(root, journal, config.library)
        yield _Library(root, state, mover, tuple(settled.message for settled in mover.reconcile()))


def status(library: Path, config: Config) -> dict[str, Any]:
    """What the library holds, what the last run said of it, and which interrupted moves were put right just now."""
    with _opened(library, config) as opened:
        snapshot = scan(opened.root, config.library, opened.state)
        counts = Counter(video.folder for video in snapshot.labelled)
        summary = load_summary(opened.state, opened.root)
        record = read_record(opened.state)
        predictions = {prediction.path: prediction for prediction in summary.predictions} if summary else {}
        unsorted: list[dict[str, Any]] = []
        for video in snapshot.unsorted:
            known = predictions.get(video.path)
            name = {"video": str(video.path.relative_to(opened.root))}
            unsorted.append(prediction_document(known, opened.root) if known else name)
        return {
            "library": str(opened.root),
            "folders": {folder: counts[folder] for folder in snapshot.folders},
            "unsorted": unsorted,
            "total": len(snapshot.videos),
            "model": model_document(summary.model) if summary and summary.model else None,
            "last_run": to_json(record) if record else None,
            "settled": list(opened.settled),
        }


def status_text(status: dict[str, Any]) -> str:
    """`status` for a person."""
    model, run = status["model"], status["last_run"]
    lines = [f"{visible(status['library'])}: {status['total']} clips, {len(status['unsorted'])} unsorted"]
    lines += [f"  {visible(folder)}: {count}" for folder, count in status["folders"].items()]
    if run is None:
        lines.append("No run yet: tiksort-tui --batch makes one")
    elif run["running"]:
        lines.append(f"A run is going on since {run['started']} (process {run['pid']})")
    else:
        lines.append(f"Last run: {run['started']}, {run['result']}")
    if model:
        accuracy = "not measured" if model["cv_accuracy"] is None else f"{model['cv_accuracy']:.0%} right"
        lines.append(f"Model: {model['kind']}, {accuracy}, from {model['labelled']} clips")
    for item in status["unsorted"]:
        said = f" → {visible(item['predicted_folder'])} ({item['confidence']:.0%})" if "confidence" in item else ""
        lines.append(f"  {visible(item['video'])}{said}")
    return "\n".join(lines + [visible(message) for message in status["settled"]])


def file_clip(clip: Path, folder: str, library: Path, config: Config) -> str:
    """File one clip and say so; a relative `clip` is looked for from here, then in the library. Raises MoveError."""
    with _opened(library, config, to_write=True) as opened:
        here = Path(os.path.expanduser(clip)).absolute()
        found = here if here.exists() or clip.is_absolute() else opened.root / clip
        # Links above the library are resolved, as they are in its root; a link as the clip itself is refused later.
        # A script is told of a name that is taken, rather than given another one.
        filing = opened.mover.file(found.parent.resolve() / found.name, folder, free_name=False)
        return f"Filed {visible(filing.source.name)} in {visible(folder)}"


def undo(count: int | None, library: Path, config: Config) -> Retraced:
    """Take back the last `count` filings, or without a number the last action, which may be many."""
    with _opened(library, config, to_write=True) as opened:
        return opened.mover.undo() if count is None else opened.mover.undo_filings(count)


def redo(count: int, library: Path, config: Config) -> Retraced:
    """Do again what the last `count` undos took back."""
    with _opened(library, config, to_write=True) as opened:
        return opened.mover.redo(count)


def undone_text(undone: Retraced) -> str:
    """What an undo did, for a person."""
    lines = [f"Took {visible(one.source.name)} back from {visible(one.target.parent.name)}" for one in undone.filings]
    lines += [f"{visible(one.new)} is called {visible(one.old)} again" for one in undone.folders]
    return "\n".join(lines) if lines or undone.refusals else "Nothing to undo"


def redone_text(redone: Retraced) -> str:
    """What a redo did, for a person."""
    lines = [f"Filed {visible(one.source.name)} in {visible(one.target.parent.name)} again" for one in redone.filings]
    lines += [f"{visible(one.old)} is called {visible(one.new)} again" for one in redone.folders]
    return "\n".join(lines) if lines or redone.refusals else "Nothing to redo"


def history(limit: int, library: Path, config: Config) -> tuple[Recorded, ...]:
    """The last `limit` filings and renamings, newest first."""
    with _opened(library, config) as opened:
        return opened.mover.history(limit)


_STATE_WORDS = {"undone": " (undone)", "withdrawn": " (undone)", "lost": " (changed since, or gone)", "done": ""}


def history_text(history: tuple[Recorded, ...]) -> str:
    """`history` for a person, a line each; what has one number is undone together."""
    lines = []
    for one in history:
        began = datetime.fromtimestamp(one.time_ns / 1e9).strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(one.what, Filing):
            what = f"{visible(one.what.source.name)} → {visible(one.what.target.parent.name)}"
        else:
            what = f"folder {visible(one.what.old)} → {visible(one.what.new)}"
        lines.append(f"{one.action:>5}  {began}  {what}{_STATE_WORDS.get(one.state, ' (under way)')}")
    return "\n".join(lines) or "Nothing was filed yet"
