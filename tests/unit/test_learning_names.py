"""A start without labels: folder names as text, and how they give way to clips."""

from __future__ import annotations

import numpy as np
import pytest

from tiksort_tui.learning import Classifier, FeaturesError, NotEnoughLabels, fit, pool, prompts, refit
from tiksort_tui.learning.classifiers import CANDIDATES
from tiksort_tui.learning.zero_shot import TEMPLATES, text_weights

FOLDERS = ("cats", "cooking", "music", "travel")
DIM = 32


@pytest.fixture(autouse=True)
def _without_the_perceptron(request, monkeypatch):
    """Folder names have nothing to do with which candidate is chosen, and the perceptron takes the longest."""
    if "kind" not in request.fixturenames:
        monkeypatch.delitem(CANDIDATES, "mlp")


def texts(blur=0.0, folders=FOLDERS):
    """Text vectors [DIM] near the folders' clips, apart from them by a common gap, as CLIP's are."""
    centres = np.random.default_rng(99).normal(size=(len(FOLDERS), DIM))
    gap = np.random.default_rng(98).normal(size=DIM) * 2
    noise = np.random.default_rng(97).normal(size=(len(FOLDERS), DIM)) * blur
    vectors = (centres + noise + gap).astype(np.float32)
    return {folder: vectors[FOLDERS.index(folder)] for folder in folders}


def clips(counts, spread=0.8, seed=0):
    centres = np.random.default_rng(99).normal(size=(len(FOLDERS), DIM))
    labels = np.repeat(np.arange(len(counts)), counts)
    X = centres[labels] + spread * np.random.default_rng(seed).normal(size=(len(labels), DIM))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X.astype(np.float32), [FOLDERS[label] for label in labels]


def accuracy(classifier, X, labels):
    best = classifier.predict_proba(X).argmax(axis=1)
    return np.mean([classifier.folders[index] == label for index, label in zip(best, labels, strict=True)])


def test_prompts_name_the_folder_in_every_template_and_take_a_description():
    said = prompts("street_food")
    assert len(said) == len(TEMPLATES)
    assert all("street food" in sentence for sentence in said)
    described = prompts("misc", "clips of dogs in the snow")
    assert sum("dogs in the snow" in sentence for sentence in described) >= 2
    assert prompts("misc", "  ") == prompts("misc")


def test_pooled_prompts_are_a_direction_that_no_long_vector_dominates():
    pooled = pool(np.array([[100, 0], [0, 1]], np.float32))
    np.testing.assert_allclose(pooled, [np.sqrt(0.5), np.sqrt(0.5)], rtol=1e-5)


def test_names_alone_predict_before_there_is_any_label(tmp_path):
    classifier = fit(np.zeros((0, DIM), np.float32), [], texts=texts())
    assert classifier.folders == FOLDERS
    assert classifier.report.kind == "names"
    assert classifier.suggestion_only().all()
    assert accuracy(classifier, *clips((20,) * 4)) > 0.9
    probabilities = classifier.predict_proba(clips((5,) * 4)[0])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert not classifier.sure(probabilities, threshold=0.1).any()
    classifier.save(tmp_path / "model.pt")
    loaded = Classifier.load(tmp_path / "model.pt")
    np.testing.assert_array_equal(loaded.predict_proba(clips((5,) * 4)[0]), probabilities)
    assert loaded.report == classifier.report


def test_one_labelled_folder_beside_empty_ones_is_enough_with_names():
    X, labels = clips((6,))
    with pytest.raises(NotEnoughLabels):
        fit(X, labels)
    classifier = fit(X, labels, texts=texts())
    assert accuracy(classifier, *clips((20,) * 4)) > 0.9


def test_few_labels_and_good_names_are_better_than_few_labels():
    X, labels = clips((2, 2, 2, 2), spread=1.5)
    test = clips((100,) * 4, spread=1.5, seed=1)
    with_names, without = fit(X, labels, texts=texts()), fit(X, labels)
    assert with_names.report.text_weight > 0
    assert accuracy(with_names, *test) > accuracy(without, *test)


