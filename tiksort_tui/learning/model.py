"""The model as its callers know it: `fit` chooses and calibrates a candidate; a Classifier predicts, saves and loads.

Never keeps a scikit-learn or torch object: a Classifier is arrays, and its file is tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from tiksort_tui.errors import TiksortError
from tiksort_tui.learning.calibration import softmax
from tiksort_tui.learning.classifiers import CANDIDATES, Fitter, Head, head_from_arrays
from tiksort_tui.learning.evaluation import (
    ALWAYS_TRAINING,
    FolderScore,
    Report,
    Trial,
    assign_folds,
    out_of_fold_logits,
)
from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.storage import StorageError, load_tensors, save_tensors

IntArray = NDArray[np.int64]

_FOLDS = 5
_CHUNK = 4096  # rows predicted at once, which bounds the memory that the similarities of k-NN take
_FORMAT = "tiksort-classifier-1"


class NotEnoughLabels(TiksortError):
    """There are not two folders to tell apart yet."""


class FeaturesError(TiksortError):
    """The features cannot be those of the model."""


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """A fitted model; `fit` and `load` make one.

    `folders` is the order of the probabilities' columns, `blocks` the modalities' columns in X, `columns` [d] says
    which columns of X the head takes.
    """

    folders: tuple[str, ...]
    blocks: Mapping[str, slice]
    report: Report
    head: Head
    columns: NDArray[np.bool_]

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """Calibrated probabilities [n, len(folders)] of the rows `X` [n, d].

        Raises FeaturesError when X is not as wide as what was learned from, or not finite.
        """
        _check_features(X)
        if X.shape[1] != len(self.columns):
            raise FeaturesError(
                f"the model was trained on {len(self.columns)} features and is given {X.shape[1]}: train it again"
            )
        probabilities = np.empty((len(X), len(self.folders)), dtype=np.float32)
        for start in range(0, len(X), _CHUNK):
            rows = slice(start, start + _CHUNK)
            used = np.compress(self.columns, X[rows], axis=1)
            logits = self.head.logits(used.astype(np.float32, copy=False))
            probabilities[rows] = softmax(logits, self.report.temperature)
        return probabilities

    def save(self, path: Path) -> None:
        """Write the model to `path` in one step; raises StorageError."""
        content = {
            "format": _FORMAT,
            "folders": self.folders,
            "blocks": {name: (columns.start, columns.stop) for name, columns in self.blocks.items()},
            "report": self.report.to_json(),
            "head": self.head.arrays(),
            "columns": self.columns,
        }
        save_tensors(path, content)

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """The model that `save` wrote; raises StorageError when the file is missing, damaged or something else."""
        content = load_tensors(path)
        if content.get("format") != _FORMAT:
            raise StorageError(f"{path}: is not a model of this version of the program; train again to replace it")
        report = Report.from_json(content["report"])
        return cls(
            folders=tuple(content["folders"]),
            blocks={name: slice(*bounds) for name, bounds in content["blocks"].items()},
            report=report,
            head=head_from_arrays(report.kind, content["head"]),
            columns=content["columns"],
        )


def fit(
    X: FloatArray,
    labels: Sequence[str],
    *,
    blocks: Mapping[str, slice] | None = None,
    groups: Sequence[int] | Sequence[str] | None = None,
    seed: int = 0,
) -> Classifier:
    """The best of the candidates on `X` [n, d], whose rows are in the folders `labels` [n].

    The best has the lowest log-loss in a stratified 5-fold cross-validation, each candidate at its own temperature: a
    few held-out clips tell more by their probabilities than by the count of right ones. It is fitted again on all
    rows; its temperature stays. `blocks` names the columns of the modalities. Rows with the same of `groups` [n]
    (near-duplicates) are held out together. The same arguments give the same model.

    Raises NotEnoughLabels when there are not two folders with clips, FeaturesError when X is not finite.
    """
    _check_features(X)
    if not len(X) == len(labels) == len(labels if groups is None else groups):
        raise ValueError("X, labels and groups must have the same length")
    folders = tuple(sorted(set(labels)))
    if not folders:
        raise NotEnoughLabels("no folder has clips yet: put a few clips into each of two folders")
    if len(folders) == 1:
        raise NotEnoughLabels(f"there is only one folder with clips, {folders[0]}: add clips to a second folder")

    number = {folder: index for index, folder in enumerate(folders)}
    y = np.array([number[label] for label in labels], dtype=np.int64)
    group_ids = np.arange(len(X)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    # A modality that no labelled clip has, such as speech where none is spoken, would meet untrained weights.
    columns = (X != 0).any(axis=0)
    if not columns.any():
        raise FeaturesError("every feature is zero: there is nothing to learn from")
    used = X[:, columns].astype(np.float32, copy=False)

    folds = assign_folds(y, group_ids, _FOLDS, seed)
    judged = np.flatnonzero(folds != ALWAYS_TRAINING)
    trials: dict[str, Trial] = {}
    # Matrices this small gain nothing from threads, and lose a hundredfold when other work holds the cores.
    with threadpool_limits(limits=1):
        if len(judged):
            for kind, fitter in CANDIDATES.items():
                logits_of = partial(_held_out_logits, fitter, used, y, group_ids, seed)
                trials[kind] = Trial.of(out_of_fold_logits(logits_of, folds)[judged], y[judged])
        chosen = min(trials, key=lambda kind: trials[kind].log_loss, default="logistic")
        head, parameters = CANDIDATES[chosen](used, y, group_ids, seed)
    trial = trials.get(chosen)
    report = Report(
        kind=chosen,
        parameters=parameters,
        labelled=len(y),
        folders=_folder_scores(folders, y, judged, trial),
        cv_accuracy={kind: trial.accuracy for kind, trial in trials.items()},
        log_loss=trial.log_loss if trial else None,
        calibration_error=trial.calibration_error if trial else None,
        # Unscaled, the logistic regression at its default C is much too modest: never too sure.
        temperature=trial.temperature if trial else 1.0,
        notes=_notes(folders, y, judged),
    )
    return Classifier(folders, dict(blocks or {}), report, head, columns)


def _held_out_logits(
    fitter: Fitter, X: FloatArray, y: IntArray, groups: IntArray, seed: int, training: IntArray, held_out: IntArray
) -> FloatArray:
    head, _ = fitter(X[training], y[training], groups[training], seed)
    return head.logits(X[held_out])


def _folder_scores(
    folders: Sequence[str], y: IntArray, judged: IntArray, trial: Trial | None
) -> tuple[FolderScore, ...]:
    scores = []
    for index, folder in enumerate(folders):
        members = y[judged] == index
        recall = float((trial.predicted[members] == index).mean()) if trial and members.any() else None
        scores.append(FolderScore(folder, int((y == index).sum()), recall))
    return tuple(scores)


def _notes(folders: Sequence[str], y: IntArray, judged: IntArray) -> tuple[str, ...]:
    if len(judged) == 0:
        return ("No folder has two different clips: the accuracy is not known, and the confidence is kept low.",)
    unjudged = [folder for index, folder in enumerate(folders) if index not in y[judged]]
    if not unjudged:
        return ()
    return (f"Too few different clips to measure how well these folders are found: {', '.join(unjudged)}.",)


def _check_features(X: FloatArray) -> None:
    if X.ndim != 2:
        raise ValueError(f"X must be [clips, features], not of shape {X.shape}")
    if not np.isfinite(X).all():
        rows = np.flatnonzero(~np.isfinite(X).all(axis=1))
        raise FeaturesError(f"the features of clip {rows[0]} (and of {len(rows) - 1} more) are not finite numbers")
