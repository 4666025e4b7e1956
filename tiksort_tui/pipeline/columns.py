"""Predictions to JSON values and back, column by column: the first screen waits for them, and there may be 20,000."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from tiksort_tui.domain import Prediction, Suggestion
from tiksort_tui.pipeline.codec import below

# How many suggestions and neighbours there are is told for each clip, and these then follow without a break.
_KINDS: dict[str, tuple[type, ...]] = {
    "path": (str,),
    "suggestions": (int,),
    "folders": (str,),
    "confidences": (float, int),
    "neighbours": (int,),
    "nearest": (str,),
    "sure": (bool,),
    "audited": (bool,),
    "outlier": (bool,),
    "least_sure": (int,),
    "most_different": (int,),
    "group": (int,),
}
# What is one value for each clip.
_PLAIN = Prediction._fields[3:]

_T = TypeVar("_T")


def to_columns(predictions: Sequence[Prediction], root: Path) -> dict[str, list[Any]]:
    """One list for each thing that is said of a clip of the library `root`, in the clips' order."""
    return {
        "path": [below(str(one.path), root) for one in predictions],
        "suggestions": [len(one.suggestions) for one in predictions],
        "folders": [suggestion.folder for one in predictions for suggestion in one.suggestions],
        "confidences": [suggestion.confidence for one in predictions for suggestion in one.suggestions],
        "neighbours": [len(one.nearest) for one in predictions],
        "nearest": [below(str(path), root) for one in predictions for path in one.nearest],
        **{name: [getattr(one, name) for one in predictions] for name in _PLAIN},
    }


def from_columns(columns: Any, root: Path, clips: Iterable[Path]) -> tuple[Prediction, ...]:
    """The predictions that `to_columns` described; raises KeyError, TypeError or ValueError for other values.

    Those of `clips`, which lie directly in `root`, are the very ones: to make a path and its hash takes longer than the
    rest.
    """
    read = {name: _list_of(kinds, columns[name]) for name, kinds in _KINDS.items()}
    if not all(read["suggestions"]):
        raise ValueError("a clip without a suggestion")
    known = _Paths(root, clips)
    paths = map(known.__getitem__, read["path"])
    suggestions = _parted(map(Suggestion, read["folders"], read["confidences"]), read["suggestions"])
    nearest = _parted(map(known.__getitem__, read["nearest"]), read["neighbours"])
    plain = [read[name] for name in _PLAIN]
    even = len({len(column) for column in (read["path"], suggestions, nearest, *plain)}) == 1
    suggested = sum(read["suggestions"]) == len(read["folders"]) == len(read["confidences"])
    if not (even and suggested and sum(read["neighbours"]) == len(read["nearest"])):
        raise ValueError("columns of unlike lengths")
    return tuple(map(Prediction, paths, suggestions, nearest, *plain))


class _Paths(dict[str, Path]):
    """The path for each text from `root` on, made once."""

    def __init__(self, root: Path, clips: Iterable[Path]) -> None:
        super().__init__((clip.name, clip) for clip in clips)
        self._root = root

    def __missing__(self, text: str) -> Path:
        path = self[text] = self._root / text
        return path


def _list_of(kinds: tuple[type, ...], values: Any) -> list[Any]:
    """`values`, if they are a list of values of `kinds` alone."""
    if type(values) is not list or not set(map(type, values)).issubset(kinds):
        raise TypeError(f"no list of {kinds}")
    return values


def _parted(values: Iterator[_T], counts: Sequence[int]) -> list[tuple[_T, ...]]:
    """`values` in tuples of so many."""
    return [tuple(islice(values, count)) for count in counts]
