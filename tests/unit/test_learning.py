"""What a fit promises: the right folder, a true confidence, no leak, and the same again tomorrow."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tiksort_tui.errors import TiksortError
from tiksort_tui.learning import (
    Classifier,
    FeaturesError,
    NotEnoughLabels,
    StorageError,
    block_slices,
    fit,
    fitting,
    fuse,
    load_tensors,
    refit,
    save_tensors,
)
from tiksort_tui.learning.calibration import expected_calibration_error, fit_temperature, log_losses, softmax
from tiksort_tui.learning.classifiers import CANDIDATES
from tiksort_tui.learning.folds import ALWAYS_TRAINING, assign_folds, near_duplicates

FOLDERS = ("cats", "cooking", "music", "travel")


def clips(counts, spread=0.4, dim=24, seed=0):
    """L2-normalised features and folder names: `counts` clips of each folder around its own direction."""
    centres = np.random.default_rng(99).normal(size=(len(counts), dim))
    labels = np.repeat(np.arange(len(counts)), counts)
    X = centres[labels] + spread * np.random.default_rng(seed).normal(size=(len(labels), dim)) * np.sqrt(dim) / 2
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X.astype(np.float32), [FOLDERS[label] for label in labels]


def accuracy(classifier, X, labels):
    best = classifier.predict_proba(X).argmax(axis=1)
    return np.mean([classifier.folders[index] == label for index, label in zip(best, labels, strict=True)])


def leave_only(kind, monkeypatch):
    for other in set(CANDIDATES) - {kind}:
        monkeypatch.delitem(CANDIDATES, other)
    monkeypatch.setattr(fitting, "FEWEST_FOR_PERCEPTRON", 0)


@pytest.fixture
def quick(monkeypatch):
    """Without the perceptron, which takes the longest, where the test is not about it."""
    monkeypatch.delitem(CANDIDATES, "mlp")


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor has one thread")
def test_already_the_first_fit_of_a_process_runs_on_one_thread():
    code = """
import sys
import numpy as np
from tiksort_tui.learning import fit, perceptron
train, threads = perceptron._train, set()
def watched(*arguments):
    import torch
    threads.add(torch.get_num_threads())
    return train(*arguments)
perceptron._train = watched
assert "torch" not in sys.modules
y = np.arange(24) % 2
fit(np.random.default_rng(0).normal(size=(24, 8)).astype(np.float32) + y[:, None] * 4, [str(one) for one in y])
print(threads)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{1}"


def test_fuse_normalises_each_modality_and_leaves_zeros_where_it_is_absent():
    visual = [np.array([3, 4], np.float32), np.array([0, 2], np.float32)]
    sound = [None, np.array([0, 0, 5], np.float32)]
    X = fuse([(2, visual), (3, sound)])
    assert X.dtype == np.float32
    np.testing.assert_allclose(X, [[0.6, 0.8, 0, 0, 0], [0, 1, 0, 0, 1]], rtol=1e-6)
    assert block_slices({"visual": 2, "sound": 3}) == {"visual": slice(0, 2), "sound": slice(2, 5)}


def test_fuse_refuses_a_vector_of_another_width():
    with pytest.raises(ValueError, match="2 wide"):
        fuse([(2, [np.ones(1, np.float32)])])


@pytest.mark.parametrize("kind", CANDIDATES)
@pytest.mark.parametrize("folders", [2, 3])
def test_every_candidate_learns_separable_folders(kind, folders, monkeypatch):
    leave_only(kind, monkeypatch)
    classifier = fit(*clips((30,) * folders))
    assert classifier.report.kind == kind
    assert classifier.report.cv_accuracy[kind] > 0.95
    assert accuracy(classifier, *clips((20,) * folders, seed=1)) > 0.95


def test_probabilities_are_calibrated_rows_in_the_order_of_the_folders():
    X, labels = clips((20, 20, 20))
    classifier = fit(X, labels)
    probabilities = classifier.predict_proba(X)
    assert classifier.folders == ("cats", "cooking", "music")
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert accuracy(classifier, *clips((20, 20, 20), seed=1)) > 0.95
    assert classifier.predict_proba(X[:0]).shape == (0, 3)


def test_small_folders_beside_a_large_one_are_still_found(quick):
    classifier = fit(*clips((150, 8, 5)))
    X, labels = clips((0, 20, 20), seed=1)
    assert accuracy(classifier, X, labels) > 0.8
    assert {score.folder: score.clips for score in classifier.report.folders} == {"cats": 150, "cooking": 8, "music": 5}


def test_folders_with_one_and_two_clips_are_learned_and_the_report_says_what_is_not_measured(quick):
    classifier = fit(*clips((20, 2, 1)))
    recall = {score.folder: score.recall for score in classifier.report.folders}
    assert recall["cats"] is not None
    assert recall["cooking"] is not None
    assert recall["music"] is None
    assert any("music" in note for note in classifier.report.notes)
    assert classifier.predict_proba(clips((0, 0, 5), seed=1)[0]).shape == (5, 3)


