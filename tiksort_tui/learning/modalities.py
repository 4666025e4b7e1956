"""Which modalities are looked at: the visual one, and each other that makes held-out clips less of a surprise."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.evaluation import try_candidates
from tiksort_tui.learning.features import FloatArray
from tiksort_tui.report import ModalityLift

IntArray = NDArray[np.int64]

_JUDGE = "logistic"  # quick, and never far behind the others


def choose_modalities(
    X: FloatArray,
    y: IntArray,
    classes: int,
    groups: IntArray,
    folds: IntArray,
    blocks: Mapping[str, slice],
    seed: int,
) -> tuple[NDArray[np.bool_], tuple[ModalityLift, ...]]:
    """Which columns [d] of `X` [n, d] to learn from, and what each modality but the first of `blocks` brings.

    The first block is looked at in any case. Of the others the one that lifts the out-of-fold log-loss of a logistic
    regression the most is added, if it lifts it at all, then those that are left are tried again. (To ask for more
    than a standard error leaves out what helps: 65 clips are too few to show it.)
    """
    used = (X != 0).any(axis=0)
    others = {name: part for name, part in list(blocks.items())[1:] if used[part].any()}
    for part in others.values():
        used[part] = False
    if not used.any():  # no clip has a picture: then whatever there is
        return (X != 0).any(axis=0), ()
    lifts: list[ModalityLift] = []
    if not others:
        return used, ()
    losses = _losses(X[:, used], y, classes, groups, folds, seed)
    while others and losses is not None:
        tried = {}
        for name, part in others.items():
            columns = used.copy()
            columns[part] = (X[:, part] != 0).any(axis=0)
            with_it = _losses(X[:, columns], y, classes, groups, folds, seed)
            assert with_it is not None
            gain = losses - with_it
            error = float(gain.std() / math.sqrt(len(gain)))
            tried[name] = ModalityLift(name, float(gain.mean()), error, bool(gain.mean() > 0)), columns, with_it
        best = max(tried, key=lambda name: tried[name][0].lift)
        if not tried[best][0].used:
            lifts += [ModalityLift(lift.name, lift.lift, lift.standard_error, False) for lift, _, _ in tried.values()]
            break
        lift, used, losses = tried[best]
        lifts.append(lift)
        del others[best]
    return used, tuple(lifts)


def _losses(
    X: FloatArray, y: IntArray, classes: int, groups: IntArray, folds: IntArray, seed: int
) -> FloatArray | None:
    trials = try_candidates(X, y, classes, groups, folds, seed, [_JUDGE])
    return trials[_JUDGE].losses if trials else None
