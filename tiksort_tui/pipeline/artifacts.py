"""What a full run leaves in the state folder for other programs and the next run. Each file is written in one step."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tiksort_tui.domain import Prediction, Transcript
from tiksort_tui.learning import Classifier, StorageError, save_tensors
from tiksort_tui.pipeline.summary import prediction_document, write_json
from tiksort_tui.pipeline.table import Table

MODEL = "model.pt"
MODEL_CONFIG = "model_config.json"


def write_embeddings(state: Path, root: Path, labelled: Table, unlabelled: Table) -> None:
    """`labeled_embeddings.pt` and `unlabeled_embeddings.pt`: features [n, d], labels [n] (-1: none), names, paths."""
    names = sorted({str(video.folder) for video in labelled.videos})
    numbers = {name: number for number, name in enumerate(names)}
    for file, part in (("labeled_embeddings.pt", labelled), ("unlabeled_embeddings.pt", unlabelled)):
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
    """The last run's model if it is for these encoders' features."""
    try:
        if json.loads((state / MODEL_CONFIG).read_bytes())["encoder_id"] != encoder_id:
            return None
        return Classifier.load(state / MODEL)
    except (OSError, ValueError, KeyError, TypeError, StorageError):
        return None


def write_predictions(state: Path, root: Path, predictions: Sequence[Prediction]) -> None:
    """`predictions.json`: the unsorted clips with their best folders."""
    write_json(state / "predictions.json", [prediction_document(prediction, root) for prediction in predictions])


def write_transcripts(state: Path, transcripts: dict[str, Transcript]) -> None:
    """`transcripts.json`: what is said in each clip, by the clip's path in the library."""
    write_json(state / "transcripts.json", {path: dataclasses.asdict(said) for path, said in transcripts.items()})
