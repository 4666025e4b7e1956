"""The candidate classifiers: how each is fitted, and what is left of it, which is arrays that give logits.

Never sees a clip that is held out: whatever a candidate tunes, it tunes inside the rows that it is given.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight

from tiksort_tui.learning.calibration import fit_temperature, log_losses, softmax
from tiksort_tui.learning.evaluation import ALWAYS_TRAINING, assign_folds, out_of_fold_logits
from tiksort_tui.learning.features import FloatArray, row_norms

IntArray = NDArray[np.int64]
Arrays = dict[str, FloatArray]
Parameters = dict[str, int | float]

_NEIGHBOURS = 5
_SIMILARITY_SCALE = 0.1
_VOTE_SMOOTHING = 0.05

_C_GRID = (0.1, 1.0, 10.0, 100.0)  # the strongest regularisation first
_DEFAULT_C = 1.0
_INNER_FOLDS = 5

_HIDDEN = (256, 128)
_BATCH = 32
_MIN_EPOCHS, _MIN_STEPS = 10, 200
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 1e-2
_DROPOUT = 0.5


class Head(Protocol):
    """A fitted candidate, in arrays."""

    def logits(self, X: FloatArray) -> FloatArray:
        """Scores [n, classes] of the rows `X` [n, d]: the higher, the likelier."""

    def arrays(self) -> Arrays:
        """All that the head consists of, by name: what `head_from_arrays` takes."""


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourHead:
    """Votes of the nearest labelled clips, by the cosine of the rows less their mean.

    Embeddings share a large mean that makes every cosine high: less it, the nearest are truly near.
    """

    mean: FloatArray  # [d]
    vectors: FloatArray  # [labelled, d], less the mean, L2-normalised
    votes: FloatArray  # [labelled, classes], the weight of each clip's vote in its own class's column

    def logits(self, X: FloatArray) -> FloatArray:
        centred = X - self.mean
        similarities = centred @ self.vectors.T
        similarities /= row_norms(centred)
        count = min(_NEIGHBOURS, len(self.vectors))
        nearest = np.argpartition(similarities, -count, axis=1)[:, -count:]
        weights = np.exp((np.take_along_axis(similarities, nearest, axis=1) - 1) / np.float32(_SIMILARITY_SCALE))
        votes = np.einsum("nk,nkc->nc", weights, self.votes[nearest])
        logits: FloatArray = np.log(votes / votes.sum(axis=1, keepdims=True) + np.float32(_VOTE_SMOOTHING))
        return logits

    def arrays(self) -> Arrays:
        return {"mean": self.mean, "vectors": self.vectors, "votes": self.votes}


@dataclass(frozen=True, slots=True, eq=False)
class LayerHead:
    """Dense layers with ReLU between them; a single one is a logistic regression."""

    layers: tuple[tuple[FloatArray, FloatArray], ...]  # weights [inputs, outputs] and biases [outputs]

    def logits(self, X: FloatArray) -> FloatArray:
        *hidden, (weights, biases) = self.layers
        for hidden_weights, hidden_biases in hidden:
            X = np.maximum(X @ hidden_weights + hidden_biases, 0)
        logits: FloatArray = X @ weights + biases
        return logits

    def arrays(self) -> Arrays:
        named: Arrays = {}
        for number, (weights, biases) in enumerate(self.layers):
            named |= {f"weights{number}": weights, f"biases{number}": biases}
        return named


def head_from_arrays(kind: str, arrays: Mapping[str, FloatArray]) -> Head:
    """The head whose `arrays()` these are; KeyError when they are not those of a `kind`."""
    if kind == "knn":
        return NeighbourHead(arrays["mean"], arrays["vectors"], arrays["votes"])
    depth = {"logistic": 1, "mlp": 1 + len(_HIDDEN)}[kind]
    return LayerHead(tuple((arrays[f"weights{number}"], arrays[f"biases{number}"]) for number in range(depth)))


def fit_knn(X: FloatArray, labels: IntArray, groups: IntArray, seed: int) -> tuple[Head, Parameters]:
    """k-NN by cosine. A vote weighs by its similarity, and by one over the root of its class's size.

    The root stands between votes that drown the small folders and balanced ones, which let one clip outvote hundreds.
    """
    counts = np.bincount(labels).astype(np.float32)
    mean = X.mean(axis=0)
    centred = X - mean
    return NeighbourHead(mean, centred / row_norms(centred), np.diag(counts**-0.5)[labels]), {"k": _NEIGHBOURS}


def fit_logistic(X: FloatArray, labels: IntArray, groups: IntArray, seed: int) -> tuple[Head, Parameters]:
    """L2-regularised, class-balanced logistic regression; C by the log-loss of an inner cross-validation.

    The log-loss is taken at each C's own temperature, since a temperature sets the scale in the end: without it a
    weak regularisation wins only by being surer of itself. Of the values within one standard error of the best, the
    most regularised is taken (Breiman et al. 1984). Its logits are divided by its temperature, so that fits with
    different C share a scale.
    """
    folds = assign_folds(labels, groups, _INNER_FOLDS, seed)
    held_out = np.flatnonzero(folds != ALWAYS_TRAINING)
    if len(held_out) == 0:
        return LayerHead((_logistic_layer(X, labels, _DEFAULT_C),)), {"C": _DEFAULT_C}
    truth = labels[held_out]
    temperatures, losses = [], []
    for C in _C_GRID:
        logits = out_of_fold_logits(partial(_logistic_logits, X, labels, C), folds)[held_out]
        temperatures.append(fit_temperature(logits, truth))
        losses.append(log_losses(softmax(logits, temperatures[-1]), truth))
    excess = np.stack(losses) - min(losses, key=np.mean)
    chosen = int(np.argmax(excess.mean(axis=1) <= excess.std(axis=1) / math.sqrt(len(truth))))
    weights, biases = _logistic_layer(X, labels, _C_GRID[chosen])
    scale = np.float32(temperatures[chosen])
    return LayerHead(((weights / scale, biases / scale),)), {"C": _C_GRID[chosen]}


def _logistic_logits(X: FloatArray, labels: IntArray, C: float, training: IntArray, held_out: IntArray) -> FloatArray:
    weights, biases = _logistic_layer(X[training], labels[training], C)
    logits: FloatArray = X[held_out] @ weights + biases
    return logits


def _logistic_layer(X: FloatArray, labels: IntArray, C: float) -> tuple[FloatArray, FloatArray]:
    mean = X.mean(axis=0)  # less the mean, which the biases absorb, the solver needs fewer steps
    model = LogisticRegression(C=C, class_weight="balanced", max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X - mean, labels)
    weights, biases = model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32)
    if weights.shape[1] == 1:  # of two classes, scikit-learn keeps only the second one's log-odds
        halves = np.array([-0.5, 0.5], dtype=np.float32)
        weights, biases = weights * halves, biases * halves
    return weights, biases - mean @ weights


def fit_mlp(X: FloatArray, labels: IntArray, groups: IntArray, seed: int) -> tuple[Head, Parameters]:
    """A perceptron with two hidden layers and dropout, trained on class-weighted cross-entropy.

    The number of epochs is fixed, so that no clip is held out to stop it.
    """
    classes = np.unique(labels)
    epochs = max(_MIN_EPOCHS, math.ceil(_MIN_STEPS / math.ceil(len(labels) / _BATCH)))
    mean, spread = X.mean(axis=0), np.float32(X.std(axis=0).mean() or 1)
    inputs, targets = torch.from_numpy((X - mean) / spread), torch.from_numpy(labels)
    class_weights = compute_class_weight("balanced", classes=classes, y=labels).astype(np.float32)
    loss = torch.nn.CrossEntropyLoss(weight=torch.from_numpy(class_weights))
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they are
        torch.manual_seed(seed)
        linears = [torch.nn.Linear(*widths) for widths in pairwise((X.shape[1], *_HIDDEN, len(classes)))]
        between = (torch.nn.ReLU(), torch.nn.Dropout(_DROPOUT))
        network = torch.nn.Sequential(linears[0], *between, linears[1], *between, linears[2])
        optimiser = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
        for _ in range(epochs):
            for batch in torch.split(torch.randperm(len(labels)), _BATCH):
                optimiser.zero_grad()
                loss(network(inputs[batch]), targets[batch]).backward()
                optimiser.step()
    layers = [
        (np.ascontiguousarray(linear.weight.detach().numpy().T), linear.bias.detach().numpy()) for linear in linears
    ]
    weights, biases = layers[0][0] / spread, layers[0][1]
    layers[0] = (weights, biases - mean @ weights)
    return LayerHead(tuple(layers)), {"layer_1": _HIDDEN[0], "layer_2": _HIDDEN[1], "epochs": epochs}


Fitter = Callable[[FloatArray, IntArray, IntArray, int], tuple[Head, Parameters]]

CANDIDATES: Mapping[str, Fitter] = {"knn": fit_knn, "logistic": fit_logistic, "mlp": fit_mlp}
"""Each takes features [n, d], labels [n] (0…classes-1, each at least once), groups [n] and a seed."""
