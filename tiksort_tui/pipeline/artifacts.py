"""What a full run leaves in the state folder for other programs and the next run. Each file is written in one step."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from tiksort_tui.domain import Prediction, Transcript
from tiksort_tui.learning import Classifier, StorageError, save_tensors
from tiksort_tui.pipeline.summary import SUMMARY, prediction_document, write_json
from tiksort_tui.pipeline.table import Table

MODEL = "model.pt"
MODEL_CONFIG = "model_config.json"
LABELLED = "labeled_embeddings.pt"
UNLABELLED = "unlabeled_embeddings.pt"
PREDICTIONS = "predictions.json"
TRANSCRIPTS = "transcripts.json"
AUDIT = "audit.json"
_ALL = (MODEL, MODEL_CONFIG, LABELLED, UNLABELLED, PREDICTIONS, TRANSCRIPTS, AUDIT, SUMMARY)


def clear_leftovers(state: Path) -> None:
    """Remove the temporary files of a run that was killed while it wrote; to be called while no other run goes on."""
    for name in _ALL:
        for leftover in state.glob(f".{name}.*"):
            with suppress(OSError):
                leftover.unlink()


def write_embeddings(state: Path, root: Path, labelled: Table, unlabelled: Table) -> None:
    """LABELLED and UNLABELLED: features [n, d], labels [n] (-1: none), names, paths."""
    names = sorted({str(video.folder) for video in labelled.videos})
    numbers = {name: number for number, name in enumerate(names)}
    for file, part in ((LABELLED, labelled), (UNLABELLED, unlabelled)):
        content = {
            "features": part.features,
            "labels": np.array([numbers.get(str(video.folder), -1) for video in part.videos], dtype=np.int64),
            "label_names": names,
            "video_paths": [str(video.path.relative_to(root)) for video in part.videos],
        }
        save_tensors(state / file, content)


def write_model(state: Path, model: Classifier | None, encoder_id: str, feature_dim: int) -> None:
    """`model.pt` and `model_config.json`; without a model neither is left from an earlier run."""
    if model is None:
        for name in (MODEL, MODEL_CONFIG):
            (state / name).unlink(missing_ok=True)
        return
    report = model.report
    document = {
        "kind": report.kind,
        "hyper_parameters": dict(report.parameters),
        "label_names": list(model.folders),
        "feature_dim": feature_dim,
        "encoder_id": encoder_id,
        "cv_accuracies": dict(report.cv_accuracy),
        "per_folder_recall": {score.folder: score.recall for score in report.folders},
        "report": report.to_json(),
    }
    model.save(state / MODEL)
    write_json(state / MODEL_CONFIG, document)


def load_model(state: Path, encoder_id: str) -> Classifier | None:
    """The last run's model if it is for these encoders' features.

    Raises StorageError where it is damaged, or not this program's; no code in it is ever run.
    """
    config, path = state / MODEL_CONFIG, state / MODEL
    if not (config.exists() and path.exists()):
        return None
    try:
        if json.loads(config.read_bytes())["encoder_id"] != encoder_id:
            return None
        with np.errstate(all="ignore"):
            model = Classifier.load(path)
            # Whether its arrays fit together shows in use.
            probabilities = model.predict_proba(np.ones((1, len(model.columns)), dtype=np.float32))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise StorageError(f"{path}: is damaged, or was not written by this program") from error
    if not (np.isfinite(probabilities).all() and all(isinstance(folder, str) for folder in model.folders)):
        raise StorageError(f"{path}: is damaged, or was not written by this program")
    return model


def read_audit(state: Path) -> dict[str, str]:
    """The folders into which the model would have filed the clips that were left for a person, by content."""
    try:
        document = json.loads((state / AUDIT).read_bytes())
        return {str(video_id): str(folder) for video_id, folder in document.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def write_audit(state: Path, audited: dict[str, str]) -> None:
    write_json(state / AUDIT, audited)


def write_predictions(state: Path, root: Path, predictions: Sequence[Prediction]) -> None:
    """`predictions.json`: the unsorted clips with their best folders."""
    write_json(state / PREDICTIONS, [prediction_document(prediction, root) for prediction in predictions])


def write_transcripts(state: Path, transcripts: dict[str, Transcript]) -> None:
    """`transcripts.json`: what is said in each clip, by the clip's path in the library."""
    write_json(state / TRANSCRIPTS, {path: dataclasses.asdict(said) for path, said in transcripts.items()})
