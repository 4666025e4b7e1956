"""From logits to probabilities that are true: one temperature, and the measures of how true they are.

Never sees a classifier or a feature: only logits and the labels they should have given.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.report import ReliabilityBin

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

_LOWEST, _HIGHEST = 1e-3, 1e3


def softmax(logits: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Probabilities [n, k] of `logits` [n, k] divided by `temperature`."""
    scaled = logits / np.float32(temperature)
    scaled -= scaled.max(axis=1, keepdims=True)
    probabilities: FloatArray = np.exp(scaled, out=scaled)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities


def fit_temperature(logits: FloatArray, labels: IntArray) -> float:
    """The temperature under which held-out `logits` [n, k] explain `labels` [n] best (Guo et al. 2017).

    The labels are smoothed as by one more clip that could be of any folder (Platt's rule, 1999), so that a handful of
    clips, all of them right, does not promise certainty.
    """
    doubt = 1 / (len(labels) + 1)
    centred = (logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
    # The cross-entropy is linear in the targets: its first term needs only one mean.
    target = (1 - doubt) * centred[np.arange(len(labels)), labels].mean() + doubt * centred.mean()

    def cross_entropy(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float(np.log(np.exp(centred * scale).sum(axis=1)).mean() - scale * target)

    return float(np.exp(lowest(cross_entropy, np.log(_LOWEST), np.log(_HIGHEST))))


def lowest(loss: Callable[[float], float], low: float, high: float) -> float:
    """Where between `low` and `high` the `loss` is least."""
    # Not at the top: it takes half a second, in which clips can be read already.
    from scipy.optimize import minimize_scalar

    return float(minimize_scalar(loss, bounds=(low, high), method="bounded").x)


def log_losses(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """The log-loss [n] of each row: -log of the probability [n, k] that its true label [n] was given, in nats."""
    given = probabilities[np.arange(len(labels)), labels]
    losses: FloatArray = -np.log(np.maximum(given, np.finfo(np.float32).tiny))
    return losses


def reliability(probabilities: FloatArray, labels: IntArray, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """The reliability table (DeGroot and Fienberg 1983) of `probabilities` [n, k], by the highest of each row."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    ranges = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    table = []
    for number in range(bins):
        inside = ranges == number
        count = int(inside.sum())
        known = count > 0
        mean = float(confidence[inside].mean()) if known else 0.0
        table.append(ReliabilityBin(count, mean, float(correct[inside].mean()) if known else 0.0))
    return tuple(table)


def expected_calibration_error(probabilities: FloatArray, labels: IntArray, bins: int = 10) -> float:
    """The gap between confidence and accuracy, 0…1, over `bins` equal ranges of confidence (Naeini et al. 2015).

    The confidence is the highest of a row of `probabilities` [n, k]; each range weighs as many clips as it holds.
    """
    table = reliability(probabilities, labels, bins)
    return sum(part.count * abs(part.confidence - part.accuracy) for part in table) / len(labels)
