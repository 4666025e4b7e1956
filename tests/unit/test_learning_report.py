"""What a fit says of itself: scores, modalities, misfilings, notes; and that candidates are compared fairly."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tiksort_tui.learning import Classifier, StorageError, fit, save_tensors
from tiksort_tui.learning.classifiers import CANDIDATES
from tiksort_tui.learning.evaluation import Trial, choose
from tiksort_tui.learning.fitting import SELECTED_ON, _stratified
from tiksort_tui.learning.heads import near_the_best, usual_if_near
from tiksort_tui.learning.logistic import balanced_weights, principal_axes, solve
from tiksort_tui.report import Report

FOLDERS = ("cats", "cooking", "music", "travel")


def clips(counts, spread=0.8, dim=24, seed=0):
    centres = np.random.default_rng(99).normal(size=(len(FOLDERS), dim))
    labels = np.repeat(np.arange(len(counts)), counts)
    X = centres[labels] + spread * np.random.default_rng(seed).normal(size=(len(labels), dim))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X.astype(np.float32), [FOLDERS[label] for label in labels]


@pytest.fixture(scope="module")
def noisy():
    """A model of 160 clips of which some are hard to tell, and of which ten were put into another folder."""
    X, labels = clips((60, 60, 36, 4), spread=0.9)
    moved = list(range(0, 50, 5))
    for row in moved:
        labels[row] = "cooking"
    return fit(X, labels), moved


def test_the_tables_of_the_report_add_up(noisy):
    report = noisy[0].report
    confusion = np.array(report.confusion)
    assert confusion.shape == (4, 4)
    assert confusion.sum() == 160
    for index, score in enumerate(report.folders):
        assert score.clips == confusion[index].sum()
        assert score.recall == pytest.approx(confusion[index, index] / confusion[index].sum())
        if score.precision is not None:
            assert score.precision == pytest.approx(confusion[index, index] / confusion[:, index].sum())
    assert sum(part.count for part in report.reliability) in (160, 320)  # once for each repeat that was tried
    gaps = sum(part.count * abs(part.confidence - part.accuracy) for part in report.reliability)
    assert report.calibration_error == pytest.approx(gaps / sum(part.count for part in report.reliability))
    assert {candidate.kind for candidate in report.candidates} == {"knn", "logistic", "mlp", "ensemble"}
    assert all(0 < candidate.standard_error < 0.1 for candidate in report.candidates)
    assert report.accuracy == pytest.approx(report.cv_accuracy[report.kind])
    assert [score.suggestion_only for score in report.folders] == [False, False, False, True]
    assert any("Only suggested" in note and "travel" in note for note in report.remarks)
    assert any("roughly measured: travel" in note for note in report.notes)


def test_misfiled_clips_are_named_with_their_row_and_better_folder(noisy):
    classifier, moved = noisy
    found = {one.row: one for one in classifier.report.misfilings}
    assert len(set(found) & set(moved)) >= 5
    assert len(set(found) - set(moved)) <= 1
    assert all(found[row].folder == "cats" for row in set(found) & set(moved))
    assert all(0 < one.confidence <= 1 for one in found.values())


def test_a_report_goes_through_json(noisy):
    report = noisy[0].report
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_sure_clips_are_those_over_the_threshold_and_not_in_a_folder_that_is_only_suggested(noisy):
    classifier, _ = noisy
    probabilities = np.array([[0.9, 0.1, 0, 0], [0.5, 0.3, 0.2, 0], [0, 0, 0, 1]], np.float32)
    assert classifier.sure(probabilities, threshold=0.8).tolist() == [True, False, False]
    if classifier.report.promise.threshold is None:
        assert not classifier.sure(probabilities).any()


def test_the_promise_is_over_held_out_clips_and_can_be_lowered(quick):
    X, labels = clips((80, 80, 80), spread=0.9)
    report = fit(X, labels).report
    assert report.promise.threshold is not None
    assert report.promise.coverage >= 114 / 240
    lower = fit(*clips((12, 12, 12), spread=0.6), target=0.9).report.promise
    assert (lower.target, lower.threshold is not None) == (0.9, True)
    assert fit(*clips((12, 12, 12), spread=0.6)).report.promise.needed >= 114 - 36


@pytest.fixture
def quick(monkeypatch):
    """Without the perceptron, which takes the longest, where the test is not about it."""
    monkeypatch.delitem(CANDIDATES, "mlp")


def test_a_modality_is_used_only_if_it_helps_and_the_report_says_by_how_much(quick):
    X, labels = clips((40, 40, 40), spread=2.0)
    other, _ = clips((40, 40, 40), spread=1.5, seed=5)
    noise = np.random.default_rng(3).normal(size=(120, 12)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    blocks = {"visual": slice(0, 24), "transcript": slice(24, 48), "sound": slice(48, 60)}
    classifier = fit(np.hstack([X, other, noise]), labels, blocks=blocks)
    lifts = {lift.name: lift for lift in classifier.report.modalities}
    assert lifts["transcript"].used
    assert lifts["transcript"].lift > 0.1
    assert not lifts["sound"].used
    assert lifts["sound"].lift < 0
    louder = np.hstack([X, other, 50 * noise])
    np.testing.assert_array_equal(
        classifier.predict_proba(louder), classifier.predict_proba(np.hstack([X, other, noise]))
    )


def test_clips_that_have_only_sound_are_learned_from_their_sound(quick):
    X, labels = clips((12, 12))
    silent = np.hstack([np.zeros((24, 8), np.float32), X])
    report = fit(silent, labels, blocks={"visual": slice(0, 8), "sound": slice(8, 32)}).report
    assert report.accuracy > 0.9


def test_the_batched_regressions_are_those_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    X, labels = clips((20, 12, 7), spread=1.5)
    y = np.unique(labels, return_inverse=True)[1]
    mean, axes = principal_axes(X)
    masks = np.ones((2, len(y)), dtype=bool)
    masks[1, ::3] = False
    solved = solve((X - mean) @ axes, y, 3, balanced_weights(y, 3, masks), 10.0)
    for mask, coefficients in zip(masks, solved, strict=True):
        theirs = LogisticRegression(C=10.0, class_weight="balanced", max_iter=5000, tol=1e-8).fit(X[mask], y[mask])
        ours = (X - mean) @ axes @ coefficients[:-1] + coefficients[-1]
        centred = ours - ours.mean(axis=1, keepdims=True)
        expected = theirs.decision_function(X)
        np.testing.assert_allclose(centred, expected - expected.mean(axis=1, keepdims=True), atol=0.05)


def test_turning_many_rows_loses_nothing():
    X = np.random.default_rng(0).normal(size=(90, 20)).astype(np.float32)
    for rows in (X, X[:10]):
        mean, axes = principal_axes(rows)
        turned = (rows - mean) @ axes
        np.testing.assert_allclose(turned @ turned.T, (rows - mean) @ (rows - mean).T, atol=1e-3)
        assert (np.diff(turned.std(axis=0)) < 1e-4).all()


def test_two_values_that_differ_on_one_clip_are_as_good_and_clear_differences_count():
    right = np.ones((3, 60), np.float32)
    right[1, 0] = 0
    right[2, :20] = 0
    assert near_the_best(right).tolist() == [True, True, False]
    assert usual_if_near(right, np.array([2.0, 0.0, 1.0])) == 1
    assert usual_if_near(right, np.array([2.0, 3.0, 0.0])) == 0


def trial(kind, hits, loss):
    nothing = np.zeros((1, len(hits), 2), np.float32)
    right = np.array(hits, np.float32)
    return Trial(kind, {}, nothing, nothing, right, np.full(len(hits), loss, np.float32))


def test_the_most_accurate_is_chosen_and_among_near_ones_the_better_log_loss():
    often, seldom = [1] * 90 + [0] * 10, [1] * 60 + [0] * 40
    nearly = [1] * 89 + [0] * 11
    tried = (trial("knn", seldom, 0.1), trial("logistic", often, 0.4), trial("mlp", nearly, 0.3))
    named = {one.kind: one for one in tried}
    assert choose(named).kind == "mlp"
    assert choose({kind: named[kind] for kind in ("knn", "logistic")}).kind == "logistic"
    same = {one.kind: one for one in (trial("knn", often, 0.3), trial("logistic", often, 0.3))}
    assert choose(same).kind == "knn"


def test_of_very_many_clips_the_choice_is_made_on_a_part_with_every_folder():
    y = np.repeat(np.arange(3), [9000, 2000, 3])
    rows = _stratified(y, SELECTED_ON, 0)
    assert abs(len(rows) - SELECTED_ON) < 5
    assert np.bincount(y[rows])[2] >= 2
    assert np.bincount(y[rows])[0] == pytest.approx(SELECTED_ON * 9000 / 11003, abs=2)
    assert (np.diff(rows) > 0).all()


def test_the_file_of_an_earlier_version_says_that_it_must_be_made_anew(tmp_path):
    path = tmp_path / "model.pt"
    save_tensors(path, {"format": "tiksort-classifier-1", "folders": ["a", "b"], "report": {}})
    with pytest.raises(StorageError, match="train again"):
        Classifier.load(path)
    save_tensors(path, {"format": "tiksort-classifier-2", "folders": ["a", "b"], "report": {"kind": "knn"}})
    with pytest.raises(StorageError, match="train again"):
        Classifier.load(path)
