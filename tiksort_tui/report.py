"""What a model says of itself: every number that a person is shown about it, and where it comes from. Frozen values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FEWEST_CLIPS = 5
"""A folder with fewer labelled clips than these is a suggestion only: nothing is filed into it without a person."""


@dataclass(frozen=True, slots=True)
class FolderScore:
    """A folder's labelled clips; the share of those held out that came back to it (`recall`), and of the held-out
    clips that were put into it, the share that belongs there (`precision`); None where there was none."""

    folder: str
    clips: int
    recall: float | None
    precision: float | None

    @property
    def suggestion_only(self) -> bool:
        """Whether too few clips show what belongs in this folder, or none of them was held out yet."""
        return self.clips < FEWEST_CLIPS or self.recall is None


@dataclass(frozen=True, slots=True)
class CandidateScore:
    """A candidate's cross-validation: accuracy 0…1, its standard error, and the mean log-loss in nats."""

    kind: str
    accuracy: float
    standard_error: float
    log_loss: float


@dataclass(frozen=True, slots=True)
class ModalityLift:
    """By how much, in nats, a modality lowers the out-of-fold log-loss of the visual one, and those used before it.

    `used` is whether it does so at all; the standard error says how far to believe it.
    """

    name: str
    lift: float
    standard_error: float
    used: bool


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The predictions whose confidence lies in one tenth of 0…1: how many, their mean confidence, and how many of
    them were right."""

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Misfiling:
    """A labelled clip (its `row`) that held-out predictions place in `folder` with this `confidence`, 0…1."""

    row: int
    folder: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Promise:
    """Clips with at least `threshold` confidence are right in `target` of the cases (0…1), at the level of LEVEL.

    `threshold` is None where the held-out clips do not show it. `coverage` is the share of them, 0…1, that is over the
    threshold. `needed`, with a promise that cannot be given, is how many more labels it takes if as many of them
    are right as of these, and None when more labels of the same kind would not do; `offer` is a lower target that could
    be promised, if any.
    """

    target: float
    threshold: float | None
    coverage: float
    needed: int | None
    offer: float | None


@dataclass(frozen=True, slots=True)
class Audit:
    """What a person made of sure clips that were shown to them all the same.

    `precision` is the share that they left where the model would have filed them; the truth lies between `lower` and
    `upper`, each a one-sided bound at the level of LEVEL. `kept` is False when even `upper` is under the target.
    """

    clips: int
    precision: float | None
    lower: float
    upper: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a fit has to say for itself; every score is of clips held out, None or empty where none could be.

    `kind` is "knn", "logistic", "mlp" or "ensemble" (all three), or "names" where folder names are all there is to go
    by. `candidates` has all that were compared. `accuracy` counts a clip that cannot be held out as not found; it and
    what follows is of the chosen candidate with its calibration and what folder names add, neither fitted on the clips
    that it is measured on. In `reliability` a clip counts once for each repeat of the cross-validation. `confusion`
    [folders, folders] counts held-out clips, by their own folder and the predicted one, in the first repeat.
    `text_weight` is how much folder names count, 0…1. The choice was made on `selected_on` clips, the chosen candidate
    fitted to all `labelled` ones.
    """

    kind: str
    parameters: Mapping[str, float]
    labelled: int
    selected_on: int
    folders: tuple[FolderScore, ...]
    candidates: tuple[CandidateScore, ...]
    accuracy: float | None
    log_loss: float | None
    calibration_error: float | None
    reliability: tuple[ReliabilityBin, ...]
    confusion: tuple[tuple[int, ...], ...]
    promise: Promise
    misfilings: tuple[Misfiling, ...]
    modalities: tuple[ModalityLift, ...]
    temperature: float
    text_weight: float
    notes: tuple[str, ...]

    @property
    def cv_accuracy(self) -> Mapping[str, float]:
        """The cross-validated accuracy of each candidate, by its kind."""
        return {candidate.kind: candidate.accuracy for candidate in self.candidates}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else there is to know, with the folders that are only suggested by now."""
        few = ", ".join(score.folder for score in self.folders if score.suggestion_only)
        told = f"Only suggested, with too few clips to show what belongs there: {few}."
        return (*self.notes, told) if few else self.notes

    def of_other_rows(self, folders: Sequence[str], counts: Sequence[int]) -> Report:
        """The report after a refit to other rows, in `folders` with these `counts` [k] of clips: the scores are the old
        ones, a new folder has none, and misfilings, which named old rows, are gone."""
        old = {score.folder: score for score in self.folders}
        scores = tuple(
            dataclasses.replace(old.get(folder, FolderScore(folder, 0, None, None)), clips=count)
            for folder, count in zip(folders, counts, strict=True)
        )
        place = {score.folder: index for index, score in enumerate(self.folders)}
        confusion = tuple(
            tuple(
                self.confusion[place[own]][place[other]] if self.confusion and own in place and other in place else 0
                for other in folders
            )
            for own in folders
        )
        labelled = sum(counts)
        return dataclasses.replace(self, labelled=labelled, folders=scores, confusion=confusion, misfilings=())

    def to_json(self) -> dict[str, Any]:
        """The report as values that `json.dumps` takes; `from_json` is the way back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Report:
        """The report that `to_json` described; KeyError or TypeError when it is not one."""
        rows = {
            "folders": FolderScore,
            "candidates": CandidateScore,
            "reliability": ReliabilityBin,
            "misfilings": Misfiling,
            "modalities": ModalityLift,
        }
        parts = {name: tuple(row(**one) for one in document[name]) for name, row in rows.items()}
        return cls(
            **{
                **document,
                **parts,
                "confusion": tuple(tuple(row) for row in document["confusion"]),
                "promise": Promise(**document["promise"]),
                "notes": tuple(document["notes"]),
            }
        )
