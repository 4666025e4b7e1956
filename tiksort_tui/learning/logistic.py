"""L2-regularised, weighted multinomial logistic regressions on the same rows, many of them solved at once.

Cross-validation fits the same rows under many weightings (a held-out row weighs nothing). Solved together, each step is
two large matrix products, which takes a fifth of the time of one fit after another. Knows no folder and no fold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.features import FloatArray

IntArray = NDArray[np.int64]

_MEMORY = 8
_MAX_STEPS = 200
_HALVINGS = 12
_TOLERANCE = 1e-5
_ABSENT = np.float32(-20)  # the bias of a class without rows: its probability is nil, and so is its gradient


def principal_axes(X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The mean [d] of `X` [n, d] and the axes [d, r] on which its rows less the mean are spread, the widest first.

    A regression on these r <= n coordinates is the one on the d columns, since no row has anything outside them.
    """
    mean: FloatArray = X.mean(axis=0)
    if len(X) > 2 * X.shape[1]:
        axes = np.linalg.eigh((X - mean).T @ (X - mean))[1].astype(np.float32)
        return mean, np.ascontiguousarray(axes[:, ::-1])
    spread, rows = np.linalg.svd(X - mean, full_matrices=False)[1:]
    kept = spread > spread[0] * 1e-5 if spread[0] > 0 else spread == spread[0]
    return mean, np.ascontiguousarray(rows[kept].T)


def turn(X: FloatArray, mean: FloatArray, axes: FloatArray) -> FloatArray:
    """The coordinates [n, r] of the rows `X` [n, d] on `axes` [d, r], from their `mean` [d]."""
    turned: FloatArray = np.matmul(X - mean, axes)
    return turned


def balanced_weights(y: IntArray, classes: int, masks: NDArray[np.bool_]) -> FloatArray:
    """The weight [b, n] of each row in each fit: 0 outside `masks` [b, n], and each class present weighs the same."""
    weights = np.zeros(masks.shape, dtype=np.float32)
    for mask, row in zip(masks, weights, strict=True):
        counts = np.bincount(y[mask], minlength=classes)
        row[mask] = mask.sum() / ((counts > 0).sum() * counts[y[mask]])
    return weights


def solve(
    X: FloatArray, y: IntArray, classes: int, weights: FloatArray, C: float, start: FloatArray | None = None
) -> FloatArray:
    """The coefficients [b, d + 1, classes] (the last row is the bias) of `b` regressions on `X` [n, d], `y` [n].

    Each minimises the sum of `weights` [b, n] times the log-loss, plus the squared coefficients over 2 C; the bias is
    free. By L-BFGS (Nocedal 1980) in step, with the diagonal of Böhning's bound of the Hessian (1992) to begin with.
    `start` [b, d + 1, classes] saves steps.
    """
    rows, columns = X.shape
    fits = len(weights)
    with_bias = np.hstack([X, np.ones((rows, 1), dtype=np.float32)])
    targets = np.eye(classes, dtype=np.float32)[y]
    by_row = np.ascontiguousarray(weights.T)[:, :, None]  # [n, b, 1]
    total = weights.sum(axis=1)
    penalty = np.full((columns + 1, 1, 1), 1 / C, dtype=np.float32)
    penalty[-1] = 0
    curvature = np.append((X**2).mean(axis=0), np.float32(1))[:, None, None] * (total / classes)[:, None] + penalty

    def loss_and_gradient(W: FloatArray) -> tuple[NDArray[np.float64], FloatArray]:
        scores = (with_bias @ W.reshape(columns + 1, -1)).reshape(rows, fits, classes)
        scores -= scores.max(axis=2, keepdims=True)
        of_truth = np.take_along_axis(scores, y[:, None, None], axis=2)
        np.exp(scores, out=scores)
        sums = scores.sum(axis=2, keepdims=True)
        losses = (by_row * (np.log(sums) - of_truth)).sum(axis=(0, 2), dtype=np.float64)
        losses += 0.5 * (penalty * W * W).sum(axis=(0, 2), dtype=np.float64)
        scores /= sums
        scores -= targets[:, None, :]
        scores *= by_row
        gradient = (with_bias.T @ scores.reshape(rows, -1)).reshape(W.shape)
        gradient += penalty * W
        return losses, gradient

    W = _start(y, classes, weights, columns) if start is None else np.ascontiguousarray(start.transpose(1, 0, 2))
    losses, gradient = loss_and_gradient(W)
    past: list[tuple[FloatArray, FloatArray]] = []
    for _ in range(_MAX_STEPS):
        direction = _direction(gradient, past, curvature)
        slope = _dot(direction, gradient)
        length = np.ones(fits, dtype=np.float32)
        for _ in range(_HALVINGS):
            moved = W - length[:, None] * direction
            new_losses, new_gradient = loss_and_gradient(moved)
            too_far = new_losses > losses - 1e-4 * length * slope + 1e-6 * np.abs(losses)
            if not too_far.any():
                break
            length[too_far] /= 2
        past = [*past[-_MEMORY + 1 :], (moved - W, new_gradient - gradient)]
        gain = losses - new_losses
        W, losses, gradient = moved, new_losses, new_gradient
        if (gain <= _TOLERANCE * np.maximum(losses, 1e-3 * total)).all():
            break
    return np.ascontiguousarray(W.transpose(1, 0, 2))


def _start(y: IntArray, classes: int, weights: FloatArray, columns: int) -> FloatArray:
    start = np.zeros((columns + 1, len(weights), classes), dtype=np.float32)
    present = weights @ np.eye(classes, dtype=np.float32)[y] > 0
    start[-1] = np.where(present, 0, _ABSENT)
    return start


def _direction(gradient: FloatArray, past: list[tuple[FloatArray, FloatArray]], curvature: FloatArray) -> FloatArray:
    """Where L-BFGS's two loops point, in each fit for itself."""
    direction = gradient.copy()
    steps = []
    for step, change in reversed(past):
        bend = _dot(step, change)
        inverse = np.where(bend > 1e-10, 1 / np.maximum(bend, 1e-10), 0).astype(np.float32)
        along = inverse * _dot(step, direction)
        steps.append((inverse, along))
        direction -= along[:, None] * change
    direction /= curvature
    if past:
        step, change = past[-1]
        scale = _dot(step, change) / np.maximum(_dot(change, change / curvature), 1e-20)
        direction *= np.where(scale > 0, scale, 1).astype(np.float32)[:, None]
    for (step, change), (inverse, along) in zip(past, reversed(steps), strict=True):
        direction += (along - inverse * _dot(change, direction))[:, None] * step
    return direction


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """The inner product [b] of each fit's part of two [d + 1, b, classes]."""
    products: FloatArray = np.einsum("dbk,dbk->b", a, b)
    return products
