"""Faults for the code that moves files: poor file systems, and an interruption before any of its lines."""

from __future__ import annotations

import errno
import itertools
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

from tiksort_tui.library import bunch, carry, journal, moves, plan, relocate, settle

SAFETY_CODE = {module.__file__ for module in (bunch, carry, journal, moves, plan, relocate, settle)}

Refusals = tuple[int, int]
WAYS: dict[str, Refusals] = {
    # What renaming from folder to folder, and linking, are refused with.
    "rename": (0, 0),
    "link": (errno.ENOSYS, 0),
    "placeholder": (errno.EINVAL, errno.EPERM),
    "copy, rename": (errno.EXDEV, 0),
    "copy, link": (errno.EXDEV, -1),
    "copy, placeholder": (errno.EXDEV, errno.EPERM),
}


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the program catches it."""


def file_system(way: str) -> ExitStack:
    """A file system that can move files only in this way."""
    between_folders, linking = WAYS[way]
    exclusive = relocate.rename_exclusive

    def rename(source: Path, target: Path) -> None:
        if between_folders and source.parent != target.parent:
            raise OSError(between_folders, os.strerror(between_folders))
        if linking:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        exclusive(source, target)

    def link(*arguments: Any, **options: Any) -> None:
        raise OSError(linking, os.strerror(linking))

    stack = ExitStack()
    stack.enter_context(mock.patch.object(relocate, "rename_exclusive", rename))
    if linking > 0:
        stack.enter_context(mock.patch.object(os, "link", link))
    return stack


def interrupted(operation: Callable[[], object], step: int, interruption: Callable[[], None]) -> bool:
    """Run `operation` with `interruption` before the `step`-th line of the safety code; False if it ended before."""
    lines = itertools.count(1)
    happened = False

    def in_safety_code(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal happened
        if event == "line" and next(lines) == step:
            happened = True
            interruption()
        return in_safety_code

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        # A killed process's lock goes with it; one whose release is cut short by an exception would not.
        ours = frame.f_code.co_filename in SAFETY_CODE and frame.f_code.co_name != "exclusive"
        return in_safety_code if ours else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(Killed):
            operation()
    finally:
        sys.settrace(before)
    return happened
