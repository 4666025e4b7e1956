"""What may be filed without a person: the confidence from which at least so many of 100 clips are right.

Only says what held-out clips can show; where they cannot, it promises nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from tiksort_tui.learning.features import FloatArray
from tiksort_tui.report import Audit, Promise

LEVEL = 0.9
"""How often, of 100 promises, 90 are kept at least."""

DEFAULT_TARGET = 0.98

_OFFERS = (0.95, 0.9, 0.8)  # lower targets that are offered where one cannot be promised
_GROWTHS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)


def fewest_clips(target: float) -> int:
    """How many clips, all of them right, it takes to show a precision of `target`: 114 for 0.98."""
    return math.ceil(math.log(1 - LEVEL) / math.log(target))


def lowest_precision(right: int, clips: int) -> float:
    """The one-sided lower bound of the precision when `right` of `clips` are right (Clopper and Pearson 1934)."""
    return float(betaincinv(right, clips - right + 1, 1 - LEVEL)) if right else 0.0


def highest_precision(right: int, clips: int) -> float:
    """The one-sided upper bound of the precision when `right` of `clips` are right."""
    return float(betaincinv(right + 1, clips - right, LEVEL)) if right < clips else 1.0


def promise(
    confidence: FloatArray, right: NDArray[np.bool_], eligible: NDArray[np.bool_], target: float = DEFAULT_TARGET
) -> Promise:
    """The promise that held-out clips [n] allow: each with its calibrated `confidence` and whether it was `right`.

    Clips that are not `eligible` (predicted into a folder that is a suggestion only) are never filed, so they are left
    out, but count among those that `coverage` is a share of.

    A fixed sequence of tests (Maurer et al. 1995; Angelopoulos et al. 2021): the sets of the surest clips, from the
    smallest that could show the target on, each tested at the full level, until the first fails. Taking the largest
    set that passes would be taking the luckiest of many tests.
    """
    if not 0 < target < 1:
        raise ValueError(f"the target must lie between 0 and 1, not be {target}")
    order = np.argsort(-confidence[eligible], kind="stable")
    sure, hits = confidence[eligible][order], np.cumsum(right[eligible][order], dtype=np.int64)
    # A threshold cannot divide clips of the same confidence.
    ends = np.flatnonzero(np.append(sure[1:] < sure[:-1], True)) + 1 if len(sure) else np.zeros(0, dtype=np.int64)
    if filed := _filed(hits, ends, target):
        return Promise(target, float(sure[filed - 1]), filed / len(confidence), None, None)
    offer = next((lower for lower in _OFFERS if lower < target and _filed(hits, ends, lower)), None)
    return Promise(target, None, 0.0, _needed(hits, len(confidence), target), offer)


def _filed(hits: NDArray[np.int64], ends: NDArray[np.int64], target: float) -> int:
    """How many of the surest clips, of which the first i + 1 have `hits[i]` right ones, may be filed."""
    filed = 0
    for end in ends[ends >= fewest_clips(target)]:
        if lowest_precision(int(hits[end - 1]), int(end)) < target:
            break
        filed = int(end)
    return filed


def _needed(hits: NDArray[np.int64], clips: int, target: float) -> int | None:
    """How many more labels, of which as many are right as of these, would show the target at the least."""
    fewest = fewest_clips(target)
    counts = np.arange(1, len(hits) + 1)
    wrong = counts - hits
    for growth in (fewest / max(1, len(hits)), *_GROWTHS):
        if growth < 1:
            continue
        grown = np.floor(counts * growth + 1e-9)
        lower = betaincinv(np.maximum(grown - wrong * growth, 1e-9), wrong * growth + 1, 1 - LEVEL)
        if ((grown >= fewest) & (lower >= target)).any():
            return max(1, math.ceil((growth - 1) * clips))
    return fewest - clips if clips < fewest else None


def audit(promised: Promise, right: int, wrong: int) -> Audit:
    """What a person says of the sure clips, `right` of them left as predicted and `wrong` filed elsewhere."""
    clips = right + wrong
    upper = highest_precision(right, clips)
    precision = right / clips if clips else None
    return Audit(clips, precision, lowest_precision(right, clips), upper, upper >= promised.target)
