"""A short storm on each kind of file system; TIKSORT_STORM_ROUNDS makes it longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.storm import CannotMountError, storm

ROUNDS = int(os.environ.get("TIKSORT_STORM_ROUNDS", "10"))


@pytest.mark.timeout(120 + 5 * ROUNDS)
@pytest.mark.parametrize("kind", ["one", "two", "poor"])
def test_a_storm_loses_nothing(kind: str, tmp_path: Path) -> None:
    try:
        report = storm(kind, ROUNDS, tmp_path, seed=ROUNDS)
    except CannotMountError as error:
        pytest.skip(f"a second file system cannot be mounted here: {error}")
    assert report.rounds == ROUNDS
    assert report.operations.total()
