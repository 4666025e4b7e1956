"""In which order unsorted clips are shown: each function gives the rows' order, the first to show first.

Arrays in, arrays out; the same arguments give the same order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.similar import directions

IntArray = NDArray[np.int64]

_CHANCE = 0.2  # of the clips shown, so that what the model has never doubted is seen too (Settles 2009)
_SPREAD = 200  # places that are spread out; those after them come again when the model has learned from these
_POOL = 5  # for each place to be spread out, so many doubtful clips to choose from


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
    """The order [n] in which labels teach most: by margin, spread over `X` [n, d], and a fifth of them by chance.

    The first places are dealt out among the clips of small margin so that each is as far as can be from the labelled
    ones [m, d] and from those before it (k-centre, Sener and Savarese 2018); the rest is by margin.
    """
    by_margin = np.argsort(margins(probabilities), kind="stable")
    pool = by_margin[: _SPREAD * _POOL]
    spread = pool[_farthest_first(X[pool], labelled, min(_SPREAD, len(pool)))]
    doubtful = _first_ones_first(spread, by_margin)
    rng = np.random.default_rng(seed)
    at_random = rng.permutation(len(X))
    by_chance = rng.random(len(X)) < _CHANCE
    mixed = np.empty(2 * len(X), dtype=np.int64)
    mixed[0::2], mixed[1::2] = doubtful, at_random
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
