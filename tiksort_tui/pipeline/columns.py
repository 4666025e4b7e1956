"""Predictions to JSON values and back, column by column: the first screen waits for them, and there may be 20,000."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tiksort_tui.domain import Prediction, Suggestion

_PLAIN = {"sure": bool, "audited": bool, "outlier": bool, "least_sure": int, "most_different": int, "group": int}


def to_columns(predictions: Sequence[Prediction]) -> dict[str, list[Any]]:
    """One list for each thing that is said of a clip, in the clips' order."""
    return {
        "path": [str(one.path) for one in predictions],
        "folders": [[suggestion.folder for suggestion in one.suggestions] for one in predictions],
        "confidences": [[suggestion.confidence for suggestion in one.suggestions] for one in predictions],
        "nearest": [[str(path) for path in one.nearest] for one in predictions],
        **{name: [getattr(one, name) for one in predictions] for name in _PLAIN},
    }


def from_columns(columns: Any, paths: Iterable[Path]) -> tuple[Prediction, ...]:
    """The predictions that `to_columns` described; raises KeyError, TypeError or ValueError for other values.

    Their clips are the very `paths` where these name them: to make a path and its hash takes longer than the rest.
    """
    known = _Paths((str(path), path) for path in paths)
    clips = [known[text] for text in _all(columns["path"], str)]
    nearest = [tuple(map(known.__getitem__, texts)) for texts in _lists(columns["nearest"], str)]
    folders, confidences = _lists(columns["folders"], str), _lists(columns["confidences"], float, int)
    plain = [_all(columns[name], kind) for name, kind in _PLAIN.items()]
    columns_read: list[list[Any]] = [nearest, folders, confidences, *plain]
    if any(len(column) != len(clips) for column in columns_read):
        raise ValueError("columns of unlike lengths")
    if not all(folders) or list(map(len, folders)) != list(map(len, confidences)):
        raise ValueError("a clip without a suggestion, or one without a confidence")
    suggestions = [tuple(map(Suggestion, *one)) for one in zip(folders, confidences, strict=True)]
    return tuple(map(Prediction, clips, suggestions, nearest, *plain))


class _Paths(dict[str, Path]):
    """The path for each text, made once."""

    def __missing__(self, text: str) -> Path:
        path = self[text] = Path(text)
        return path


def _all(values: Any, *kinds: type) -> list[Any]:
    """`values`, if they are a list of values of `kinds` alone."""
    if type(values) is not list or not set(map(type, values)).issubset(kinds):
        raise TypeError(f"no list of {kinds}")
    return values


def _lists(values: Any, *kinds: type) -> list[list[Any]]:
    """`values`, if they are a list of such lists."""
    lists = _all(values, list)
    _all(list(chain.from_iterable(lists)), *kinds)
    return lists
