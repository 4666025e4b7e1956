"""From labelled rows to a Classifier: `fit` compares, chooses and calibrates, `refit` only learns the rows anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from tiksort_tui.learning.account import measured, unmeasured
from tiksort_tui.learning.classifiers import CANDIDATES, UNJUDGED, fit_head, refit_head
from tiksort_tui.learning.evaluation import choose, make_folds, try_candidates
from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.folds import near_duplicates
from tiksort_tui.learning.modalities import choose_modalities
from tiksort_tui.learning.model import Classifier, FeaturesError, NotEnoughLabels, check_features
from tiksort_tui.learning.promise import DEFAULT_TARGET
from tiksort_tui.learning.zero_shot import ZeroShot, beside, text_rows, text_weights

IntArray = NDArray[np.int64]

FEWEST_FOR_PERCEPTRON = 20
"""Of fewer labelled clips a perceptron has nothing to learn, and takes longer than all the rest."""

SELECTED_ON = 4000
"""Of more labelled clips than these, candidates are compared on as many, and the chosen one is fitted on all."""


@dataclass(frozen=True, slots=True, eq=False)
class _Labels:
    """Folders and labels as numbers: `y` [n] counts the folders `known`, which are places in `folders`."""

    folders: tuple[str, ...]
    known: IntArray
    y: IntArray

    @classmethod
    def of(cls, labels: Sequence[str], texts: Mapping[str, FloatArray] | None) -> _Labels:
        """Raises NotEnoughLabels when there are not two folders to tell apart."""
        labelled = sorted(set(labels))
        folders = tuple(sorted({*labelled, *(texts or {})}))
        if len(folders) < 2:
            if not folders:
                raise NotEnoughLabels("no folder has clips yet: put a few clips into each of two folders")
            raise NotEnoughLabels(f"there is only one folder with clips, {folders[0]}: add clips to a second folder")
        if texts is not None and (unsaid := [folder for folder in labelled if folder not in texts]):
            raise ValueError(f"texts must have a vector of every folder, and have none of {unsaid[0]}")
        place = {folder: index for index, folder in enumerate(folders)}
        known, y = np.unique([place[label] for label in labels], return_inverse=True)
        return cls(folders, known.astype(np.int64), y.astype(np.int64))

    def counts(self) -> IntArray:
        """The labelled clips of each of `folders` [k]."""
        return np.bincount(self.known[self.y], minlength=len(self.folders))


def fit(
    X: FloatArray,
    labels: Sequence[str],
    *,
    blocks: Mapping[str, slice] | None = None,
    groups: Sequence[int] | Sequence[str] | None = None,
    texts: Mapping[str, FloatArray] | None = None,
    target: float = DEFAULT_TARGET,
    seed: int = 0,
) -> Classifier:
    """The best of the candidates on `X` [n, d], whose rows are in the folders `labels` [n].

    `blocks` names the columns of the modalities, the visual one first. Rows with the same of `groups` [n], or with
    nearly the same picture, are held out together. `texts` has the text vector of every folder, also of those without
    clips, in the space of the visual block; with it no label is needed. `target` is the precision to be promised. The
    same arguments give the same model.

    Raises NotEnoughLabels when there are not two folders to tell apart, FeaturesError when X is not finite.
    """
    check_features(X)
    if not len(X) == len(labels) == len(labels if groups is None else groups):
        raise ValueError("X, labels and groups must have the same length")
    names = _Labels.of(labels, texts)
    blocks = dict(blocks or {})
    visual = next(iter(blocks.values()), slice(0, X.shape[1]))
    said = None if texts is None else text_rows(texts, names.folders, X[:, visual].shape[1])
    X = X.astype(np.float32, copy=False)
    # Here, so that clips can be read before; and before the limit, which holds for what is there.
    import torch  # noqa: F401

    # Matrices this small gain nothing from threads, and lose a hundredfold when other work holds the cores.
    with threadpool_limits(limits=1):
        if len(names.known) < 2:
            assert said is not None
            only = ZeroShot(said, np.zeros(len(names.folders), dtype=np.int64), 1.0, 1.0)
            report = unmeasured("names", {}, names.folders, names.counts(), target)
            return Classifier(names.folders, names.known, blocks, report, None, _all(X), only, visual)
        if not X.any():
            raise FeaturesError("every feature is zero: there is nothing to learn from")
        zero_shot: ZeroShot | None = None
        rows = _stratified(names.y, SELECTED_ON, seed)
        given = np.arange(len(X)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        some, y, classes = X[rows], names.y[rows], len(names.known)
        grouped = near_duplicates(some[:, visual], given[rows])
        folds = make_folds(y, grouped, seed)
        columns, lifts = choose_modalities(some, y, classes, grouped, folds, blocks, seed)
        kinds = [kind for kind in CANDIDATES if kind != "mlp" or len(y) >= FEWEST_FOR_PERCEPTRON]
        trials = try_candidates(some[:, columns], y, classes, grouped, folds, seed, kinds)
        if trials:
            chosen = choose(trials)
            kind, parameters, probabilities = chosen.kind, chosen.parameters, chosen.probabilities
            if said is not None:
                pictures = some[:, visual]
                probabilities, zero_shot = beside(chosen, pictures, y, names.known, names.counts(), folds, said)
            report = measured(
                trials,
                chosen,
                probabilities,
                names.known[y],
                rows,
                folds,
                names.folders,
                names.counts(),
                target,
                lifts,
                chosen.temperature(y),
                zero_shot.weight if zero_shot else 0.0,
            )
        else:
            kind, parameters = "logistic", UNJUDGED
            if said is not None:
                zero_shot = ZeroShot(said, names.counts(), 1.0, text_weights(names.counts()[names.known])[-1])
            report = unmeasured(kind, parameters, names.folders, names.counts(), target, lifts)
        head = fit_head(kind, X[:, columns], names.y, classes, parameters, seed)
    return Classifier(names.folders, names.known, blocks, report, head, columns, zero_shot, visual)


def refit(
    classifier: Classifier,
    X: FloatArray,
    labels: Sequence[str],
    *,
    texts: Mapping[str, FloatArray] | None = None,
    seed: int = 0,
) -> Classifier:
    """`classifier` fitted to the rows `X` [n, d] in the folders `labels` [n], in a moment: after a filing.

    Its kind, hyper-parameters, calibration, modalities and promise stay; a folder that is new takes part. A classifier
    that had folder names needs `texts` of all folders. The report's scores are those of the last `fit`, its
    misfilings are gone, since the rows are others. A perceptron on more than 4,000 clips stays as it is while the
    folders do. Raises as `fit` does.
    """
    check_features(X)
    if X.shape[1] != len(classifier.columns):
        raise FeaturesError(f"the model was trained on {len(classifier.columns)} features and is given {X.shape[1]}")
    if len(X) != len(labels):
        raise ValueError("X and labels must have the same length")
    names = _Labels.of(labels, texts)
    if len(names.known) < 2 or classifier.head is None:
        return fit(X, labels, blocks=classifier.blocks, texts=texts, target=classifier.report.promise.target, seed=seed)
    X = X.astype(np.float32, copy=False)
    zero_shot = None
    if texts is not None:
        said = text_rows(texts, names.folders, X[:, classifier.visual].shape[1])
        old = classifier.zero_shot
        zero_shot = ZeroShot(said, names.counts(), old.temperature if old else 1.0, old.weight if old else 0.0)
    place = {folder: index for index, folder in enumerate(np.array(names.folders)[names.known])}
    before = [place.get(classifier.folders[index], -1) for index in classifier.known]
    report = classifier.report
    with threadpool_limits(limits=1):
        used, classes = X[:, classifier.columns], len(names.known)
        head = refit_head(report.kind, used, names.y, classes, report.parameters, seed, classifier.head, before)
    report = report.of_other_rows(names.folders, names.counts().tolist())
    return dataclasses.replace(
        classifier, folders=names.folders, known=names.known, report=report, head=head, zero_shot=zero_shot
    )


def _stratified(y: IntArray, most: int, seed: int) -> IntArray:
    """Rows, rising, of at most about `most` of the labels `y` [n]: the same share of each."""
    if len(y) <= most:
        return np.arange(len(y))
    rng = np.random.default_rng(seed)
    share = most / len(y)
    members = [rng.permutation(np.flatnonzero(y == label)) for label in np.unique(y)]
    return np.sort(np.concatenate([rows[: max(2, round(len(rows) * share))] for rows in members]))


def _all(X: FloatArray) -> NDArray[np.bool_]:
    return np.ones(X.shape[1], dtype=np.bool_)