def test_one_clip_in_each_folder_gives_a_modest_model_without_scores():
    X, labels = clips((1, 1, 1))
    classifier = fit(X, labels)
    assert classifier.report.cv_accuracy == {}
    assert classifier.report.log_loss is None
    assert "not known" in classifier.report.notes[0]
    assert accuracy(classifier, X, labels) == 1
    assert classifier.predict_proba(X).max() < 0.7


def test_a_handful_of_right_answers_does_not_promise_certainty(quick):
    X, labels = clips((2, 2), spread=0.01)
    assert fit(X, labels).predict_proba(X).max() < 0.97


@pytest.mark.parametrize(("labels", "message"), [(["cats"] * 3, "only one folder with clips, cats"), ([], "no folder")])
def test_fewer_than_two_folders_is_a_plain_error(labels, message):
    with pytest.raises(NotEnoughLabels, match=message) as error:
        fit(np.ones((len(labels), 4), np.float32), labels)
    assert isinstance(error.value, TiksortError)


def test_features_that_cannot_be_are_refused(quick):
    X, labels = clips((5, 5))
    classifier = fit(X, labels)
    with pytest.raises(FeaturesError, match="trained on 24 features and is given 20"):
        classifier.predict_proba(X[:, :20])
    X[3, 0] = np.nan
    with pytest.raises(FeaturesError, match="clip 3"):
        fit(X, labels)


def test_a_modality_that_no_labelled_clip_has_does_not_disturb_predictions(quick):
    X, labels = clips((15, 15))
    wide = np.hstack([X, np.zeros_like(X)])
    classifier = fit(wide, labels, blocks={"visual": slice(0, 24), "transcript": slice(24, 48)})
    spoken = np.hstack([X, X[::-1]])
    np.testing.assert_array_equal(classifier.predict_proba(spoken), classifier.predict_proba(wide))


@pytest.mark.parametrize("kind", CANDIDATES)
def test_the_same_arguments_give_the_same_model(kind, monkeypatch):
    leave_only(kind, monkeypatch)
    X, labels = clips((12, 9, 3), spread=0.9)
    first, second = fit(X, labels, seed=7), fit(X, labels, seed=7)
    assert first.report == second.report
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_labels_of_pure_noise_give_the_accuracy_and_confidence_of_chance():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(160, 64)).astype(np.float32)
    classifier = fit(X, list(rng.permutation(np.repeat(FOLDERS, 40))))
    assert all(abs(score - 0.25) < 0.12 for score in classifier.report.cv_accuracy.values())
    fresh = classifier.predict_proba(rng.normal(size=(200, 64)).astype(np.float32))
    assert fresh.max(axis=1).mean() < 0.45


def copies_of_clips_in_random_folders(blur):
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(40, 64)), 4, axis=0)
    X = (X + blur * rng.normal(size=X.shape)).astype(np.float32)
    labels = list(np.repeat(rng.permutation(np.repeat(FOLDERS, 10)), 4))
    return X, labels, np.repeat([f"clip {number}" for number in range(40)], 4)


def test_copies_do_not_inflate_the_cross_validation(quick):
    X, labels, ids = copies_of_clips_in_random_folders(blur=0.5)
    assert max(fit(X, labels).report.cv_accuracy.values()) > 0.9
    assert max(fit(X, labels, groups=ids).report.cv_accuracy.values()) < 0.6


def test_what_looks_the_same_is_held_out_together_without_being_told(quick):
    X, labels, _ = copies_of_clips_in_random_folders(blur=0.03)
    # The likeness is of the pictures: what is said in a clip does not make it another.
    wide = np.hstack([X, np.random.default_rng(1).normal(size=X.shape).astype(np.float32)])
    blocks = {"visual": slice(0, 64), "transcript": slice(64, 128)}
    assert max(fit(wide, labels, blocks=blocks).report.cv_accuracy.values()) < 0.6


def test_near_duplicates_are_found_across_given_groups_and_through_each_other():
    angles = np.array([0, 0.1, 0.2, 1.0, 2.0])  # cos 0.1 = 0.995, cos 0.2 = 0.980
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    groups = near_duplicates(vectors, np.array([0, 1, 2, 7, 7]))
    assert len(set(groups[:3])) == 1
    assert groups[3] == groups[4] != groups[0]


def test_folds_keep_groups_together_and_every_label_in_each_training_part():
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1, 2, 3], [40, 12, 2, 1])
    groups = np.array([100 * label + rng.integers(6) if label < 2 else 1000 + row for row, label in enumerate(y)])
    groups[[0, -2]] = 5000  # copies of one clip in two folders
    folds = assign_folds(y, groups, 5, seed=0)
    assert all(len(set(folds[groups == group])) == 1 for group in groups)
    for fold in set(folds) - {ALWAYS_TRAINING}:
        assert set(y[folds != fold]) == {0, 1, 2, 3}
    assert folds[-1] == folds[0] == folds[-2] == ALWAYS_TRAINING
    assert set(assign_folds(y, np.arange(len(y)), 5, seed=0)[:40]) == {0, 1, 2, 3, 4}


