"""Cosines between many rows, a block at a time: the nearest rows, and groups of rows that are alike."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.features import FloatArray, row_norms

IntArray = NDArray[np.int64]

_CELLS_AT_ONCE = 8_000_000  # cosines held at once: 32 MB
_GROUPED_AXES = 64
_ASKED = 2000  # rows that tell how near the nearest usually is


def directions(X: FloatArray) -> FloatArray:
    """The rows of `X` [n, d] with the length 1 (a row of zeros stays): their products are cosines."""
    normal: FloatArray = X / row_norms(X)
    return normal


def nearest(
    rows: FloatArray, others: FloatArray, count: int, groups: IntArray | None = None
) -> tuple[IntArray, FloatArray]:
    """The `count` of `others` [m, d] that are nearest to each of `rows` [n, d], and their cosines: both [n, count].

    Nearest first; both are directions (of length 1). With `groups` [n], `rows` are the others themselves, and none is
    near a row of its own group. Where there are fewer than `count`, there are as many columns as there are others.
    """
    count = min(count, len(others))
    found = np.empty((len(rows), count), dtype=np.int64)
    cosines = np.empty((len(rows), count), dtype=np.float32)
    height = max(1, _CELLS_AT_ONCE // max(1, len(others)))
    for start in range(0, len(rows), height):
        block = slice(start, start + height)
        products = rows[block] @ others.T
        if groups is not None:
            products[groups[block, None] == groups[None, :]] = -2
        best = np.argpartition(products, -count, axis=1)[:, -count:] if count else found[block]
        values = np.take_along_axis(products, best, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        found[block] = np.take_along_axis(best, order, axis=1)
        cosines[block] = np.take_along_axis(values, order, axis=1)
    return found, cosines


def nearest_labelled(unsorted: FloatArray, labelled: FloatArray, count: int = 2) -> tuple[IntArray, FloatArray]:
    """Which labelled rows [n, count] are nearest to each of `unsorted` [n, d], and their cosines [n, count].

    These are what a prediction can be explained by.
    """
    return nearest(directions(unsorted), directions(labelled), count)


def alike_groups(X: FloatArray, within: IntArray) -> IntArray:
    """The group [n] of each of `X` [n, d]: clips of one group are alike, and have the same of `within` [n] (such as
    the folder they are predicted into). Groups are numbered from the largest on.

    Every clip of a group is as near to its middle clip as a clip usually is to its nearest. The clip with the most
    others that near is a middle, then, of those that are left, the next (star clustering, Aslam et al. 2004). The
    cosines are on the 64 axes that hold most of the rows.
    """
    groups = np.arange(len(X))
    if len(X) < 2:
        return groups
    rows = _on_widest_axes(X)
    some = rows[:: math.ceil(len(rows) / _ASKED)]
    closeness = np.median(nearest(some, rows, 2)[1][:, 1])  # the nearest of all is the row itself
    for value in np.unique(within):
        members = np.flatnonzero(within == value)
        groups[members] = members[_stars(rows[members], float(closeness))]
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    numbered: IntArray = rank[inverse]
    return numbered


def _stars(rows: FloatArray, closeness: float) -> IntArray:
    """The middle [n] of the star that each of `rows` [n, d], of length 1, belongs to."""
    height = max(1, _CELLS_AT_ONCE // len(rows))
    degrees = np.concatenate(
        [(rows[start : start + height] @ rows.T >= closeness).sum(axis=1) for start in range(0, len(rows), height)]
    )
    middle = np.full(len(rows), -1)
    for row in np.argsort(-degrees, kind="stable"):
        if degrees[row] == 1:
            middle[row] = row
        elif middle[row] < 0:
            free = np.flatnonzero(middle < 0)
            middle[free[rows[free] @ rows[row] >= closeness]] = row
            middle[row] = row
    return middle


def _on_widest_axes(X: FloatArray) -> FloatArray:
    rows = directions(X)
    if rows.shape[1] <= _GROUPED_AXES:
        return rows
    axes = np.linalg.eigh(rows.T @ rows)[1].astype(np.float32)
    return directions(rows @ axes[:, -_GROUPED_AXES:])
