"""The promise for filing by itself: what held-out clips can show, and what they cannot."""

from __future__ import annotations

import numpy as np
import pytest

from tiksort_tui.learning.promise import audit, fewest_clips, highest_precision, lowest_precision, promise


def clips(rights, confidence=None):
    right = np.array(rights, dtype=bool)
    falling = np.linspace(0.999, 0.2, len(right)).astype(np.float32) if confidence is None else confidence
    return falling, right, np.ones(len(right), dtype=bool)


def test_it_takes_114_right_clips_to_promise_98_percent():
    assert fewest_clips(0.98) == 114
    assert fewest_clips(0.9) == 22
    assert lowest_precision(114, 114) >= 0.98 > lowest_precision(113, 113)
    assert promise(*clips([1] * 114)).threshold == pytest.approx(0.2)
    few = promise(*clips([1] * 100))
    assert (few.threshold, few.coverage) == (None, 0)
    assert few.needed == 14
    assert promise(*clips([1] * 100), target=0.9).threshold is not None


def test_the_bounds_are_those_of_clopper_and_pearson():
    assert lowest_precision(9, 10) == pytest.approx(0.6632, abs=1e-4)  # beta.ppf(0.1, 9, 2)
    assert highest_precision(9, 10) == pytest.approx(0.9895, abs=1e-4)
    assert (lowest_precision(0, 5), highest_precision(5, 5)) == (0, 1)


def test_the_walk_stops_at_the_first_failure_even_if_a_larger_set_would_pass():
    # 150 right, one wrong, then 250 right: of all 401 clips the bound is over 0.98 again.
    rights = [1] * 150 + [0] + [1] * 250
    assert lowest_precision(400, 401) > 0.98
    confidence, right, eligible = clips(rights)
    made = promise(confidence, right, eligible)
    assert made.threshold == confidence[149]
    assert made.coverage == pytest.approx(150 / 401)


def test_clips_of_the_same_confidence_are_on_the_same_side():
    confidence = np.array([0.9] * 120 + [0.8] * 60, dtype=np.float32)
    right = np.array([1] * 120 + [1] * 30 + [0] * 30, dtype=bool)
    made = promise(confidence, right, np.ones(180, dtype=bool))
    assert made.threshold == pytest.approx(0.9)
    assert promise(np.full(180, 0.9, np.float32), right, np.ones(180, dtype=bool)).threshold is None


def test_clips_put_into_a_folder_that_is_only_suggested_are_not_counted_as_filed():
    confidence, right, eligible = clips([0] * 20 + [1] * 150)
    assert promise(confidence, right, eligible).threshold is None
    eligible[:20] = False
    made = promise(confidence, right, eligible)
    assert made.coverage == pytest.approx(150 / 170)


def test_a_sure_mistake_among_few_clips_asks_for_more_and_hopeless_ones_for_none():
    one_wrong = promise(*clips([1] * 100 + [0] + [1] * 50))
    assert one_wrong.threshold is None
    assert one_wrong.needed is not None
    assert one_wrong.needed > 0
    assert promise(*clips([1, 0] * 100)).needed is None


def test_of_many_trials_the_promise_is_broken_in_less_than_a_tenth():
    """True precision among the surest share q of clips is 1 - q / 8: at 0.98 the share to file is 0.16."""
    rng = np.random.default_rng(0)
    broken = 0
    for _ in range(200):
        confidence = rng.random(1500).astype(np.float32)
        right = rng.random(1500) > (1 - confidence) / 4
        made = promise(confidence, right, np.ones(1500, dtype=bool))
        # Over the threshold t, 1 - (1 - t) / 8 of the clips are right.
        broken += made.threshold is not None and 1 - (1 - made.threshold) / 8 < 0.98
    assert broken <= 20


def test_no_clips_and_impossible_targets():
    nothing = promise(np.zeros(0, np.float32), np.zeros(0, bool), np.zeros(0, bool))
    assert (nothing.threshold, nothing.needed) == (None, 114)
    with pytest.raises(ValueError, match="between 0 and 1"):
        promise(*clips([1] * 10), target=1.0)


def test_an_audit_tells_a_broken_promise_from_bad_luck():
    made = promise(*clips([1] * 200))
    assert audit(made, 0, 0).precision is None
    assert audit(made, 0, 0).kept
    assert audit(made, 19, 1).kept  # one of twenty happens at 98 % too
    bad = audit(made, 30, 5)
    assert not bad.kept
    assert bad.lower < bad.precision < bad.upper < made.target
