"""The clips that can be filed in one go: those over a confidence, by folder, and which of them are ticked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from pathlib import Path

from tiksort_tui.domain import Prediction
from tiksort_tui.pipeline.events import Trained
from tiksort_tui.session import Session

# The confidences to choose from, besides the one of the model's promise: in finer steps where more is at stake.
STEPS = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
# Where to begin without a promise.
UNPROMISED = 0.95


class Selection:
    """Of the predicted clips that are unsorted when it is made: all that are sure, or those of one `group`.

    Every clip is ticked at first, but for those that are held back.
    """

    def __init__(self, session: Session, model: Trained | None, group: int = 0) -> None:
        self.group = group
        self.model = model
        self.unsorted = len(session.unsorted)
        """All clips that are to be sorted, also those without a prediction."""
        self._folders = {folder.name: place for place, folder in enumerate(session.folders)}
        told = (session.predictions.get(clip) for clip in session.unsorted)
        self.all = sorted(
            (one for one in told if one and one.folder in self._folders and (one.group == group or not group)),
            key=lambda one: (self._folders[one.folder], -one.confidence, one.path.name),
        )
        least = model.report.promise.threshold if model else None
        # Confidences are told in four digits.
        least = None if least is None else round(least, 4)
        self._steps = sorted({*STEPS, least or UNPROMISED})
        self.held_back = {one.path: why for one in self.all if (why := _why_held_back(one, session.duplicates))}
        """Why some clips are not ticked before the person does so."""
        self._unticked = set(self.held_back)
        self.cursor = self._first = 0
        self.over = 0.0 if group else least or UNPROMISED
        self.clips: list[Prediction] = []
        """Those with a confidence of at least `over`; the folders stand in their usual order, the surest first."""
        self._take_over()

    @property
    def current(self) -> Prediction | None:
        return self.clips[self.cursor] if self.clips else None

    @property
    def ticked(self) -> list[Prediction]:
        return [one for one in self.clips if one.path not in self._unticked]

    def is_ticked(self, one: Prediction) -> bool:
        return one.path not in self._unticked

    def begins_folder(self, place: int) -> bool:
        """Whether the clip at `place` is the first one of its folder."""
        return place == 0 or self.clips[place - 1].folder != self.clips[place].folder

    def of_folder(self, folder: str) -> list[Prediction]:
        return [one for one in self.clips if one.folder == folder]

    def walk(self, step: int) -> None:
        """Move the cursor; it stops at both ends."""
        self.cursor = max(0, min(self.cursor + step, len(self.clips) - 1))

    def toggle(self) -> None:
        """Tick the clip under the cursor, or take its tick away."""
        if self.current:
            self._unticked ^= {self.current.path}

    def toggle_folder(self) -> None:
        """Take all ticks of the folder under the cursor away; where none is left, tick all that are not held back."""
        if self.current:
            clips = self.of_folder(self.current.folder)
            if any(map(self.is_ticked, clips)):
                self._unticked.update(one.path for one in clips)
            else:
                self._unticked.difference_update(one.path for one in clips if one.path not in self.held_back)

    def ask(self, step: int) -> None:
        """Ask for more confidence, or for less; the cursor stays on its clip while that is listed."""
        place = bisect_right(self._steps, self.over) if step > 0 else bisect_left(self._steps, self.over) - 1
        self.over = self._steps[max(0, min(place, len(self._steps) - 1))]
        self._take_over()

    def in_sight(self, height: int, row: int) -> range:
        """The places of the clips around the cursor for which `height` lines are enough.

        Each takes `row` lines, and one more above it, for its folder, where that begins or the list does; a line says
        how many come below where a clip takes no more than one. What was in sight before stays there as far as can be.
        """
        first = max(min(self._first, self.cursor), self.cursor - height)
        while first < self.cursor and self._end(first, height, row) <= self.cursor:
            first += 1
        # No room is left below the last one as long as there are others above.
        while first and self._end(first - 1, height, row) == len(self.clips):
            first -= 1
        self._first = first
        return range(first, self._end(first, height, row))

    def _end(self, first: int, height: int, row: int) -> int:
        """The place after the last clip that is in sight in a list that begins with the one at `first`."""
        end = self._fits(first, height, row)
        if end == len(self.clips) or row > 1:
            return end
        return max(self._fits(first, height - 1, row), min(end, first + 1))

    def _fits(self, first: int, height: int, row: int) -> int:
        """The place after the last clip for which there is room."""
        for place in range(first, len(self.clips)):
            height -= row + (place == first or self.begins_folder(place))
            if height < 0:
                return place
        return len(self.clips)

    def _take_over(self) -> None:
        current = self.current
        self.clips = [one for one in self.all if one.confidence >= self.over]
        self.cursor = next((place for place, one in enumerate(self.clips) if one is current), 0)


def count_alike(session: Session) -> int:
    """How many unsorted clips are of the group of the one on screen; 0 where it is the only one."""
    prediction = session.prediction(session.current)
    if prediction is None or not prediction.group:
        return 0
    others = (one.path for one in session.predictions.values() if one.group == prediction.group)
    count = sum(clip in session.unsorted for clip in others)
    return count if count > 1 else 0


def clips(count: int) -> str:
    """`count` in words: "1 clip", "12 clips"."""
    return f"{count} clip" if count == 1 else f"{count} clips"


def _why_held_back(one: Prediction, duplicates: Mapping[Path, Path]) -> str:
    if one.path in duplicates:
        return f"same as in {duplicates[one.path].parent.name}"
    return "checks the model" if one.audited else ""