def test_one_temperature_makes_overconfident_and_timid_logits_true():
    rng = np.random.default_rng(0)
    true_logits = rng.normal(size=(4000, 5)).astype(np.float32) * 1.5
    labels = np.array([rng.choice(5, p=row / row.sum()) for row in softmax(true_logits).astype(np.float64)])
    for scale in (0.05, 8):
        raw = true_logits * np.float32(scale)
        temperature = fit_temperature(raw[:2000], labels[:2000])
        assert temperature == pytest.approx(scale, rel=0.1)
        calibrated = softmax(raw[2000:], temperature)
        assert expected_calibration_error(calibrated, labels[2000:]) < 0.04
        assert expected_calibration_error(softmax(raw[2000:]), labels[2000:]) > 0.15


def test_the_confidence_on_noisy_clips_is_true():
    classifier = fit(*clips((40, 40, 40, 40), spread=1.2))
    X, labels = clips((200, 200, 200, 200), spread=1.2, seed=1)
    truth = np.array([classifier.folders.index(label) for label in labels])
    probabilities = classifier.predict_proba(X)
    assert 0.4 < accuracy(classifier, X, labels) < 0.95
    assert expected_calibration_error(probabilities, truth) < 0.08
    assert classifier.report.log_loss == pytest.approx(log_losses(probabilities, truth).mean(), abs=0.2)


def test_calibration_error_of_a_worked_example():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]], np.float32)
    # |0.9 - 0.5| over half of the clips, |0.6 - 1| over the other half.
    assert expected_calibration_error(probabilities, np.array([0, 1, 1, 1])) == pytest.approx(0.4)


@pytest.mark.parametrize("kind", CANDIDATES)
def test_a_saved_model_predicts_the_same(kind, tmp_path, monkeypatch):
    X, labels = clips((8, 8, 1))
    leave_only(kind, monkeypatch)
    classifier = fit(X, labels, blocks={"visual": slice(0, 24)})
    classifier.save(tmp_path / "model.pt")
    loaded = Classifier.load(tmp_path / "model.pt")
    np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    assert loaded.report == classifier.report
    assert loaded.report.kind == kind
    assert (loaded.folders, loaded.blocks) == (classifier.folders, classifier.blocks)
    assert json.loads(json.dumps(loaded.report.to_json()))["labelled"] == 17
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_a_saved_ensemble_predicts_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("tiksort_tui.learning.fitting.choose", lambda trials: trials["ensemble"])
    X, labels = clips((8, 8, 4))
    classifier = fit(X, labels)
    assert classifier.report.kind == "ensemble"
    classifier.save(tmp_path / "model.pt")
    loaded = Classifier.load(tmp_path / "model.pt")
    np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    again = refit(loaded, X, labels)
    assert again.report.kind == "ensemble"
    np.testing.assert_allclose(again.predict_proba(X), classifier.predict_proba(X), atol=0.02)


def test_files_that_are_no_model_are_refused(tmp_path, quick):
    path = tmp_path / "model.pt"
    fit(*clips((4, 4))).save(path)
    whole = path.read_bytes()
    # Between its parts there is padding, where nothing is lost.
    flipped = bytearray(whole)
    flipped[whole.index(b"tiksort-classifier")] ^= 0xFF
    for content in (b"", b"no model", whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(content)
        with pytest.raises(StorageError, match=r"model\.pt"):
            Classifier.load(path)
    save_tensors(path, {"features": np.zeros((2, 2), np.float32)})
    with pytest.raises(StorageError, match="not a model"):
        Classifier.load(path)
    with pytest.raises(StorageError, match="No such file"):
        Classifier.load(tmp_path / "absent.pt")


def test_tensors_come_back_as_arrays_and_objects_are_never_pickled(tmp_path):
    path = tmp_path / "labeled_embeddings.pt"
    features = np.arange(6, dtype=np.float16).reshape(2, 3)
    features.flags.writeable = False
    save_tensors(path, {"features": features[:, ::-1], "label_names": ["a", "ü"], "video_paths": ("1.mp4",)})
    loaded = load_tensors(path)
    np.testing.assert_array_equal(loaded["features"], features[:, ::-1])
    assert loaded["features"].dtype == np.float16
    assert (loaded["label_names"], loaded["video_paths"]) == (["a", "ü"], ["1.mp4"])
    with pytest.raises(TypeError, match="PosixPath"):
        save_tensors(path, {"path": path})


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    save_tensors(path, {"version": 1})

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(StorageError, match="No space left"):
        save_tensors(path, {"version": 2})
    assert load_tensors(path) == {"version": 1}
    assert list(tmp_path.iterdir()) == [path]
