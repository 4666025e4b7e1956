"""Sorted clips that belong elsewhere, and unsorted ones that belong nowhere. Only names them: what to do is asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.similar import directions, nearest

IntArray = NDArray[np.int64]

_NEIGHBOURS = 3
ODD_ONE_OUT = 0.02
"""The share of ordinary clips that look this far away: below it a clip is said to fit nowhere."""


def misfiled(probabilities: FloatArray, y: IntArray) -> tuple[IntArray, IntArray]:
    """Which rows of out-of-fold `probabilities` [n, k] are not in their folder `y` [n], and in which they are.

    Confident learning (Northcutt, Jiang and Chuang 2021): a clip is counted for the folders in which it is at least as
    sure as that folder's own clips are on average, and of these it belongs to the likeliest. Surest first.
    """
    thresholds = np.full(probabilities.shape[1], np.inf)
    for label in np.unique(y):
        thresholds[label] = probabilities[y == label, label].mean()
    counted = np.where(probabilities >= thresholds, probabilities, 0)
    better = counted.argmax(axis=1)
    rows = np.flatnonzero((counted.max(axis=1) > 0) & (better != y))
    surest = np.argsort(probabilities[rows, y[rows]] - probabilities[rows, better[rows]], kind="stable")
    return rows[surest], better[rows[surest]]


def fits_somewhere(unsorted: FloatArray, labelled: FloatArray, groups: IntArray) -> FloatArray:
    """How ordinary each of `unsorted` [n, d] is beside `labelled` [m, d]: the share of labelled clips, 0…1, that are
    as far from their nearest as it is. A clip under ODD_ONE_OUT fits nowhere.

    The distance is the mean cosine of the nearest three (Sun et al. 2022), without clips of the same of `groups` [m]
    for a labelled one; the share is a conformal p-value (Bates et al. 2023): of clips like the labelled ones, no more
    than that share gets it, and with few labels none gets a small one.
    """
    if len(labelled) <= _NEIGHBOURS:
        return np.ones(len(unsorted), dtype=np.float32)
    rows, others = directions(labelled), directions(unsorted)
    own = np.sort(nearest(rows, rows, _NEIGHBOURS, groups)[1].mean(axis=1))
    theirs = nearest(others, rows, _NEIGHBOURS)[1].mean(axis=1)
    shares: FloatArray = ((np.searchsorted(own, theirs, side="right") + 1) / (len(own) + 1)).astype(np.float32)
    return shares
