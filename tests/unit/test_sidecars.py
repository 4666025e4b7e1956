"""What goes with a clip and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiksort_tui.config import LibraryConfig
from tiksort_tui.library.sidecars import sidecars_of


def found(folder: Path, clip: str, *others: str) -> set[str]:
    for name in (clip, *others):
        (folder / name).write_text("")
    return {path.name for path in sidecars_of(folder / clip, LibraryConfig())}


@pytest.mark.parametrize(
    "name",
    ["a.info.json", "a.description", "a.srt", "a.JPG", "a.en.vtt", "a.zh-Hans.srt", "a.en-orig.vtt", "a.image"],
)
def test_files_with_the_stem_of_the_clip_and_a_known_end_go_with_it(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, "a.mp4", name) == {name}


@pytest.mark.parametrize("name", ["a.json", "ab.jpg", "a b.jpg", "a.en.jpg", "a.2.srt", "a", "a.", "b.a.jpg", "A.jpg"])
def test_other_files_stay(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, "a.mp4", name) == set()


def test_what_belongs_to_two_clips_stays(tmp_path: Path) -> None:
    assert found(tmp_path, "a.mp4", "a.MKV", "a.jpg", "a.en.vtt") == set()
    assert found(tmp_path, "b.mp4", "b.en.mp4", "b.en.vtt", "b.de.vtt", "b.jpg") == {"b.de.vtt", "b.jpg"}


def test_links_and_folders_stay(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").mkdir()
    (tmp_path / "a.srt").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path, "a.mp4") == set()
