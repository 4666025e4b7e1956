"""What clips are ordered and filtered by: the orders, the filters, and what is known of the clips. No I/O, no clock."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tiksort_tui.domain import FileStamp, Prediction


class Order(StrEnum):
    """The orders, as they are called on the screen. Where one knows nothing of clips, they come last, by name."""

    NAME = "by name"
    NEWEST = "newest first"
    SUREST = "surest first"
    LEAST_SURE = "least sure first"
    TEACHES_MOST = "teaches most first"
    MOST_DIFFERENT = "most different first"
    ALIKE = "alike together"


class Show(StrEnum):
    """The filters, as they are called on the screen, besides those for a folder."""

    ALL = "all"
    UNPREDICTED = "unpredicted"
    SURE = "sure"
    UNSURE = "unsure"
    FAILED = "failed"
    NOWHERE = "fits nowhere"


@dataclass(frozen=True, slots=True)
class Suggested:
    """Shows the clips for which the model puts `folder` first."""

    folder: str

    def __str__(self) -> str:
        return f"suggested: {self.folder}"


Filter = Show | Suggested


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the clips, by their paths. One with a confidence below `doubt` is unsure.

    `renamed` are the folders by a name that they had before: a model may know them by it. Of the clips `replaced`
    another content may be told of, until a run begins that has seen theirs.
    """

    doubt: float
    stamps: dict[Path, FileStamp] = field(default_factory=dict)
    predictions: dict[Path, Prediction] = field(default_factory=dict)
    failures: dict[Path, str] = field(default_factory=dict)
    duplicates: dict[Path, Path] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    replaced: set[Path] = field(default_factory=set)

    def is_same(self, clip: Path, stamp: FileStamp) -> bool:
        """Whether `clip` still is the file that it was; one that was on another disk may have another inode."""
        known = self.stamps.get(clip)
        return known is not None and (known.size, known.mtime_ns) == (stamp.size, stamp.mtime_ns)

    def predict(self, predictions: Iterable[Prediction]) -> list[Path]:
        """Take over what a model says; returns the clips of which it holds."""
        told = {one.path: one for one in predictions if one.path not in self.replaced}
        self.predictions.update(told)
        for clip in self.failures.keys() & told:
            # It was read after all.
            del self.failures[clip]
        return [*told]

    def leave_group(self, clip: Path) -> None:
        """The numbers of groups are others by now, until a model speaks of this clip again."""
        if prediction := self.predictions.get(clip):
            self.predictions[clip] = prediction._replace(group=0)

    def read(self, clip: Path, failure: str) -> bool:
        """The clip was read, or cannot be for the reason `failure`; returns whether that is news."""
        if clip in self.replaced:
            return False
        before = self.failures.pop(clip, "")
        if failure:
            self.failures[clip] = failure
        return bool(before or failure)

    def forget(self, clips: Iterable[Path]) -> None:
        """Under these names there are other files now."""
        for clip in clips:
            self.replaced.add(clip)
            self.predictions.pop(clip, None)
            self.failures.pop(clip, None)
            self.duplicates.pop(clip, None)

    def folder_renamed(self, root: Path, old: str, new: str) -> None:
        """What is said of the folder, and of clips in it, holds under its new name."""
        before, now = f"{root / old}/", root / new

        def moved(path: Path) -> Path:
            return now / str(path)[len(before) :] if str(path).startswith(before) else path

        self.duplicates.update({clip: moved(other) for clip, other in self.duplicates.items()})
        self.renamed.update({before: new for before, now in self.renamed.items() if now == old}, **{old: new})
        self.renamed.pop(new, None)
        for path, prediction in self.predictions.items():
            suggestions = [one._replace(folder=new) if one.folder == old else one for one in prediction.suggestions]
            nearest = tuple(map(moved, prediction.nearest))
            self.predictions[path] = prediction._replace(suggestions=tuple(suggestions), nearest=nearest)

    def group(self, clip: Path | None) -> int:
        """The number of the clips that are alike, to which this one belongs; 0 for none."""
        prediction = self.predictions.get(clip) if clip else None
        return prediction.group if prediction else 0

    def rank(self, order: Order, clip: Path) -> tuple[float, float]:
        """What `order` goes by, the lowest first."""
        if order is Order.NAME:
            return 0, 0
        if order is Order.NEWEST:
            stamp = self.stamps.get(clip)
            return (-stamp.mtime_ns if stamp else math.inf), 0
        prediction = self.predictions.get(clip)
        if prediction is None:
            return math.inf, 0
        match order:
            case Order.LEAST_SURE:
                return prediction.confidence, 0
            case Order.TEACHES_MOST:
                return prediction.least_sure, prediction.confidence
            case Order.MOST_DIFFERENT:
                return prediction.most_different, 0
            case Order.ALIKE:
                return prediction.group or sys.maxsize, 0
            case _:
                return -prediction.confidence, 0

    def fits(self, shown: Filter, clip: Path) -> bool:
        """Whether the filter `shown` shows `clip`."""
        if shown is Show.ALL:
            return True
        if shown is Show.FAILED:
            return clip in self.failures
        prediction = self.predictions.get(clip)
        if shown is Show.UNPREDICTED or prediction is None:
            return shown is Show.UNPREDICTED and prediction is None
        match shown:
            case Suggested(folder):
                return prediction.folder == folder
            case Show.NOWHERE:
                return prediction.outlier
            case _:
                return (prediction.confidence >= self.doubt) == (shown is Show.SURE)
