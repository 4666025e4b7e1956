"""Which clips are held out together: near-duplicates are, and every folder is spread over the folds.

Knows no classifier.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tiksort_tui.learning.features import FloatArray, row_norms

IntArray = NDArray[np.int64]

ALWAYS_TRAINING = -1
"""The fold of a clip that is never held out."""

NEAR_DUPLICATE = 0.985
"""The cosine from which two clips' pictures are taken for the same."""

_ROWS_AT_ONCE = 1024


def near_duplicates(vectors: FloatArray, groups: IntArray) -> IntArray:
    """The group [n] of each clip: what is in one of `groups` [n], or looks the same by `vectors` [n, d], shares one.

    Looking the same is passed on: of three clips of which each looks like the next, all three share a group.
    """
    normal = vectors / row_norms(vectors)
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    left, right = [first[inverse]], [np.arange(len(groups))]
    for start in range(0, len(normal), _ROWS_AT_ONCE):
        rows, others = np.nonzero(normal[start : start + _ROWS_AT_ONCE] @ normal.T >= NEAR_DUPLICATE)
        left.append(rows + start)
        right.append(others)
    pairs = np.concatenate(left), np.concatenate(right)
    links = coo_array((np.ones(len(pairs[0]), dtype=np.bool_), pairs), shape=(len(groups), len(groups)))
    _, component = connected_components(links, directed=False)
    return np.asarray(component, dtype=np.int64)


def assign_folds(labels: IntArray, groups: IntArray, folds: int, seed: int) -> IntArray:
    """The fold [n] of each clip: every label is spread over `folds` folds as evenly as its groups allow.

    The clips of a group share a fold, and every label has clips outside each fold. ALWAYS_TRAINING is given to a label
    that has a single group, and to a group with several labels, which could not tell right from wrong.
    """
    rng = np.random.default_rng(seed)
    assigned = np.full(len(labels), ALWAYS_TRAINING, dtype=np.int64)
    label_counts = np.zeros((labels.max() + 1, folds), dtype=np.int64)
    group_of_pair, _ = np.unique(np.stack([groups, labels]), axis=1)
    distinct, label_count = np.unique(group_of_pair, return_counts=True)
    mixed = distinct[label_count > 1]
    for label in np.unique(labels):
        members = rng.permutation(np.setdiff1d(groups[labels == label], mixed))
        if len(members) < 2:
            continue
        for group in members:
            clips = groups == group
            # The fold that has the fewest of this label, and among these the fewest of all.
            fold = np.lexsort((label_counts.sum(axis=0), label_counts[label]))[0]
            assigned[clips] = fold
            label_counts[label, fold] += clips.sum()
    return assigned
