"""Cross-validation: what each candidate says of clips that it has not seen, and which of them is taken.

Never lets a candidate, or its temperature, see the clips of the fold that it is judged on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.calibration import fit_temperature, log_losses, softmax
from tiksort_tui.learning.classifiers import CANDIDATES, ENSEMBLE
from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.folds import ALWAYS_TRAINING, assign_folds
from tiksort_tui.learning.heads import Parameters, near_the_best, pool_logits
from tiksort_tui.learning.logistic import principal_axes, turn

IntArray = NDArray[np.int64]

_FEW = 100
_FOLDS, _FOLDS_OF_FEW = 5, 10  # of few clips, a fifth is too many to do without
_REPEATS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What one candidate says of held-out clips; nan where a clip was not held out, or a repeat not tried.

    `probabilities` are `logits` at a temperature that was fitted on the other folds. `right` is how often, 0…1, each
    clip's folder came first: never for a clip that cannot be held out, since without it nothing of its folder is
    known. (Of clips to come, about as many are the first of their kind: Good 1953.) `losses` are in nats.
    """

    kind: str
    parameters: Parameters
    logits: FloatArray  # [repeats, n, classes]
    probabilities: FloatArray  # [repeats, n, classes]
    right: FloatArray  # [n]
    losses: FloatArray  # [judged]

    @classmethod
    def of(cls, kind: str, logits: FloatArray, parameters: Parameters, y: IntArray, folds: IntArray) -> Trial:
        """The trial of a candidate that gave `logits` [repeats, n, classes] to clips of labels `y` [n] out of fold."""
        probabilities = np.full_like(logits, np.nan)
        for repeat, held_out, others in splits(logits, folds):
            temperature = fit_temperature(logits[repeat, others], y[others]) if others.any() else 1.0
            probabilities[repeat, held_out] = softmax(logits[repeat, held_out], temperature)
        judged = np.flatnonzero(folds[0] != ALWAYS_TRAINING)
        tried = probabilities[~np.isnan(probabilities[:, judged[0], 0])][:, judged]
        right = np.zeros(len(y), dtype=np.float32)
        right[judged] = (tried.argmax(axis=2) == y[judged]).mean(axis=0)
        losses = np.mean([log_losses(table, y[judged]) for table in tried], axis=0)
        return cls(kind, parameters, logits, probabilities, right, losses)

    @property
    def accuracy(self) -> float:
        """The share of clips, 0…1, whose folder came first."""
        return float(self.right.mean())

    @property
    def standard_error(self) -> float:
        """How far the accuracy may be off, as one standard error over the clips."""
        return float(self.right.std() / math.sqrt(len(self.right)))

    @property
    def log_loss(self) -> float:
        """The mean log-loss of held-out clips, in nats."""
        return float(self.losses.mean())

    def temperature(self, y: IntArray) -> float:
        """The temperature for clips to come: what the repeats' logits ask for on average (by its logarithm)."""
        temperatures = [
            fit_temperature(logits[judged], y[judged])
            for logits in self.logits
            for judged in [~np.isnan(logits[:, 0])]
            if judged.any()
        ]
        return math.exp(float(np.mean(np.log(temperatures))))


def splits(logits: FloatArray, folds: IntArray) -> Iterator[tuple[int, NDArray[np.bool_], NDArray[np.bool_]]]:
    """For each repeat that was tried, and each fold of it: which clips are in the fold, which in the other folds."""
    for repeat, assigned in enumerate(folds):
        ever = assigned != ALWAYS_TRAINING
        if np.isnan(logits[repeat, ever]).any():
            continue
        for fold in np.unique(assigned[ever]):
            yield repeat, assigned == fold, ever & (assigned != fold)


def make_folds(y: IntArray, groups: IntArray, seed: int) -> IntArray:
    """The folds [repeats, n] under which candidates are compared: ten of few clips, else five."""
    count = _FOLDS_OF_FEW if len(y) < _FEW else _FOLDS
    return np.stack([assign_folds(y, groups, count, seed + repeat) for repeat in range(_REPEATS)])


def try_candidates(
    X: FloatArray, y: IntArray, classes: int, groups: IntArray, folds: IntArray, seed: int, kinds: Sequence[str]
) -> dict[str, Trial]:
    """The trials, by kind, of candidates of these `kinds`, and of several together, on rows `X` [n, d].

    None where no clip can be held out.
    """
    if (folds == ALWAYS_TRAINING).all():
        return {}
    mean, axes = principal_axes(X)
    turned = turn(X, mean, axes)
    trials = {}
    for kind in kinds:
        logits, parameters = CANDIDATES[kind](turned, y, classes, groups, folds, seed)
        trials[kind] = Trial.of(kind, logits, parameters, y, folds)
    if len(trials) > 1:
        trials[ENSEMBLE] = _together(list(trials.values()), y, folds)
    return trials


def _together(trials: Sequence[Trial], y: IntArray, folds: IntArray) -> Trial:
    """The trial of all candidates at once. Nothing of it is fitted: each one's logits have the scale of its own."""
    parameters = {f"{trial.kind}_{name}": value for trial in trials for name, value in trial.parameters.items()}
    return Trial.of(ENSEMBLE, pool_logits([trial.logits for trial in trials]), parameters, y, folds)


def choose(trials: Mapping[str, Trial]) -> Trial:
    """The trial with the best accuracy; within one standard error of it the one with the better log-loss.

    The standard error is of the difference to the best, clip by clip. At the same log-loss, the simpler one.
    """
    near = near_the_best(np.stack([trial.right for trial in trials.values()]))
    among = [trial for trial, is_near in zip(trials.values(), near, strict=True) if is_near]
    return min(among, key=lambda trial: round(trial.log_loss, 3))