def test_names_weigh_less_the_more_clips_there_are():
    assert max(text_weights([0, 0])) == 1
    assert max(text_weights([10, 10])) == pytest.approx(0.5)
    assert max(text_weights([1000, 1000])) < 0.01
    X, labels = clips((150,) * 4)
    plain, named = fit(X, labels), fit(X, labels, texts=texts(blur=3.0))
    test = clips((100,) * 4, seed=1)
    assert accuracy(named, *test) >= accuracy(plain, *test) - 0.01


def test_a_folder_without_clips_takes_part_and_misleading_names_do_not_drown_the_others():
    X, labels = clips((25, 25, 25))
    classifier = fit(X, labels, texts=texts())
    assert classifier.folders == FOLDERS
    assert classifier.suggestion_only().tolist() == [False, False, False, True]
    new, new_labels = clips((0, 0, 0, 40), seed=1)
    assert accuracy(classifier, new, new_labels) > 0.5
    wrong = texts()
    wrong["travel"] = np.random.default_rng(5).normal(size=DIM).astype(np.float32)
    assert accuracy(fit(X, labels, texts=wrong), *clips((40, 40, 40), seed=1)) > 0.9


def test_clips_without_a_picture_leave_names_undecided():
    classifier = fit(np.zeros((0, DIM), np.float32), [], texts=texts())
    np.testing.assert_allclose(classifier.predict_proba(np.zeros((2, DIM), np.float32)), 0.25, rtol=1e-5)


def test_text_vectors_that_cannot_be_are_refused():
    X, labels = clips((4, 4))
    with pytest.raises(ValueError, match="none of cooking"):
        fit(X, labels, texts=texts(folders=("cats",)))
    short = texts() | {"music": np.ones(3, np.float32)}
    with pytest.raises(ValueError, match="music is of shape"):
        fit(X, labels, texts=short)


def test_a_refit_learns_the_first_clips_of_a_named_folder():
    X, labels = clips((25, 25, 25))
    classifier = fit(X, labels, texts=texts(blur=2.0))
    more, more_labels = clips((0, 0, 0, 6), seed=2)
    again = refit(classifier, np.vstack([X, more]), labels + more_labels, texts=texts(blur=2.0))
    assert again.folders == FOLDERS
    assert again.report.labelled == 81
    assert accuracy(again, *clips((0, 0, 0, 40), seed=1)) > 0.9


@pytest.mark.parametrize("kind", ["knn", "logistic", "mlp"])
def test_a_refit_keeps_kind_and_calibration_and_lets_new_folders_in(kind, monkeypatch):
    for other in set(CANDIDATES) - {kind}:
        monkeypatch.delitem(CANDIDATES, other)
    X, labels = clips((20, 20, 20))
    classifier = fit(X, labels)
    more, more_labels = clips((1, 0, 0, 5), seed=2)
    again = refit(classifier, np.vstack([X, more]), labels + more_labels)
    assert (again.report.kind, again.report.temperature) == (kind, classifier.report.temperature)
    assert again.report.parameters == classifier.report.parameters
    assert again.report.promise == classifier.report.promise
    assert [(score.folder, score.clips) for score in again.report.folders][-1] == ("travel", 5)
    assert len(again.report.confusion) == len(again.folders) == 4
    assert accuracy(again, *clips((40,) * 4, seed=1)) > 0.9
    without = [index for index, label in enumerate(labels) if label != "cats"]
    fewer = refit(again, X[without], [labels[index] for index in without])
    assert fewer.folders == ("cooking", "music")
    assert accuracy(fewer, *(part[40:] for part in clips((40, 40, 40), seed=1))) > 0.9


def test_a_refit_to_the_same_rows_predicts_the_same():
    X, labels = clips((25, 25, 25), spread=1.5)
    classifier = fit(X, labels)
    again = refit(classifier, X, labels)
    test, _ = clips((40,) * 3, spread=1.5, seed=1)
    np.testing.assert_allclose(again.predict_proba(test), classifier.predict_proba(test), atol=0.02)


def test_a_refit_refuses_features_of_another_width_and_too_few_folders():
    X, labels = clips((10, 10))
    classifier = fit(X, labels)
    with pytest.raises(FeaturesError, match="is given 5"):
        refit(classifier, X[:, :5], labels)
    with pytest.raises(NotEnoughLabels):
        refit(classifier, X[:10], labels[:10])
