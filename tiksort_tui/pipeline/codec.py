"""Frozen dataclasses and named tuples to JSON values and back, by their type hints.

For the engine's pipe and the summary's file. Where a `root` is given, paths below it are told from there on, and so
hold when it is moved.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any


def to_json(value: Any, root: Path | None = None) -> Any:
    """`value` as `json.dumps` takes it. Undecodable file names keep their surrogates, which JSON escapes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name), root) for field in dataclasses.fields(value)}
    if hasattr(value, "_fields"):
        return {name: to_json(item, root) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, tuple | list):
        return [to_json(item, root) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item, root) for key, item in value.items()}
    if isinstance(value, Path):
        return below(str(value), root)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def from_json(hint: Any, value: Any, root: Path | None = None) -> Any:
    """The value of type `hint` that `to_json` described; raises KeyError, TypeError or ValueError for others."""
    return _reader(hint, root)(value)


def below(path: str, root: Path | None) -> str:
    """`path` as it is told from `root` on, if it lies below that."""
    return path.removeprefix(f"{root}/") if root else path


@functools.cache
def _reader(hint: Any, root: Path | None) -> Callable[[Any], Any]:
    """What reads values of type `hint`. Made once for each type: a library may have 20,000 predictions."""
    if dataclasses.is_dataclass(hint) or hasattr(hint, "_fields"):
        return _reader_of_fields(hint, root)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        item = _reader(arguments[0], root)
        return lambda value: tuple(map(item, _need(hint, list, value)))
    if origin in (dict, Mapping):
        item = _reader(arguments[1], root)
        return lambda value: {key: item(one) for key, one in _need(hint, dict, value).items()}
    if origin in (typing.Union, types.UnionType):
        some = _reader(arguments[0], root)
        return lambda value: None if value is None else some(value)
    if hint is Path:
        return Path if root is None else root.joinpath
    if hint is datetime:
        return datetime.fromisoformat
    if hint is float:
        # JSON writes a float that is whole in other programs without its point.
        return lambda value: value if type(value) is float or type(value) is int else _need(hint, float, value)
    if hint in (str, bool, int):
        return lambda value: value if type(value) is hint else _need(hint, hint, value)
    return lambda value: value


def _reader_of_fields(cls: Any, root: Path | None) -> Callable[[Any], Any]:
    readers = {name: _reader(hint, root) for name, hint in typing.get_type_hints(cls).items()}
    return lambda value: cls(**{name: readers[name](item) for name, item in value.items()})


def _need(hint: Any, kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {hint}")
    return value
