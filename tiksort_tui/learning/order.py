"""In which order unsorted clips are shown: each function gives the rows' order, the first to show first.

Arrays in, arrays out; the same arguments give the same order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.similar import directions, nearest

IntArray = NDArray[np.int64]

_CHANCE = 0.2  # of the clips shown, so that what the model has never doubted is seen too (Settles 2009)
_SPREAD = 200  # places that are spread out; those after them come again when the model has learned from these
_ROUND = 10  # places that are filled at once,
_CHOICE = 2  # from as many times more clips that teach the most
_DOUBTFUL = 2000  # clips of least margin that are weighed by how typical they are
_COMPANY = 20  # the nearest of them that say so
_TYPICAL_FLOOR = 0.05  # of cosine, so that the least typical is not worthless


def surest_first(probabilities: FloatArray) -> IntArray:
    """The order [n] of the rows of `probabilities` [n, k] by confidence."""
    return np.argsort(-probabilities.max(axis=1), kind="stable")


def margins(probabilities: FloatArray) -> FloatArray:
    """By how much the likeliest folder of each row of `probabilities` [n, k] leads the next (Scheffer et al. 2001)."""
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities), dtype=np.float32)
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    lead: FloatArray = two[:, 1] - two[:, 0]
    return lead


def least_sure_first(probabilities: FloatArray, X: FloatArray, labelled: FloatArray, seed: int) -> IntArray:
    """The order [n] in which labels teach most: doubtful and typical ones of `X` [n, d], spread out, and a fifth by
    chance.

    A clip teaches the more the smaller its margin and the nearer it is to others that are doubtful too (information
    density, Settles and Craven 2008): the most doubtful of all are often odd ones. The first places are filled ten at
    a time from the twenty that teach most, each as far as can be from the labelled ones [m, d] and those before it
    (k-centre, Sener and Savarese 2018); the rest is by margin.
    """
    if not len(X):
        return np.zeros(0, dtype=np.int64)
    lead = margins(probabilities)
    by_margin = np.argsort(lead, kind="stable")
    doubtful = by_margin[:_DOUBTFUL]
    typical = nearest(directions(X[doubtful]), directions(X[doubtful]), _COMPANY + 1)[1].mean(axis=1)
    worth = (1 - lead[doubtful]) * (typical - typical.min() + _TYPICAL_FLOOR)
    left = doubtful[np.argsort(-worth, kind="stable")]
    spread = left[:0]
    while len(left) and len(spread) < _SPREAD:
        best = left[: _CHOICE * _ROUND]
        known = np.concatenate([labelled, X[spread]])
        spread = np.concatenate([spread, best[_farthest_first(X[best], known, min(_ROUND, len(best)))]])
        left = left[~np.isin(left, spread)]
    ordered = _first_ones_first(spread, by_margin)
    rng = np.random.default_rng(seed)
    at_random = rng.permutation(len(X))
    by_chance = rng.random(len(X)) < _CHANCE
    mixed = np.empty(2 * len(X), dtype=np.int64)
    mixed[0::2], mixed[1::2] = ordered, at_random
    # Each place takes the next of one of the two lists; who was shown already is passed over.
    turn = np.empty(2 * len(X))
    turn[0::2], turn[1::2] = _places(~by_chance), _places(by_chance)
    return _first_ones_first(mixed[np.argsort(turn, kind="stable")], by_margin)


def most_different_first(X: FloatArray, labelled: FloatArray) -> IntArray:
    """The order [n] of `X` [n, d] from the clip that is farthest from all labelled ones [m, d] and those before it."""
    first = _farthest_first(X, labelled, min(_SPREAD, len(X)))
    rest = np.setdiff1d(np.arange(len(X)), first)
    if not len(rest):
        return first
    near = (directions(X[rest]) @ directions(X[first]).T).max(axis=1)
    return np.concatenate([first, rest[np.argsort(near, kind="stable")]])


def _places(taken: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The places [n] at which the first, second … of a list is shown: where it is its turn, and after all of those."""
    where = np.flatnonzero(taken)
    return np.concatenate([where, len(taken) + np.arange(len(taken) - len(where))])


def _first_ones_first(first: IntArray, all_rows: IntArray) -> IntArray:
    """`first` and then the others of `all_rows`, each once."""
    joined = np.concatenate([first, all_rows])
    _, at = np.unique(joined, return_index=True)
    return joined[np.sort(at)]


def _farthest_first(X: FloatArray, labelled: FloatArray, count: int) -> IntArray:
    """`count` rows of `X` [n, d], each the farthest from the labelled ones [m, d] and those before it."""
    if not count:
        return np.zeros(0, dtype=np.int64)
    rows = directions(X)
    # Where nothing is labelled, the most typical clip is as good a beginning as any.
    near = (rows @ directions(labelled).T).max(axis=1) if len(labelled) else rows @ -rows.mean(axis=0)
    chosen = np.empty(count, dtype=np.int64)
    for place in range(count):
        chosen[place] = row = near.argmin()
        near = np.maximum(near, rows @ rows[row])
        near[row] = np.inf
    return chosen
