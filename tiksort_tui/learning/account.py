"""The account of a fit: from out-of-fold predictions to the Report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.calibration import expected_calibration_error, log_losses, reliability
from tiksort_tui.learning.evaluation import Trial
from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.folds import ALWAYS_TRAINING
from tiksort_tui.learning.misfilings import misfiled
from tiksort_tui.learning.promise import fewest_clips, promise
from tiksort_tui.report import FEWEST_CLIPS, CandidateScore, FolderScore, Misfiling, ModalityLift, Promise, Report

IntArray = NDArray[np.int64]


def unmeasured(
    kind: str,
    parameters: Mapping[str, int | float],
    folders: Sequence[str],
    counts: IntArray,
    target: float,
    lifts: Sequence[ModalityLift] = (),
) -> Report:
    """The report of a model of which no clip can be held out."""
    labelled = int(counts.sum())
    if kind == "names":
        notes = ["There are not two folders with clips yet: only their names are gone by."]
    else:
        notes = ["No folder has two different clips: the accuracy is not known, and the confidence is kept low."]
    return Report(
        kind=kind,
        parameters=parameters,
        labelled=labelled,
        selected_on=labelled,
        folders=tuple(FolderScore(name, int(clips), None, None) for name, clips in zip(folders, counts, strict=True)),
        candidates=(),
        accuracy=None,
        log_loss=None,
        calibration_error=None,
        reliability=(),
        confusion=(),
        promise=Promise(target, None, 0.0, max(1, fewest_clips(target) - labelled), None),
        misfilings=(),
        modalities=tuple(lifts),
        # Unscaled, the logistic regression at its default C is much too modest: never too sure.
        temperature=1.0,
        text_weight=1.0 if kind == "names" else 0.0,
        notes=tuple(notes),
    )


def measured(
    trials: Mapping[str, Trial],
    chosen: Trial,
    probabilities: FloatArray,
    truth: IntArray,
    rows: IntArray,
    folds: IntArray,
    folders: Sequence[str],
    counts: IntArray,
    target: float,
    lifts: Sequence[ModalityLift],
    temperature: float,
    text_weight: float,
) -> Report:
    """The report of the `chosen` one of `trials`, which gave `probabilities` [repeats, n, folders] out of fold.

    `truth` [n] are the clips' places in `folders`, `rows` [n] their rows in what was given to fit, `counts` [folders]
    the labelled clips.
    """
    judged = np.flatnonzero(folds[0] != ALWAYS_TRAINING)
    tried = probabilities[~np.isnan(probabilities[:, judged[0], 0])][:, judged]
    pooled, repeated = tried.reshape(-1, len(folders)), np.tile(truth[judged], len(tried))
    predicted, own = tried[0].argmax(axis=1), truth[judged]
    confusion = np.zeros((len(folders), len(folders)), dtype=np.int64)
    np.add.at(confusion, (own, predicted), 1)

    # Each clip is one witness: its repeats are averaged, as the model of all clips is like none of them alone.
    mean = tried.mean(axis=0)
    best = mean.argmax(axis=1)
    where, better = misfiled(mean, own)
    return Report(
        kind=chosen.kind,
        parameters=chosen.parameters,
        labelled=int(counts.sum()),
        selected_on=len(rows),
        folders=_folder_scores(folders, counts, confusion),
        candidates=tuple(
            CandidateScore(kind, trial.accuracy, trial.standard_error, trial.log_loss) for kind, trial in trials.items()
        ),
        accuracy=float((pooled.argmax(axis=1) == repeated).sum() / (len(tried) * len(rows))),
        log_loss=float(log_losses(pooled, repeated).mean()),
        calibration_error=expected_calibration_error(pooled, repeated),
        reliability=reliability(pooled, repeated),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        promise=promise(mean.max(axis=1), best == own, counts[best] >= FEWEST_CLIPS, target),
        misfilings=tuple(
            Misfiling(int(rows[judged[row]]), folders[folder], float(mean[row, folder]))
            for row, folder in zip(where, better, strict=True)
        ),
        modalities=tuple(lifts),
        temperature=temperature,
        text_weight=text_weight,
        notes=_notes(folders, counts, own, folds, len(rows)),
    )


def _folder_scores(folders: Sequence[str], counts: IntArray, confusion: IntArray) -> tuple[FolderScore, ...]:
    scores = []
    for index, folder in enumerate(folders):
        right, own, put = int(confusion[index, index]), int(confusion[index].sum()), int(confusion[:, index].sum())
        recall, precision = right / own if own else None, right / put if put else None
        scores.append(FolderScore(folder, int(counts[index]), recall, precision))
    return tuple(scores)


def _notes(
    folders: Sequence[str], counts: IntArray, own: IntArray, folds: IntArray, selected_on: int
) -> tuple[str, ...]:
    notes = []
    unjudged = [name for index, name in enumerate(folders) if counts[index] and index not in own]
    if unjudged:
        notes.append(f"Too few different clips to measure how well these folders are found: {', '.join(unjudged)}.")
    number = int(folds.max()) + 1
    held_out = np.bincount(own, minlength=len(folders))
    fewer = [name for index, name in enumerate(folders) if 0 < held_out[index] < number]
    if fewer:
        few_names = ", ".join(fewer)
        notes.append(f"Fewer clips than the {number} parts of the cross-validation, so roughly measured: {few_names}.")
    if selected_on < counts.sum():
        notes.append(f"The choice was made on {selected_on} of {counts.sum()} labelled clips.")
    return tuple(notes)
