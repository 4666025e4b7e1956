"""The candidate classifiers, by the name of their kind: the simplest first.

Each is cross-validated and fitted by its own module; none sees a clip that is held out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.heads import EnsembleHead, Head, LayerHead, Parameters
from tiksort_tui.learning.neighbours import NeighbourHead, cross_validate_neighbours, fit_neighbours
from tiksort_tui.learning.perceptron import cross_validate_perceptron, fit_perceptron
from tiksort_tui.learning.regression import cross_validate_regression, fit_regression, refit_regression

IntArray = NDArray[np.int64]

T = TypeVar("T")
CrossValidation = Callable[
    [FloatArray, IntArray, int, IntArray, IntArray, int], tuple[FloatArray, Parameters]
]

CANDIDATES: Mapping[str, CrossValidation] = {
    "knn": cross_validate_neighbours,
    "logistic": cross_validate_regression,
    "mlp": cross_validate_perceptron,
}
"""Each takes rows [n, r] on their principal axes, labels [n], the number of classes, groups [n], folds [repeats, n] and
a seed, and gives out-of-fold logits [repeats, n, classes] (nan where a row was not held out) and the parameters that it
would take for all rows. Axes, mean and spread of the rows are of all of them: they know no label."""

UNJUDGED: Parameters = {"C": 1.0, "scale": 1.0}
"""The parameters of a logistic regression on clips of which none can be held out: never too sure."""


ENSEMBLE = "ensemble"
"""The kind of all candidates together. Its parameters are theirs, each named after its kind."""

KEPT_FROM = 4000
"""On more clips than these a perceptron is not fitted anew after one filing: it would take seconds."""


def fit_head(kind: str, X: FloatArray, y: IntArray, classes: int, parameters: Parameters, seed: int) -> Head:
    """A candidate of this `kind` on rows `X` [n, d] with labels `y` [n], 0…classes-1, each at least once."""
    if kind == ENSEMBLE:
        return EnsembleHead({one: fit_head(one, X, y, classes, part, seed) for one, part in _parts(parameters).items()})
    if kind == "knn":
        return fit_neighbours(X, y, classes, parameters)
    if kind == "logistic":
        return fit_regression(X, y, classes, parameters)
    return fit_perceptron(X, y, classes, parameters, seed)


def refit_head(
    kind: str,
    X: FloatArray,
    y: IntArray,
    classes: int,
    parameters: Parameters,
    seed: int,
    before: Head,
    places: Sequence[int],
) -> Head:
    """`fit_head`, quicker where `before` helps, whose classes are now at `places` (-1: gone)."""
    if isinstance(before, EnsembleHead):
        parts = _parts(parameters)
        heads = {
            one: refit_head(one, X, y, classes, parts[one], seed, head, places) for one, head in before.parts.items()
        }
        return EnsembleHead(heads)
    if kind == "mlp" and len(X) > KEPT_FROM and list(places) == list(range(classes)):
        return before
    if isinstance(before, LayerHead) and kind == "logistic":
        return refit_regression(X, y, classes, parameters, before, places)
    return fit_head(kind, X, y, classes, parameters, seed)


def head_from_arrays(kind: str, arrays: Mapping[str, NDArray[np.float32]]) -> Head:
    """The head whose `arrays()` these are; KeyError when they are not those of a `kind`."""
    if kind == ENSEMBLE:
        return EnsembleHead({one: head_from_arrays(one, part) for one, part in _parts(arrays).items()})
    if kind == "knn":
        return NeighbourHead(arrays["mean"], arrays["vectors"], arrays["sizes"].astype(np.int64), arrays["settings"])
    depth = {"logistic": 1, "mlp": 3}[kind]
    return LayerHead(tuple((arrays[f"weights{number}"], arrays[f"biases{number}"]) for number in range(depth)))


def _parts(named: Mapping[str, T]) -> dict[str, dict[str, T]]:
    """What is named KIND_NAME, by kind and name."""
    parts: dict[str, dict[str, T]] = {}
    for full, value in named.items():
        kind, _, name = full.partition("_")
        parts.setdefault(kind, {})[name] = value
    return parts
