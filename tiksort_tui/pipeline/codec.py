"""Frozen dataclasses to JSON values and back, by their type hints: for the engine's pipe and the summary's file."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any


def to_json(value: Any) -> Any:
    """`value` as `json.dumps` takes it. Undecodable file names keep their surrogates, which JSON escapes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def from_json(hint: Any, value: Any) -> Any:
    """The value of type `hint` that `to_json` described; raises KeyError, TypeError or ValueError for others."""
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return typing.cast(Any, hint)(**{name: from_json(hints[name], item) for name, item in value.items()})
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (tuple, dict, Mapping) and not isinstance(value, list if origin is tuple else dict):
        raise TypeError(f"{value!r} is no {hint}")
    if origin in (dict, Mapping):
        return {key: from_json(arguments[1], item) for key, item in value.items()}
    if origin is tuple:
        return tuple(from_json(arguments[0], item) for item in value)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else from_json(arguments[0], value)
    if hint is Path:
        return Path(value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    # JSON writes a float that is whole in other programs without its point.
    if hint in (str, bool, int, float) and type(value) not in ((int, float) if hint is float else (hint,)):
        raise TypeError(f"{value!r} is no {hint.__name__}")
    return value
