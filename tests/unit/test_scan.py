"""What is in a library, and what is not."""

import os
from pathlib import Path

import pytest

from tiksort_tui.config import LibraryConfig
from tiksort_tui.errors import LibraryError
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import open_library, state_dir


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def found(root: Path) -> dict[str, str | None]:
    videos = scan(root, LibraryConfig(extensions=("mp4", "mkv"))).videos
    return {str(video.path.relative_to(root)): video.folder for video in videos}


def test_the_root_is_unsorted_and_each_sub_folder_a_label(tmp_path):
    for name in ("b.mp4", "A.MP4", "c.txt", "fun/x.mkv", "fun/deep/er/y.mp4", "music/notes.md"):
        touch(tmp_path / name)
    assert found(tmp_path) == {"A.MP4": None, "b.mp4": None, "fun/deep/er/y.mp4": "fun", "fun/x.mkv": "fun"}
    assert scan(tmp_path, LibraryConfig()).folders == ("fun", "music")


def test_hidden_names_links_and_the_state_folder_are_passed_over(tmp_path):
    root, outside = tmp_path / "library", touch(tmp_path / "outside" / "secret.mp4")
    for name in (".hidden.mp4", ".cache/a.mp4", "fun/.part/b.mp4", "state/c.mp4", "fun/mine.mp4"):
        touch(root / name)
    (root / "way out").symlink_to(outside.parent)
    (root / "link.mp4").symlink_to(outside)
    (root / "fun" / "round").symlink_to(root)
    snapshot = scan(root, LibraryConfig(), root / "state")
    assert [video.path for video in snapshot.videos] == [root / "fun" / "mine.mp4"]
    assert snapshot.folders == ("fun",)
    assert snapshot.links == ("way out",)


def test_a_link_out_of_the_library_is_a_label_where_the_config_says_so(tmp_path):
    root, outside = tmp_path / "library", tmp_path / "other disk" / "films"
    touch(outside / "deep" / "a.mp4")
    touch(root / "b.mp4")
    (root / "films").symlink_to(outside)
    # These would make the library a part of itself.
    (root / "all").symlink_to(tmp_path)
    (root / "itself").symlink_to(root)
    (outside / "back").symlink_to(root)
    snapshot = scan(root, LibraryConfig(file_through_links=True))
    assert {video.path: video.folder for video in snapshot.videos} == {
        root / "films" / "deep" / "a.mp4": "films",
        root / "b.mp4": None,
    }
    assert (snapshot.folders, snapshot.links) == (("films",), ())


def test_names_of_any_bytes_are_found(tmp_path):
    name = os.fsdecode(b"caf\xe9\n\x1b[2J.mp4")
    touch(tmp_path / name)
    assert found(tmp_path) == {name: None}


def test_a_library_that_is_none_is_said(tmp_path):
    with pytest.raises(LibraryError, match="no such folder"):
        open_library(tmp_path / "none")
    with pytest.raises(LibraryError, match="is a file"):
        open_library(touch(tmp_path / "a.mp4"))


def test_the_state_folder_is_the_users_own(tmp_path):
    folder = state_dir(tmp_path)
    assert folder == tmp_path / ".tiksort"
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    assert state_dir(tmp_path).stat().st_mode & 0o777 == 0o700


def test_two_libraries_share_a_configured_state_folder_without_meeting(tmp_path):
    configured = str(tmp_path / "state")
    first, second = tmp_path / "one" / "videos", tmp_path / "two" / "videos"
    assert state_dir(first, configured) != state_dir(second, configured)


def test_a_library_on_a_network_file_system_keeps_its_state_elsewhere(tmp_path, monkeypatch):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 0:1 / / rw - ext4 /dev/root rw\n"
        f"23 22 0:2 / {tmp_path}/my\\040nas rw shared:1 - nfs4 nas:/videos rw\n"
    )
    monkeypatch.setattr("tiksort_tui.library.state._MOUNTS", mounts)
    monkeypatch.setattr("platformdirs.user_state_path", lambda name: tmp_path / "xdg")
    root = tmp_path / "my nas" / "videos"
    root.mkdir(parents=True)
    assert state_dir(root).is_relative_to(tmp_path / "xdg")
    assert not (root / ".tiksort").exists()
