"""What several tests share: clips that they make, and the tools of the system that they need."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from tiksort_tui import demo
from tiksort_tui.engine.client import ENVIRONMENT

os.environ.update(ENVIRONMENT)
# The program is started hundreds of times: compiled once.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Set in CI: there a test that needs a tool or the shared media fails where they are missing.
STRICT = os.environ.get("TIKSORT_TEST_STRICT") == "1"
SHARED_MEDIA = Path(__file__).parents[2] / "shared" / "media"


def need_tool(name: str) -> str:
    """The path of a program of the system; without it the test is skipped, or fails where CI says that it is there."""
    path = shutil.which(name)
    if path is None:
        (pytest.fail if STRICT else pytest.skip)(f"{name} is not installed")
    return path


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """Real videos, for those who have them: no part of the repository."""
    if not SHARED_MEDIA.is_dir():
        pytest.skip("the shared media are not here")
    return SHARED_MEDIA


@pytest.fixture(scope="session")
def demo_clips(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The demo library, not to be changed; copy it."""
    # One for all of xdist's workers, whose folders lie side by side.
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "demo"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = folder.with_suffix(".made")
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            demo.make_library(made)
            made.rename(folder)
    return folder


@pytest.fixture
def library(demo_clips: Path, tmp_path: Path) -> Path:
    """A small library of one's own: two folders of three clips, and four unsorted ones."""
    root = tmp_path / "library"
    for kind in ("dots", "waves"):
        (root / kind).mkdir(parents=True)
        for i in (1, 2, 3):
            shutil.copy2(demo_clips / kind / f"{kind} {i}.mp4", root / kind)
    for i, (kind, number) in enumerate((("dots", 4), ("dots", 5), ("waves", 4), ("waves", 5))):
        shutil.copy2(demo_clips / kind / f"{kind} {number}.mp4", root / f"new {i} {kind}.mp4")
    return root
