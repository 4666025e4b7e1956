"""A small library to file in, its journal and its mover."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    for folder in ("cats", "cooking"):
        (root / folder).mkdir(parents=True)
    return root


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "state" / "journal.sqlite3")
    yield journal
    journal.close()


@pytest.fixture
def mover(root: Path, journal: Journal) -> Mover:
    return Mover(root, journal)
