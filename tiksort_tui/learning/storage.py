"""Dictionaries of arrays on disk, as tensors: loading a file never runs code from it, and none is ever half-written."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tiksort_tui.errors import TiksortError


class StorageError(TiksortError):
    """A file of tensors cannot be read or written."""


def save_tensors(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` to `path` in one step: a reader finds the old file or the new one, whole.

    Values are numpy arrays, strings, numbers, None, and lists and dictionaries of these; anything else is a TypeError,
    since it could only be stored as a pickle. Raises StorageError when the file cannot be written.
    """
    # Here and below, not at the top: it takes more than a second, in which clips can be read already.
    import torch

    storable = _storable(content)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            try:
                torch.save(storable, file)
                file.flush()
                os.fsync(file.fileno())
                os.replace(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        raise StorageError(f"{path}: cannot be written: {error}") from error


def load_tensors(path: Path) -> dict[str, Any]:
    """What `save_tensors` wrote, its arrays as numpy arrays again.

    Raises StorageError when there is no such file, or it is damaged, or not one of these.
    """
    import torch

    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch itself does not compare the checksums
        content = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a file that is not ours fails in the unpickler in many ways
        raise StorageError(f"{path}: is not a file of tensors, or is damaged; delete it and run again") from error
    if not isinstance(content, dict):
        raise StorageError(f"{path}: is damaged, or was not written by this program; delete it and run again")
    return {key: _loaded(value) for key, value in content.items()}


def _storable(value: Any) -> Any:
    import torch

    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.require(value, requirements=["C", "W"]))
    if isinstance(value, Mapping):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    if value is None or type(value) in (str, int, float, bool):
        return value
    raise TypeError(f"{type(value).__name__} cannot be stored as tensors: {value!r}")


def _loaded(value: Any) -> Any:
    import torch

    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: _loaded(item) for key, item in value.items()}
    return value
