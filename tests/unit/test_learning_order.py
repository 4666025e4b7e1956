"""The order of unsorted clips, groups of alike ones, what is near, what fits nowhere, and what is misfiled."""

from __future__ import annotations

import numpy as np
import pytest

from tiksort_tui.learning import (
    ODD_ONE_OUT,
    alike_groups,
    fits_somewhere,
    least_sure_first,
    most_different_first,
    nearest_labelled,
    surest_first,
)
from tiksort_tui.learning.misfilings import misfiled


def blobs(counts, spread=0.3, dim=32, seed=0):
    """Rows around as many directions as there are counts, and which direction each is around."""
    centres = np.random.default_rng(99).normal(size=(len(counts), dim)) * 2
    which = np.repeat(np.arange(len(counts)), counts)
    X = centres[which] + spread * np.random.default_rng(seed).normal(size=(len(which), dim))
    return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32), which


def probabilities_of_margin(margin):
    return np.stack([(1 + margin) / 2, (1 - margin) / 2], axis=1).astype(np.float32)


def test_the_surest_come_first_and_ties_keep_their_order():
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.4, 0.6], [0.95, 0.05]], np.float32)
    assert surest_first(probabilities).tolist() == [3, 1, 0, 2]


def test_learning_order_is_each_row_once_mostly_doubtful_with_some_chance_and_the_same_for_a_seed():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 16)).astype(np.float32)
    margin = np.linspace(0, 1, 3000)
    order = least_sure_first(probabilities_of_margin(margin), X, X[:5], seed=3)
    assert sorted(order) == list(range(3000))
    doubtful = (order[:100] < 1500).mean()
    assert 0.8 < doubtful < 1
    again = least_sure_first(probabilities_of_margin(margin), X, X[:5], seed=3)
    assert order.tolist() == again.tolist()
    assert order.tolist() != least_sure_first(probabilities_of_margin(margin), X, X[:5], seed=4).tolist()


def test_learning_order_spreads_over_kinds_of_clips_and_leaves_odd_ones_for_later():
    # Four kinds of clips, one of them labelled, and ten clips that are like nothing, all equally doubtful.
    X, which = blobs((60, 60, 60, 60))
    odd = np.random.default_rng(7).normal(size=(10, 32)).astype(np.float32)
    rows = np.vstack([X, odd / np.linalg.norm(odd, axis=1, keepdims=True)])
    kinds = np.append(which, np.full(10, 4))
    order = least_sure_first(probabilities_of_margin(np.full(250, 0.1)), rows, X[:3], seed=0)
    assert set(kinds[order[:10]]) >= {1, 2, 3}
    assert (kinds[order[:20]] == 4).sum() <= 2


def test_orders_of_few_rows():
    for count in (0, 1, 2):
        X = np.eye(4, dtype=np.float32)[:count]
        probabilities = np.full((count, 2), 0.5, np.float32)
        assert sorted(least_sure_first(probabilities, X, X[:0], 0)) == list(range(count))
        assert sorted(most_different_first(X, X[:0])) == list(range(count))
        assert sorted(surest_first(probabilities)) == list(range(count))
        assert len(alike_groups(X, np.zeros(count, np.int64))) == count


def test_most_different_first_begins_far_from_the_labelled_and_goes_far_from_itself():
    X, which = blobs((50, 50, 50))
    order = most_different_first(X, X[:10])
    assert sorted(order) == list(range(150))
    assert which[order[0]] != 0
    assert set(which[order[:2]]) == {1, 2}


def test_alike_clips_share_a_group_the_largest_first_and_never_across_folders():
    tight, which = blobs((12, 7, 1), spread=0.02)
    groups = alike_groups(tight, np.zeros(20, np.int64))
    assert len(set(groups[which == 2])) == 1
    assert groups[which == 2][0] not in groups[which != 2]
    sizes = np.bincount(groups)
    assert (np.diff(sizes) <= 0).all()
    largest = which[groups == 0]
    assert len(largest) >= 3
    assert len(set(largest)) == 1
    predicted = np.arange(20) % 2
    for group in set(alike_groups(tight, predicted)):
        assert len(set(predicted[alike_groups(tight, predicted) == group])) == 1


def test_the_nearest_labelled_rows_explain_a_clip():
    labelled = np.array([[1, 0], [0, 2], [3, 3]], np.float32)
    indices, cosines = nearest_labelled(np.array([[2, 0.1], [0.1, 1]], np.float32), labelled)
    assert indices.tolist() == [[0, 2], [1, 2]]
    np.testing.assert_allclose(cosines[0], [np.cos(0.04996), np.cos(np.pi / 4 - 0.04996)], atol=1e-4)
    assert nearest_labelled(labelled, labelled[:1])[0].shape == (3, 1)
    assert nearest_labelled(labelled, labelled[:0])[0].shape == (3, 0)


def test_what_is_far_from_all_labelled_clips_fits_nowhere_and_ordinary_clips_do():
    labelled, _ = blobs((40, 40, 40), spread=1.0)
    ordinary, _ = blobs((60, 60, 60), spread=1.0, seed=1)
    strange = -labelled[:20]
    groups = np.arange(120)
    assert (fits_somewhere(strange, labelled, groups) < ODD_ONE_OUT).mean() > 0.9
    assert (fits_somewhere(ordinary, labelled, groups) < ODD_ONE_OUT).mean() < 0.08


def test_copies_do_not_make_ordinary_clips_look_strange():
    one, _ = blobs((40, 40), spread=1.0)
    twice = np.repeat(one, 2, axis=0)
    ordinary, _ = blobs((60, 60), spread=1.0, seed=1)
    groups = np.repeat(np.arange(80), 2)
    assert (fits_somewhere(ordinary, twice, groups) < ODD_ONE_OUT).mean() < 0.1
    assert fits_somewhere(ordinary, one[:3], np.arange(3)).min() == 1


def test_few_labels_call_no_clip_an_outlier():
    labelled, _ = blobs((10, 10), spread=0.2)
    assert (fits_somewhere(-labelled, labelled, np.arange(20)) >= ODD_ONE_OUT).all()


def test_confident_learning_weighs_each_folder_by_its_own_sureness():
    # The second folder's clips are usually given 0.6, the first one's 0.9.
    probabilities = np.array([[0.9, 0.1]] * 10 + [[0.4, 0.6]] * 10 + [[0.3, 0.7], [0.75, 0.25]], np.float32)
    y = np.array([0] * 10 + [1] * 10 + [0, 1])
    rows, better = misfiled(probabilities, y)
    assert rows.tolist() == [20]  # 0.7 is sure for the second folder, 0.75 is not for the first
    assert better.tolist() == [1]


@pytest.mark.timeout(120)
def test_twenty_thousand_rows_are_ordered():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 256)).astype(np.float32)
    probabilities = rng.dirichlet(np.ones(8), size=20_000).astype(np.float32)
    for order in (least_sure_first(probabilities, X, X[:600], 0), most_different_first(X, X[:600])):
        assert np.array_equal(np.sort(order), np.arange(20_000))
