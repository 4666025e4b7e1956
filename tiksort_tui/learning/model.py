"""The model as its callers know it: a Classifier predicts, says what it is sure of, saves and loads.

Never keeps a scikit-learn or torch object: a Classifier is arrays, and its file is tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.errors import TiksortError
from tiksort_tui.learning.calibration import softmax
from tiksort_tui.learning.classifiers import head_from_arrays
from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.heads import Head
from tiksort_tui.learning.storage import StorageError, load_tensors, save_tensors
from tiksort_tui.learning.zero_shot import ZeroShot
from tiksort_tui.report import Report

IntArray = NDArray[np.int64]

_CHUNK = 4096  # rows predicted at once, which bounds the memory that the similarities of k-NN take
_FORMAT = "tiksort-classifier-2"


class NotEnoughLabels(TiksortError):
    """There are not two folders to tell apart yet."""


class FeaturesError(TiksortError):
    """The features cannot be those of the model."""


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """A fitted model; `fit`, `refit` and `load` make one.

    `folders` is the order of the probabilities' columns, `known` [k] says which of them have labelled clips, `blocks`
    names the modalities' columns in X, `columns` [d] says which columns of X the head takes. `head` is None where
    folder names are all there is to go by, `zero_shot` where there are none; it takes the columns `visual` of X.
    """

    folders: tuple[str, ...]
    known: IntArray
    blocks: Mapping[str, slice]
    report: Report
    head: Head | None
    columns: NDArray[np.bool_]
    zero_shot: ZeroShot | None
    visual: slice

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """Calibrated probabilities [n, len(folders)] of the rows `X` [n, d].

        Raises FeaturesError when X is not as wide as what was learned from, or not finite.
        """
        check_features(X)
        if X.shape[1] != len(self.columns):
            raise FeaturesError(
                f"the model was trained on {len(self.columns)} features and is given {X.shape[1]}: train it again"
            )
        probabilities = np.empty((len(X), len(self.folders)), dtype=np.float32)
        for start in range(0, len(X), _CHUNK):
            rows = slice(start, start + _CHUNK)
            probabilities[rows] = self._predict(X[rows].astype(np.float32, copy=False))
        return probabilities

    def _predict(self, X: FloatArray) -> FloatArray:
        if self.head is None:
            assert self.zero_shot is not None
            return self.zero_shot.probabilities(X[:, self.visual])
        used = X if self.columns.all() else np.compress(self.columns, X, axis=1)
        learned = softmax(self.head.logits(used), self.report.temperature)
        return self.zero_shot.blend(learned, X[:, self.visual], self.known) if self.zero_shot else learned

    def suggestion_only(self) -> NDArray[np.bool_]:
        """Which of `folders` [k] have so few clips that nothing is filed into them without a person."""
        return np.array([score.suggestion_only for score in self.report.folders], dtype=np.bool_)

    def sure(self, probabilities: FloatArray, threshold: float | None = None) -> NDArray[np.bool_]:
        """Which rows of `probabilities` [n, len(folders)] may be filed by themselves: by the promise, or a `threshold`
        given instead. None into a folder that is a suggestion only, and none without a promise."""
        least = self.report.promise.threshold if threshold is None else threshold
        if least is None:
            return np.zeros(len(probabilities), dtype=np.bool_)
        best = probabilities.argmax(axis=1)
        sure: NDArray[np.bool_] = (probabilities.max(axis=1) >= least) & ~self.suggestion_only()[best]
        return sure

    def save(self, path: Path) -> None:
        """Write the model to `path` in one step; raises StorageError."""
        text = self.zero_shot
        content = {
            "format": _FORMAT,
            "folders": self.folders,
            "known": self.known,
            "blocks": {name: (columns.start, columns.stop) for name, columns in self.blocks.items()},
            "report": self.report.to_json(),
            "head": self.head.arrays() if self.head else None,
            "columns": self.columns,
            "visual": (self.visual.start, self.visual.stop),
            "texts": text.texts if text else None,
            "counts": text.counts if text else None,
            "text_settings": [text.temperature, text.weight] if text else None,
        }
        save_tensors(path, content)

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """The model that `save` wrote; raises StorageError when the file is missing, damaged or something else."""
        content = load_tensors(path)
        if content.get("format") != _FORMAT:
            raise StorageError(f"{path}: is not a model of this version of the program; train again to replace it")
        try:
            report = Report.from_json(content["report"])
            text = content["texts"]
            return cls(
                folders=tuple(content["folders"]),
                known=content["known"],
                blocks={name: slice(*bounds) for name, bounds in content["blocks"].items()},
                report=report,
                head=None if content["head"] is None else head_from_arrays(report.kind, content["head"]),
                columns=content["columns"],
                zero_shot=None if text is None else ZeroShot(text, content["counts"], *content["text_settings"]),
                visual=slice(*content["visual"]),
            )
        except (KeyError, TypeError) as error:
            raise StorageError(f"{path}: a part of the model is missing: {error}; train again to replace it") from error


def check_features(X: FloatArray) -> None:
    """Raises ValueError when `X` is not [clips, features], FeaturesError when it is not finite."""
    if X.ndim != 2:
        raise ValueError(f"X must be [clips, features], not of shape {X.shape}")
    with np.errstate(all="ignore"):  # the sum tells at a tenth of the time; it may overflow where no number does
        suspicious = not np.isfinite(X.sum())
    if suspicious and not np.isfinite(X).all():
        rows = np.flatnonzero(~np.isfinite(X).all(axis=1))
        raise FeaturesError(f"the features of clip {rows[0]} (and of {len(rows) - 1} more) are not finite numbers")
