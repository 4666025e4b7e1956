"""Logistic regression as a candidate: how strongly it is held back (C) is chosen inside the rows it is given.

Never sees a clip that is held out: what a fold is judged by was tuned on pairs of the other folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.calibration import fit_temperature
from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.folds import ALWAYS_TRAINING
from tiksort_tui.learning.heads import LayerHead, Parameters, usual_if_near
from tiksort_tui.learning.logistic import balanced_weights, principal_axes, solve, turn

IntArray = NDArray[np.int64]

_C_GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # each is where the next one starts
_USUAL_C = 1.0
_WORSE_IN_A_ROW = 2  # values of C, after which larger ones are not tried
_DISTANCE = np.abs(np.log(np.array(_C_GRID) / _USUAL_C))


def fit_regression(X: FloatArray, y: IntArray, classes: int, parameters: Parameters) -> LayerHead:
    """The L2-regularised, class-balanced regression with `parameters["C"]`, its logits over `parameters["scale"]`."""
    mean, axes = principal_axes(X)
    weights = balanced_weights(y, classes, np.ones((1, len(y)), dtype=np.bool_))
    return _head(solve(turn(X, mean, axes), y, classes, weights, parameters["C"])[0], parameters).on_columns(mean, axes)


def refit_regression(
    X: FloatArray, y: IntArray, classes: int, parameters: Parameters, before: LayerHead, places: Sequence[int]
) -> LayerHead:
    """`fit_regression` begun from a head fitted to nearly the same rows; `places` are now those of its classes, -1 of
    one that is gone."""
    ((weights, biases),) = before.layers
    scale = np.float32(parameters["scale"])
    mean = X.mean(axis=0)
    start = np.zeros((1, X.shape[1] + 1, classes), dtype=np.float32)
    old = [index for index, place in enumerate(places) if place >= 0]
    new = [places[index] for index in old]
    start[0, :-1, new] = weights[:, old].T * scale
    start[0, -1, new] = (biases + mean @ weights)[old] * scale
    balanced = balanced_weights(y, classes, np.ones((1, len(y)), dtype=np.bool_))
    solved = solve(X - mean, y, classes, balanced, parameters["C"], start)[0]
    return _head(solved, parameters).on_columns(mean, np.eye(X.shape[1], dtype=np.float32))


def _head(solved: FloatArray, parameters: Parameters) -> LayerHead:
    scale = np.float32(parameters["scale"])
    return LayerHead(((solved[:-1] / scale, solved[-1] / scale),))


def cross_validate_regression(
    X: FloatArray, y: IntArray, classes: int, groups: IntArray, folds: IntArray, seed: int
) -> tuple[FloatArray, Parameters]:
    """Out-of-fold logits [repeats, n, classes] under `folds` [repeats, n], and the parameters for all rows.

    What a fold is judged by has its C from the other folds alone: each of them held out in turn, with that fold, from
    a fit. A fit without two folds serves both of them, so nesting costs half. The logits of each fit are over the
    temperature that its own inner predictions ask for, so that fits with different C share a scale.
    """
    numbers = [np.unique(assigned[assigned != ALWAYS_TRAINING]).tolist() for assigned in folds]
    fits = [
        (repeat, *without)
        for repeat, present in enumerate(numbers)
        for without in [*((fold, fold) for fold in present), *combinations(present, 2)]
    ]
    place = {fit: index for index, fit in enumerate(fits)}
    masks = np.stack([~np.isin(folds[repeat], without) for repeat, *without in fits])
    learned = masks.astype(np.float32) @ np.eye(classes, dtype=np.float32)[y] > 0  # [fits, classes]

    def inner(scores: FloatArray, repeat: int, fold: int | None) -> FloatArray:
        """What each clip of the other folds was given by the fit without its fold and `fold`; nan where none was."""
        logits = np.full((len(y), classes), np.nan, dtype=np.float32)
        for other in numbers[repeat]:
            if other != fold:
                fit = place[repeat, *sorted((other, other if fold is None else fold))]
                rows = (folds[repeat] == other) & learned[fit][y]
                logits[rows] = scores[fit, rows]
        return logits

    everything = [[(repeat, None) for repeat in range(len(folds))]]
    questions = everything + [[(repeat, fold)] for repeat, present in enumerate(numbers) for fold in present]
    tables: list[list[FloatArray]] = [[] for _ in questions]  # for each question, the inner logits under each C
    right: list[list[NDArray[np.bool_]]] = [[] for _ in questions]
    scores_at: list[FloatArray] = []
    with_bias = np.hstack([X, np.ones((len(X), 1), dtype=np.float32)])
    weights = balanced_weights(y, classes, masks)
    solved: FloatArray | None = None
    for C in _C_GRID:
        solved = solve(X, y, classes, weights, C, solved)
        scores_at.append(np.matmul(with_bias, solved))
        for question, table, hits in zip(questions, tables, right, strict=True):
            table.append(np.concatenate([inner(scores_at[-1], repeat, fold) for repeat, fold in question]))
            hits.append(table[-1].argmax(axis=1) == np.tile(y, len(question)))
        if C > _USUAL_C and all(_has_turned(hits) for hits in right):
            break

    chosen = [_choose(*answers, y) for answers in zip(tables, right, strict=True)]
    logits = np.full((*folds.shape, classes), np.nan, dtype=np.float32)
    for [(repeat, fold)], (value, scale) in zip(questions[1:], chosen[1:], strict=True):
        held_out = folds[repeat] == fold
        logits[repeat, held_out] = scores_at[value][place[repeat, fold, fold], held_out] / np.float32(scale)
    value, scale = chosen[0]
    return logits, {"C": _C_GRID[value], "scale": scale}


def _has_turned(hits: list[NDArray[np.bool_]]) -> bool:
    """Whether the last two values of C are right less often than one before them."""
    shares = [hit.mean() for hit in hits]
    return len(shares) > _WORSE_IN_A_ROW and max(shares[-_WORSE_IN_A_ROW:]) < max(shares[:-_WORSE_IN_A_ROW])


def _choose(tables: list[FloatArray], hits: list[NDArray[np.bool_]], y: IntArray) -> tuple[int, float]:
    """Which value of C, and the temperature of its logits; the usual C where no clip was judged."""
    judged = ~np.isnan(tables[0][:, 0])
    if not judged.any():
        return _C_GRID.index(_USUAL_C), 1.0
    by_clip = np.stack(hits).reshape(len(hits), -1, len(y)).mean(axis=1, dtype=np.float32)
    chosen = usual_if_near(by_clip[:, judged[: len(y)]], _DISTANCE[: len(tables)])
    truth = np.tile(y, len(judged) // len(y))[judged]
    return chosen, fit_temperature(tables[chosen][judged], truth)
