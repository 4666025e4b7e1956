"""The summary of the last run in the state folder, and whether it still holds. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from tiksort_tui import __version__
from tiksort_tui.config import Config
from tiksort_tui.domain import Failure, LibrarySnapshot, Prediction
from tiksort_tui.encoders import EncoderPlan
from tiksort_tui.pipeline.codec import below, from_json, to_json
from tiksort_tui.pipeline.columns import from_columns, to_columns
from tiksort_tui.pipeline.events import Trained

CACHE = "cache.sqlite3"
SUMMARY = "last_run.json"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a finished run found. `model` is None where there is none, and `reason` says why; `timing` is in seconds."""

    fingerprint: str
    finished: datetime
    encoder_kind: str
    encoder_name: str
    encoder_id: str
    notice: str | None
    model: Trained | None
    reason: str | None
    predictions: tuple[Prediction, ...]
    failed: tuple[Failure, ...]
    notes: tuple[Failure, ...]
    extracted: int
    cached: int
    timing: dict[str, float]


def fingerprint(snapshot: LibrarySnapshot, config: Config, plan: EncoderPlan) -> str:
    """Changes whenever a run over this library with this configuration could give another result."""
    weights = [_stamps(path) for path in (plan.clip, plan.whisper) if path]
    parts = (config.library, config.encoder, config.extraction, config.prediction)
    settings = [dataclasses.asdict(part) for part in parts]
    files = [[below(str(video.path), snapshot.root), video.folder, video.stamp] for video in snapshot.videos]
    everything = [__version__, plan.kind, weights, settings, snapshot.folders, files]
    return hashlib.blake2b(json.dumps(everything).encode(), digest_size=16).hexdigest()


def _stamps(weights: Path) -> list[tuple[str, int, int]]:
    """The files of a model, with their sizes and times: they may be overwritten in place."""
    found = []
    for file in sorted(weights.iterdir()) if weights.is_dir() else [weights]:
        # A link among them may lead nowhere.
        with suppress(OSError):
            status = file.stat()
            found.append((str(file), status.st_size, status.st_mtime_ns))
    return found


def save_summary(state: Path, root: Path, summary: RunSummary) -> None:
    """Keep the `summary` of a run over the library `root`."""
    document = to_json(dataclasses.replace(summary, predictions=()), root)
    write_json(state / SUMMARY, document | {"predictions": to_columns(summary.predictions, root)}, indent=None)


def load_summary(state: Path, root: Path, clips: Iterable[Path] = ()) -> RunSummary | None:
    """The summary of the last run over the library `root`; None where there is none that can be read.

    With the paths of the `clips` that lie directly in `root` it is read in half the time.
    """
    try:
        document = json.loads((state / SUMMARY).read_bytes())
        predictions = from_columns(document["predictions"], root, clips)
        summary = cast(RunSummary, from_json(RunSummary, document | {"predictions": []}, root))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return dataclasses.replace(summary, predictions=predictions)


def model_document(model: Trained) -> dict[str, Any]:
    """What scripts are told of a model."""
    report = model.report
    return {
        "kind": report.kind,
        "cv_accuracy": report.accuracy,
        "folders": [score.folder for score in report.folders],
        "labelled": report.labelled,
        "promise": to_json(report.promise),
    }


def prediction_document(prediction: Prediction, root: Path) -> dict[str, Any]:
    """One entry of `predictions.json`; the clip's path is relative to the library."""
    return {
        "video": str(prediction.path.relative_to(root)),
        "predicted_folder": prediction.folder,
        "confidence": prediction.confidence,
        "top_predictions": to_json(prediction.suggestions),
        "sure": prediction.sure,
    }


def write_json(path: Path, document: Any, indent: int | None = 1) -> None:
    """Write `document` to `path` in one step: a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="ascii") as file:
            file.write(json.dumps(document, indent=indent))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
