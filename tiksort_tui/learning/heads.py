"""What is left of a fitted candidate, which is arrays that give logits, and how one value among several is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.features import FloatArray

Arrays = dict[str, NDArray[np.float32] | NDArray[np.int64]]
Parameters = Mapping[str, int | float]


class Head(Protocol):
    """A fitted candidate, in arrays."""

    def logits(self, X: FloatArray) -> FloatArray:
        """Scores [n, classes] of the rows `X` [n, d]: the higher, the likelier."""

    def arrays(self) -> Arrays:
        """All that the head consists of, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class EnsembleHead:
    """Several heads whose opinions are multiplied: a logarithmic opinion pool (Genest and Zidek 1986)."""

    parts: Mapping[str, Head]  # by kind

    def logits(self, X: FloatArray) -> FloatArray:
        """Scores [n, classes] of the rows `X` [n, d]."""
        return pool_logits([head.logits(X) for head in self.parts.values()])

    def arrays(self) -> Arrays:
        """All that the head consists of, by name: each part's names after its kind."""
        return {f"{kind}_{name}": values for kind, head in self.parts.items() for name, values in head.arrays().items()}


def pool_logits(logits: Sequence[FloatArray]) -> FloatArray:
    """The mean log-probabilities [..., classes] of several tables of `logits` [..., classes]."""
    tables = []
    for table in logits:
        centred = table - table.max(axis=-1, keepdims=True)
        tables.append(centred - np.log(np.exp(centred).sum(axis=-1, keepdims=True)))
    mean: FloatArray = np.mean(tables, axis=0)
    return mean


@dataclass(frozen=True, slots=True, eq=False)
class LayerHead:
    """Dense layers with ReLU between them; a single one is a logistic regression."""

    layers: tuple[tuple[FloatArray, FloatArray], ...]  # weights [inputs, outputs] and biases [outputs]

    def logits(self, X: FloatArray) -> FloatArray:
        """Scores [n, classes] of the rows `X` [n, d]."""
        *hidden, (weights, biases) = self.layers
        for hidden_weights, hidden_biases in hidden:
            X = np.maximum(X @ hidden_weights + hidden_biases, 0)
        logits: FloatArray = X @ weights + biases
        return logits

    def arrays(self) -> Arrays:
        """All that the head consists of, by name."""
        named: Arrays = {}
        for number, (weights, biases) in enumerate(self.layers):
            named |= {f"weights{number}": weights, f"biases{number}": biases}
        return named

    def on_columns(self, mean: FloatArray, axes: FloatArray) -> LayerHead:
        """The same head for rows [n, d] before their mean [d] was taken off and they were turned onto axes [d, r]."""
        (weights, biases), *others = self.layers
        turned = axes[:, : len(weights)] @ weights
        return LayerHead(((turned, biases - mean @ turned), *others))


def near_the_best(right: FloatArray) -> NDArray[np.bool_]:
    """Which rows of `right` [values, n] are no more than one standard error behind the best (Breiman et al. 1984).

    `right` is how often, 0…1, each clip was. The error is that of the difference, clip by clip, with the correction of
    half a clip (Yates 1934): two that differ on a single clip are as good as each other.
    """
    behind = right[right.mean(axis=1).argmax()] - right
    near: NDArray[np.bool_] = behind.sum(axis=1) - 0.5 <= np.sqrt((behind**2).sum(axis=1))
    return near


def usual_if_near(right: FloatArray, distance: NDArray[np.float64]) -> int:
    """Which row of `right` [values, n] to take: of those near the best the one of least `distance` [values] from the
    usual value, which so stays until the clips say clearly that another is better."""
    return int(np.where(near_the_best(right), distance, np.inf).argmin())
