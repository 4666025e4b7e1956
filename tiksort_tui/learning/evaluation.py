"""Cross-validation: which clips are held out together, what a candidate says of them, and the report.

Never lets a candidate, or anything it tunes, see the clips of the fold that it is judged on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.calibration import expected_calibration_error, fit_temperature, log_losses, softmax
from tiksort_tui.learning.features import FloatArray

IntArray = NDArray[np.int64]

ALWAYS_TRAINING = -1
"""The fold of a clip that is never held out."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What one candidate says of the held-out clips, at its own temperature.

    `log_loss` is in nats, `calibration_error` in 0…1; both are of the clips that the temperature was fitted on.
    """

    predicted: IntArray  # [n]
    accuracy: float
    log_loss: float
    calibration_error: float
    temperature: float

    @classmethod
    def of(cls, logits: FloatArray, labels: IntArray) -> Trial:
        """The trial that gave out-of-fold `logits` [n, classes] to clips of these `labels` [n]."""
        temperature = fit_temperature(logits, labels)
        probabilities = softmax(logits, temperature)
        predicted = probabilities.argmax(axis=1)
        return cls(
            predicted=predicted,
            accuracy=float((predicted == labels).mean()),
            log_loss=float(log_losses(probabilities, labels).mean()),
            calibration_error=expected_calibration_error(probabilities, labels),
            temperature=temperature,
        )


@dataclass(frozen=True, slots=True)
class FolderScore:
    """A folder's labelled clips, and the share of those held out that came back to it; None where none was."""

    folder: str
    clips: int
    recall: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a fit has to say for itself; every score is of clips held out, None or empty where none could be.

    `kind` is "knn", "logistic" or "mlp". `cv_accuracy` has every candidate's; the other scores are of the chosen one's
    Trial.
    """

    kind: str
    parameters: Mapping[str, int | float]
    labelled: int
    folders: tuple[FolderScore, ...]
    cv_accuracy: Mapping[str, float]
    log_loss: float | None
    calibration_error: float | None
    temperature: float
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The report as values that `json.dumps` takes; `from_json` is the way back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Report:
        """The report that `to_json` described."""
        folders = tuple(FolderScore(**score) for score in document["folders"])
        return cls(**{**document, "folders": folders, "notes": tuple(document["notes"])})


def assign_folds(labels: IntArray, groups: IntArray, folds: int, seed: int) -> IntArray:
    """The fold [n] of each clip: every label is spread over `folds` folds as evenly as its groups allow.

    The clips of a group share a fold, and every label has clips outside each fold. ALWAYS_TRAINING is given to a label
    that has a single group, and to a group with several labels, which could not tell right from wrong.
    """
    rng = np.random.default_rng(seed)
    assigned = np.full(len(labels), ALWAYS_TRAINING, dtype=np.int64)
    label_counts = np.zeros((labels.max() + 1, folds), dtype=np.int64)
    group_of_pair, _ = np.unique(np.stack([groups, labels]), axis=1)
    distinct, label_count = np.unique(group_of_pair, return_counts=True)
    mixed = distinct[label_count > 1]
    for label in np.unique(labels):
        members = rng.permutation(np.setdiff1d(groups[labels == label], mixed))
        if len(members) < 2:
            continue
        for group in members:
            clips = groups == group
            # The fold that has the fewest of this label, and among these the fewest of all.
            fold = np.lexsort((label_counts.sum(axis=0), label_counts[label]))[0]
            assigned[clips] = fold
            label_counts[label, fold] += clips.sum()
    return assigned


def out_of_fold_logits(logits_of: Callable[[IntArray, IntArray], FloatArray], folds: IntArray) -> FloatArray:
    """Logits [n, classes] that each clip got while it was held out; nan for those that never are.

    `logits_of(training, held_out)` fits on the first rows and gives the logits of the second. There must be a fold.
    """
    parts = {}
    for fold in np.unique(folds[folds != ALWAYS_TRAINING]):
        held_out = np.flatnonzero(folds == fold)
        parts[fold] = held_out, logits_of(np.flatnonzero(folds != fold), held_out)
    classes = next(iter(parts.values()))[1].shape[1]
    logits = np.full((len(folds), classes), np.nan, dtype=np.float32)
    for held_out, part in parts.values():
        logits[held_out] = part
    return logits
