"""k-NN by cosine, k in each folder: how a folder's nearest clips are turned into its score, and how many are asked.

Never sees a clip that is held out: the number of neighbours is chosen among the training rows, each left out in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.calibration import fit_temperature
from tiksort_tui.learning.features import FloatArray, row_norms
from tiksort_tui.learning.folds import ALWAYS_TRAINING
from tiksort_tui.learning.heads import Arrays, Parameters, usual_if_near

IntArray = NDArray[np.int64]

_COUNTS = (1, 2, 5, 10, 20, 50, 100)
_DEFAULT_COUNT = 5
_BREADTH = np.float32(0.2)  # of the kernel, in cosine
_NOBODY = np.float32(-20)  # the score of a folder without a neighbour
_DEFAULT_SCALE = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourHead:
    """A folder's score is the log of the mean kernel of its nearest clips, by the cosine of the rows less their mean.

    Embeddings share a large mean that makes every cosine high: less it, the nearest are truly near. Asking the
    nearest of each folder (rather than the nearest of all) lets no folder win by its size, and tells far from near.
    """

    mean: FloatArray  # [d]
    vectors: FloatArray  # [labelled, d], less the mean, L2-normalised, folder by folder
    sizes: IntArray  # [classes], how many of `vectors` each folder has
    settings: FloatArray  # [2]: neighbours in a folder, scale of the scores

    def logits(self, X: FloatArray) -> FloatArray:
        """Scores [n, classes] of the rows `X` [n, d]."""
        centred = X - self.mean
        similarities = centred @ self.vectors.T
        similarities /= row_norms(centred)
        neighbours, scale = int(self.settings[0]), self.settings[1]
        scores = np.empty((len(X), len(self.sizes)), dtype=np.float32)
        for label, end in enumerate(np.cumsum(self.sizes)):
            own = similarities[:, end - self.sizes[label] : end]
            if own.shape[1] > neighbours:
                own = np.partition(own, -neighbours, axis=1)[:, -neighbours:]
            scores[:, label] = np.log(np.exp((own - 1) / _BREADTH).mean(axis=1))
        scores /= scale
        return scores

    def arrays(self) -> Arrays:
        """All that the head consists of, by name."""
        return {"mean": self.mean, "vectors": self.vectors, "sizes": self.sizes, "settings": self.settings}


def fit_neighbours(X: FloatArray, y: IntArray, classes: int, parameters: Parameters) -> NeighbourHead:
    """The head that asks `parameters["k"]` neighbours in each folder."""
    order = np.argsort(y, kind="stable")
    mean = X.mean(axis=0)
    centred = X[order] - mean
    settings = np.array([parameters["k"], parameters["scale"]], dtype=np.float32)
    return NeighbourHead(mean, centred / row_norms(centred), np.bincount(y, minlength=classes), settings)


def cross_validate_neighbours(
    X: FloatArray, y: IntArray, classes: int, groups: IntArray, folds: IntArray, seed: int
) -> tuple[FloatArray, Parameters]:
    """Out-of-fold scores [repeats, n, classes] under `folds` [repeats, n], and the parameters for all rows."""
    normal = X - X.mean(axis=0)
    normal /= row_norms(normal)
    similarities = normal @ normal.T
    strangers = groups[:, None] != groups[None, :]
    logits = np.full((*folds.shape, classes), np.nan, dtype=np.float32)
    everyone = np.ones(len(y), dtype=np.bool_)
    for repeat, assigned in enumerate(folds):
        for fold in np.unique(assigned[assigned != ALWAYS_TRAINING]):
            held_out, training = assigned == fold, assigned != fold
            chosen = _choose(similarities, strangers, y, classes, training)
            allowed = np.broadcast_to(training, (int(held_out.sum()), len(y)))
            (scores,) = _scores(similarities[held_out], allowed, y, classes, (int(chosen["k"]),))
            logits[repeat, held_out] = scores / np.float32(chosen["scale"])
    return logits, _choose(similarities, strangers, y, classes, everyone)


def _choose(
    similarities: FloatArray, strangers: NDArray[np.bool_], y: IntArray, classes: int, training: NDArray[np.bool_]
) -> Parameters:
    """The number of neighbours by leaving each training row (and its group) out, and the scale of its scores."""
    rows = np.flatnonzero(training)
    pairs = np.ix_(rows, rows)
    truth = y[rows]
    tables = _scores(similarities[pairs], strangers[pairs], truth, classes, _COUNTS)
    judged = tables[0][np.arange(len(rows)), truth] > _NOBODY
    if not judged.any():
        return {"k": _DEFAULT_COUNT, "scale": _DEFAULT_SCALE}
    right = np.stack([table[judged].argmax(axis=1) == truth[judged] for table in tables])
    chosen = usual_if_near(right.astype(np.float32), np.abs(np.log(np.array(_COUNTS) / _DEFAULT_COUNT)))
    return {"k": _COUNTS[chosen], "scale": fit_temperature(tables[chosen][judged], truth[judged])}


def _scores(
    similarities: FloatArray, allowed: NDArray[np.bool_], y: IntArray, classes: int, counts: Sequence[int]
) -> list[FloatArray]:
    """For each of `counts` the scores [n, classes] from the `allowed` [n, m] of the m rows with labels `y`."""
    tables = [np.full((len(similarities), classes), _NOBODY, dtype=np.float32) for _ in counts]
    for label in range(classes):
        members = np.flatnonzero(y == label)
        if len(members) == 0:
            continue
        kernels = np.where(allowed[:, members], np.exp((similarities[:, members] - 1) / _BREADTH), 0)
        present = allowed[:, members].sum(axis=1)
        sums = np.cumsum(-np.sort(-kernels, axis=1), axis=1)
        known = present > 0
        for table, count in zip(tables, counts, strict=True):
            asked = np.minimum(count, present[known])
            table[known, label] = np.log(sums[known, asked - 1] / asked)
    return tables
