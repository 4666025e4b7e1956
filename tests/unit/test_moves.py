"""Filing and taking back, on real files: what is moved, what is refused, and what the user is told."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tiksort_tui.config import LibraryConfig
from tiksort_tui.domain import FileStamp, Filing
from tiksort_tui.errors import DuplicateError, MoveError
from tiksort_tui.library import relocate
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover, Retraced
from tiksort_tui.library.scan import scan


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the program catches it."""


AWKWARD_NAMES = [
    pytest.param(b"a\xff\xfe.mp4", id="undecodable"),
    pytest.param(b"two\nlines.mp4", id="newline"),
    pytest.param(b"-rf", id="leading dash"),
    pytest.param("e\u0301te\u0301 \U0001f408 \u05d0.mp4".encode(), id="unicode"),
    pytest.param(b"x" * 251 + b".mp4", id="255 bytes"),
]


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def clip(root: Path, name: str = "a.mp4", content: bytes = b"clip") -> Path:
    path = root / name
    path.write_bytes(content)
    return path


def refuse_rename(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """The system refuses to rename from one folder to another, as it does between file systems."""
    exclusive = relocate.rename_exclusive

    def refuse(source: Path, target: Path) -> None:
        if source.parent != target.parent:
            raise OSError(code, os.strerror(code))
        exclusive(source, target)

    monkeypatch.setattr(relocate, "rename_exclusive", refuse)


def fail(code: int) -> Callable[..., None]:
    def failing(*arguments: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    return failing


def killed(*arguments: object, **options: object) -> None:
    raise Killed


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_any_name_is_filed_and_taken_back_after_a_restart(
    root: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, name: bytes, copied: bool
) -> None:
    if copied:
        refuse_rename(monkeypatch, errno.EXDEV)
    path = clip(root, os.fsdecode(name))
    before = os.stat(path)
    filing = Mover(root, journal).file(path, "cats")
    assert filing == Filing(filing.entry, path, root / "cats" / path.name)
    assert os.listdir(root / "cats") == [path.name]
    journal.close()

    undone = Mover(root, Journal(journal.path)).undo()
    assert (undone.filings, undone.refusals) == ((filing,), ())
    assert tree(root) == {path.name: b"clip"}
    assert (os.stat(path).st_mtime_ns, os.stat(path).st_mode) == (before.st_mtime_ns, before.st_mode)


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("cooknig", "did you mean 'cooking'"),
        ("", "no folder ''"),
        (".", "no folder"),
        ("..", "no folder"),
        (".hidden", "no folder"),
        ("cats/deep", "no folder"),
        ("cats/", "no folder"),
        ("/tmp", "no folder"),
        ("nul\0", "no folder"),
        ("leads out", "link that leads out"),
        ("c" * 300, "no folder"),
    ],
)
def test_only_real_visible_sub_folders_take_clips(
    root: Path, mover: Mover, tmp_path: Path, folder: str, words: str
) -> None:
    (root / ".hidden").mkdir()
    (root / "cats" / "deep").mkdir()
    (tmp_path / "outside").mkdir()
    (root / "leads out").symlink_to(tmp_path / "outside")
    path = clip(root)
    with pytest.raises(MoveError, match=words):
        mover.file(path, folder)
    assert tree(root) == {"a.mp4": b"clip"}


def test_a_link_to_another_disk_takes_clips_where_the_config_says_so(root: Path, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other_disk:
        (root / "far").symlink_to(other_disk)
        (root / "all").symlink_to(root.parent)
        mover = Mover(root, Journal(tmp_path / "journal"), LibraryConfig(file_through_links=True))
        filing = mover.file(clip(root), "far")
        assert (Path(other_disk) / "a.mp4").read_bytes() == b"clip"
        assert mover.file(filing.target, "cats").source == filing.target
        assert tree(root) == {"cats/a.mp4": b"clip"}
        with pytest.raises(MoveError, match="no folder"):
            mover.file(root / "cats" / "a.mp4", "all")
        assert [one.target for one in mover.undo(2).filings] == [root / "cats" / "a.mp4", filing.target]
        assert tree(root) == {"a.mp4": b"clip"}
        assert os.listdir(other_disk) == []


def test_what_is_no_clip_of_the_library_is_refused(root: Path, mover: Mover, tmp_path: Path) -> None:
    outside = clip(tmp_path, "outside.mp4")
    (root / "linked.mp4").symlink_to(outside)
    (root / "linked").symlink_to(tmp_path)
    for path in (outside, root / "linked.mp4", root / "linked" / "outside.mp4", root / ".." / "outside.mp4"):
        with pytest.raises(MoveError, match=r"not in the library|only real files"):
            mover.file(path, "cats")
    with pytest.raises(MoveError, match="only real files"):
        mover.file(root / "cooking", "cats")
    with pytest.raises(MoveError, match="is not there; see where it went"):
        mover.file(root / "gone.mp4", "cats")
    assert outside.read_bytes() == b"clip"
    assert mover.reconcile() == ()


def test_a_clip_that_is_in_the_folder_already_stays(root: Path, mover: Mover) -> None:
    (root / "cats" / "deep").mkdir()
    for path in (clip(root / "cats"), clip(root / "cats" / "deep")):
        with pytest.raises(MoveError, match="in 'cats' already"):
            mover.file(path, "cats")
        assert path.exists()


@pytest.mark.parametrize("taken_by", ["file", "folder", "dangling link"])
def test_a_taken_name_is_left_alone_and_the_clip_gets_a_number(root: Path, mover: Mover, taken_by: str) -> None:
    path, target = clip(root), root / "cats" / "a.mp4"
    match taken_by:
        case "file":
            target.write_bytes(b"else")
        case "folder":
            target.mkdir()
        case "dangling link":
            target.symlink_to(root / "nowhere")
    before = os.lstat(target)
    assert mover.file(path, "cats").target == root / "cats" / "a (2).mp4"
    assert mover.file(clip(root, content=b"third"), "cats").target == root / "cats" / "a (3).mp4"
    assert (root / "cats" / "a (2).mp4").read_bytes() == b"clip"
    assert os.lstat(target) == before
    assert mover.undo().refusals == ()
    assert tree(root).get("a.mp4") == b"third"


@pytest.mark.parametrize("name", ["e\u0301" * 83 + "x.mp4", "x" * 251 + ".mp4"])
def test_a_numbered_name_fits_into_255_bytes(root: Path, mover: Mover, name: str) -> None:
    clip(root / "cats", name, b"theirs")
    target = mover.file(clip(root, name), "cats").target
    assert len(os.fsencode(target.name)) <= 255
    assert target.name.endswith(" (2).mp4")
    assert os.fsencode(target.name).decode()  # No character was cut in two.


def test_a_name_that_is_all_extension_has_no_room_for_a_number(root: Path, mover: Mover) -> None:
    name = "a." + "x" * 253
    clip(root / "cats", name, b"theirs")
    with pytest.raises(MoveError, match="too long"):
        mover.file(clip(root, name), "cats")
    assert tree(root) == {name: b"clip", f"cats/{name}": b"theirs"}


@pytest.mark.parametrize("place", ["a.mp4", "a (2).mp4"])
def test_a_duplicate_is_said_and_can_be_put_in_the_trash(root: Path, mover: Mover, place: str) -> None:
    path = clip(root)
    clip(root / "cats", "a.mp4", b"else")
    duplicate = clip(root / "cats", place)
    before = tree(root)
    with pytest.raises(DuplicateError, match="is a duplicate of") as raised:
        mover.file(path, "cats")
    assert raised.value.other == duplicate
    assert tree(root) == before
    trashed = mover.trash(path)
    assert trashed.target == root / ".trash" / "a.mp4"
    assert mover.trash(duplicate).target == root / ".trash" / "a (2).mp4"
    assert scan(root, LibraryConfig()).unsorted == ()
    with pytest.raises(MoveError, match="in the trash already"):
        mover.trash(trashed.target)
    assert mover.undo(2).refusals == ()
    assert tree(root) == before


@pytest.mark.parametrize("taken_by", ["file", "link"])
def test_a_trash_that_is_no_folder_of_the_library_takes_nothing(root: Path, mover: Mover, taken_by: str) -> None:
    path = clip(root)
    (root / ".trash").write_text("") if taken_by == "file" else (root / ".trash").symlink_to(root.parent)
    with pytest.raises(MoveError, match="no folder of the library"):
        mover.trash(path)
    assert path.exists()


@pytest.mark.parametrize(
    ("code", "links"),
    [(0, True), (errno.ENOSYS, True), (errno.EINVAL, False), (errno.EXDEV, True)],
    ids=["rename", "link", "placeholder", "copy"],
)
@pytest.mark.parametrize("content", [b"clip", b"theirs"], ids=["same bytes", "other bytes"])
def test_a_file_that_another_program_creates_in_the_last_instant_is_left_alone(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch, code: int, links: bool, content: bytes
) -> None:
    path = clip(root)
    if code:
        refuse_rename(monkeypatch, code)
    if not links:
        monkeypatch.setattr(os, "link", fail(errno.EPERM))
    whole_move = relocate.relocate

    def race(*arguments: object) -> None:
        shutil.copystat(path, clip(root / "cats", content=content))
        whole_move(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(relocate, "relocate", race)
    with pytest.raises(MoveError, match="is there already"):
        mover.file(path, "cats")
    assert tree(root) == {"a.mp4": b"clip", "cats/a.mp4": content}
    assert mover.reconcile() == ()


def test_undo_goes_back_through_the_filings_newest_first(root: Path, mover: Mover) -> None:
    first = mover.file(clip(root), "cats")
    second = mover.file(first.target, "cooking")
    third = mover.file(clip(root, "b.mp4"), "cats")
    assert mover.undo(2).filings == (third, second)
    assert mover.undo(10).filings == (first,)
    assert tree(root) == {"a.mp4": b"clip", "b.mp4": b"clip"}
    assert mover.undo().filings == ()


def test_a_file_that_was_only_touched_is_taken_back_and_filed_again(root: Path, mover: Mover) -> None:
    filing = mover.file(clip(root), "cats")
    os.utime(filing.target, (1, 1))
    assert mover.undo().filings == (filing,)
    os.utime(filing.source, (2, 2))
    assert mover.redo().filings == (filing,)
    assert tree(root) == {"cats/a.mp4": b"clip"}


def test_undo_survives_a_library_that_was_copied_elsewhere(root: Path, journal: Journal, tmp_path: Path) -> None:
    Mover(root, journal).file(clip(root), "cats")
    shutil.copytree(root, tmp_path / "copy")
    undone = Mover(tmp_path / "copy", journal).undo()
    assert not undone.refusals
    assert tree(tmp_path / "copy") == {"a.mp4": b"clip"}
    assert tree(root) == {"cats/a.mp4": b"clip"}


def test_a_changed_clip_is_not_taken_back_and_does_not_block_older_filings(root: Path, mover: Mover) -> None:
    older = mover.file(clip(root, "older.mp4"), "cats")
    changed = mover.file(clip(root, "changed.mp4"), "cats")
    newer = mover.file(clip(root, "newer.mp4"), "cats")
    changed.target.write_bytes(b"edited by the user")
    undone = mover.undo(3)
    assert undone.filings == (newer,)
    assert f"{str(changed.target)!r} was not taken back: it has changed" in str(undone.refusals[0])
    assert mover.undo().filings == (older,)
    assert tree(root) == {"older.mp4": b"clip", "newer.mp4": b"clip", "cats/changed.mp4": b"edited by the user"}


def test_a_clip_that_has_gone_is_not_taken_back(root: Path, mover: Mover) -> None:
    mover.file(clip(root), "cats").target.unlink()
    assert "no longer there" in str(mover.undo().refusals[0])
    assert not mover.undo().refusals


@pytest.mark.parametrize("how", ["the clip", "its subtitles", "its folder's disk", "changed and restored"])
def test_what_was_refused_is_taken_back_when_it_is_back_as_it_was_left(
    root: Path, mover: Mover, tmp_path: Path, how: str
) -> None:
    older = mover.file(clip(root, "older.mp4"), "cats")
    clip(root, "a.srt", b"words")
    filing = mover.file(clip(root), "cooking")
    stamp = os.stat(filing.target)

    def restore() -> None:
        if how == "its folder's disk":
            (root / "cooking").rmdir()
            (tmp_path / "away").rename(root / "cooking")
        elif how == "changed and restored":
            filing.target.write_bytes(b"clip")
            os.utime(filing.target, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        else:
            (tmp_path / "away").rename(gone)

    gone = root / "cooking" / ("a.srt" if how == "its subtitles" else "a.mp4")
    if how == "its folder's disk":
        (root / "cooking").rename(tmp_path / "away")
        (root / "cooking").mkdir()
    elif how == "changed and restored":
        filing.target.write_bytes(b"edited by the user")
    else:
        gone.rename(tmp_path / "away")
    (refusal,) = mover.undo().refusals
    words = "has changed" if how == "changed and restored" else "no longer there; bring it back and try again"
    assert words in str(refusal)
    assert mover.history(1)[0].state == "lost"
    restore()
    assert [one.state for one in mover.history(9)] == ["done", "done"]
    # It comes first: it was filed last.
    assert (mover.undo().filings, mover.undo().filings, mover.undo()) == ((filing,), (older,), Retraced())
    assert tree(root) == {"a.mp4": b"clip", "a.srt": b"words", "older.mp4": b"clip"}
    assert mover.redo(2).filings == (older, filing)


def test_what_is_gone_stands_in_the_way_of_nothing_and_has_its_turn_when_it_is_back(root: Path, mover: Mover) -> None:
    older = mover.file(clip(root, "older.mp4"), "cats")
    gone = mover.file(clip(root, "gone.mp4"), "cats")
    gone.target.rename(root / "elsewhere")
    assert mover.undo().refusals
    newer = mover.file(clip(root, "newer.mp4"), "cats")
    (root / "elsewhere").rename(gone.target)
    assert [mover.undo().filings for _ in range(4)] == [(newer,), (gone,), (older,), ()]


def test_of_many_that_were_refused_those_are_taken_back_in_one_go_that_are_back(root: Path, mover: Mover) -> None:
    filings = mover.file_all([(clip(root, f"{number}.mp4"), "cats") for number in range(5)])
    assert all(isinstance(one, Filing) for one in filings)
    for number in (1, 2, 3):
        (root / "cats" / f"{number}.mp4").rename(root / f"away {number}")
    undone = mover.undo()
    assert (len(undone.filings), len(undone.refusals)) == (2, 3)
    for number in (1, 3):
        (root / f"away {number}").rename(root / "cats" / f"{number}.mp4")
    assert {one.source.name for one in mover.undo().filings} == {"1.mp4", "3.mp4"}
    assert mover.undo() == Retraced()


def test_a_clip_that_was_brought_back_by_hand_and_filed_again_is_the_later_filings(root: Path, mover: Mover) -> None:
    first = mover.file(clip(root), "cats")
    first.target.rename(root / "elsewhere")
    assert mover.undo().refusals
    (root / "elsewhere").rename(first.source)
    second = mover.file(first.source, "cats")
    assert [one.state for one in mover.history(2)] == ["done", "lost"]
    assert mover.undo().filings == (second,)
    assert mover.undo() == Retraced()
    assert mover.redo().filings == (second,)
    # Both are given up.
    second.target.rename(root / "elsewhere")
    assert mover.undo().refusals
    (root / "elsewhere").rename(second.target)
    assert mover.undo().filings == (second,)
    assert mover.undo() == Retraced()


def test_another_file_where_a_clip_is_gone_from_is_not_taken_for_it(root: Path, mover: Mover) -> None:
    filing = mover.file(clip(root), "cats")
    filing.target.unlink()
    assert mover.undo().refusals
    # As long, and maybe with the same inode.
    filing.target.write_bytes(b"spam")
    assert mover.undo() == Retraced()
    assert mover.history(1)[0].state == "lost"


def test_a_clip_that_is_back_while_its_old_place_is_taken_waits_out_of_the_way(root: Path, mover: Mover) -> None:
    older = mover.file(clip(root, "older.mp4"), "cats")
    filing = mover.file(clip(root), "cats")
    filing.target.rename(root / "elsewhere")
    assert mover.undo().refusals
    (root / "elsewhere").rename(filing.target)
    clip(root, content=b"theirs")
    assert mover.undo().filings == (older,)
    assert mover.undo() == Retraced()
    filing.source.unlink()
    assert mover.undo().filings == (filing,)


def test_a_renamed_folder_that_was_away_gets_its_old_name_back(root: Path, mover: Mover, tmp_path: Path) -> None:
    filing = mover.file(clip(root), "cats")
    mover.rename_folder("cats", "kittens")
    (root / "kittens").rename(tmp_path / "away")
    assert mover.undo().refusals
    (tmp_path / "away").rename(root / "kittens")
    assert [(one.old, one.new) for one in mover.undo().folders] == [("cats", "kittens")]
    assert mover.undo().filings == (filing,)
    assert tree(root) == {"a.mp4": b"clip"}


def test_an_old_place_that_is_taken_refuses_until_it_is_free(root: Path, mover: Mover) -> None:
    filing = mover.file(clip(root), "cats")
    clip(root, content=b"theirs")
    assert "is there already" in str(mover.undo().refusals[0])
    assert tree(root) == {"a.mp4": b"theirs", "cats/a.mp4": b"clip"}
    filing.source.unlink()
    os.link(filing.target, filing.source)
    assert "is there already" in str(mover.undo().refusals[0])
    assert tree(root) == {"a.mp4": b"clip", "cats/a.mp4": b"clip"}
    filing.source.unlink()
    assert mover.undo().filings == (filing,)


def test_a_folder_that_is_away_for_now_does_not_cost_the_undo(root: Path, mover: Mover) -> None:
    filing = mover.file(clip(root), "cats")
    (root / "cats").rename(root / "unmounted")
    assert "is not there" in str(mover.undo().refusals[0])
    (root / "unmounted").rename(root / "cats")
    assert mover.undo().filings == (filing,)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no permission"),
        (errno.ENAMETOOLONG, "too long"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_an_error_of_the_system_is_told_and_the_clip_stays(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    path = clip(root)
    monkeypatch.setattr(relocate, "rename_exclusive", fail(code))
    with pytest.raises(MoveError, match=words):
        mover.file(path, "cats")
    assert tree(root) == {"a.mp4": b"clip"}
    assert mover.reconcile() == ()
    assert mover.undo().filings == ()


def test_a_disk_that_fills_up_in_the_middle_of_a_copy_leaves_nothing_behind(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(root)
    refuse_rename(monkeypatch, errno.EXDEV)

    def half(original: object, copied: object, length: int) -> None:
        copied.write(b"cl")  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", half)
    with pytest.raises(MoveError, match="disk is full"):
        mover.file(path, "cats")
    assert tree(root) == {"a.mp4": b"clip"}


def test_a_clip_that_is_written_to_while_it_is_copied_stays(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(root)
    refuse_rename(monkeypatch, errno.EXDEV)
    copystat = shutil.copystat

    def grow(*arguments: Path) -> None:
        copystat(*arguments)
        with path.open("ab") as file:
            file.write(b", and more")

    monkeypatch.setattr(shutil, "copystat", grow)
    with pytest.raises(MoveError, match="another program is changing it"):
        mover.file(path, "cats")
    assert tree(root) == {"a.mp4": b"clip, and more"}


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EXDEV], ids=["link", "copy"])
def test_an_original_that_cannot_be_removed_is_not_doubled(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = clip(root)
    refuse_rename(monkeypatch, code)
    unlink = os.unlink

    def refuse(name: Path) -> None:
        if name == path:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        unlink(name)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(MoveError, match="rolled back: no permission"):
        mover.file(path, "cats")
    assert tree(root) == {"a.mp4": b"clip"}


def test_a_placeholder_that_cannot_be_used_is_removed(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(root)
    refuse_rename(monkeypatch, errno.EINVAL)
    monkeypatch.setattr(os, "link", fail(errno.EPERM))
    monkeypatch.setattr(os, "rename", fail(errno.EIO))
    with pytest.raises(MoveError, match="rolled back: Input/output error"):
        mover.file(path, "cats")
    assert tree(root) == {"a.mp4": b"clip"}


def test_a_new_file_at_the_old_place_is_not_taken_for_the_clip(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(root)
    refuse_rename(monkeypatch, errno.ENOSYS)
    sync_folder = relocate.sync_folder

    def replace(folder: Path) -> None:
        sync_folder(folder)
        clip(root, "new", b"downloaded again").replace(path)
        monkeypatch.setattr(relocate, "sync_folder", sync_folder)

    monkeypatch.setattr(relocate, "sync_folder", replace)
    mover.file(path, "cats")
    assert tree(root) == {"a.mp4": b"downloaded again", "cats/a.mp4": b"clip"}


def test_after_a_crash_an_arrived_clip_is_filed_even_if_its_old_place_is_taken(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(root)
    with monkeypatch.context() as crash:
        crash.setattr(Journal, "change", killed)
        with pytest.raises(Killed):
            mover.file(path, "cats")
    clip(root, content=b"theirs")
    (settled,) = mover.reconcile()
    assert settled.state == "done"
    assert "was finished" in settled.message
    assert tree(root) == {"a.mp4": b"theirs", "cats/a.mp4": b"clip"}
    path.unlink()
    assert mover.undo().filings == (settled.filing,)


def test_after_a_crash_a_clip_that_went_elsewhere_is_lost_and_a_strange_file_is_not_taken_for_it(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(root)
    with monkeypatch.context() as crash:
        crash.setattr(relocate, "rename_exclusive", killed)
        with pytest.raises(Killed):
            mover.file(path, "cats")
    path.rename(root / "cooking" / "a.mp4")
    clip(root / "cats", content=b"theirs")
    assert [settled.state for settled in mover.reconcile()] == ["lost"]
    assert mover.undo().filings == ()
    assert tree(root) == {"cooking/a.mp4": b"clip", "cats/a.mp4": b"theirs"}


def test_after_a_crash_an_original_that_was_changed_and_its_copy_are_both_kept(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(root)
    refuse_rename(monkeypatch, errno.EXDEV)
    with monkeypatch.context() as crash:
        crash.setattr(relocate, "unlink_unchanged", killed)
        with pytest.raises(Killed):
            mover.file(path, "cats")
    path.write_bytes(b"edited by the user")
    (settled,) = mover.reconcile()
    assert "is another file, and is kept" in settled.message
    assert tree(root) == {"a.mp4": b"edited by the user", "cats/a.mp4": b"clip"}


def test_after_a_crash_a_finished_copy_whose_original_was_deleted_is_brought_home(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(root)
    with monkeypatch.context() as crash:
        crash.setattr(relocate, "rename_exclusive", killed)
        refuse_rename(crash, errno.EXDEV)
        with pytest.raises(Killed):
            mover.file(path, "cats")
    path.unlink()
    assert [settled.state for settled in mover.reconcile()] == ["done"]
    assert tree(root) == {"cats/a.mp4": b"clip"}


def test_after_a_crash_two_folders_that_became_one_keep_the_clip(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(root / "cats")
    refuse_rename(monkeypatch, errno.ENOSYS)
    with monkeypatch.context() as crash:
        crash.setattr(relocate, "unlink_unchanged", killed)
        with pytest.raises(Killed):
            mover.file(path, "cooking")
    shutil.rmtree(root / "cats")
    (root / "cats").symlink_to(root / "cooking")
    mover.reconcile()
    assert tree(root)["cooking/a.mp4"] == b"clip"


def test_an_entry_that_cannot_be_settled_now_waits_and_the_others_are_settled(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_rename(monkeypatch, errno.ENOSYS)
    with monkeypatch.context() as crash:
        crash.setattr(relocate, "unlink_unchanged", killed)
        # Else the first is settled before the second.
        crash.setattr(Journal, "unsettled", lambda self: [])
        for name in ("a.mp4", "b.mp4"):
            with pytest.raises(Killed):
                mover.file(clip(root, name), "cats")
    remove = relocate.unlink_unchanged

    def refuse_first(path: Path, stamp: FileStamp) -> None:
        if path.name == "a.mp4":
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        remove(path, stamp)

    with monkeypatch.context() as trouble:
        trouble.setattr(relocate, "unlink_unchanged", refuse_first)
        waiting, settled = mover.reconcile()
    assert (waiting.state, settled.state) == ("pending", "undone")
    assert "could not be settled yet: no permission" in waiting.message
    assert [again.state for again in mover.reconcile()] == ["undone"]
    assert tree(root) == {"a.mp4": b"clip", "b.mp4": b"clip"}


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a second file system")
def test_a_move_between_two_real_file_systems(tmp_path: Path) -> None:
    if os.stat("/dev/shm").st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("needs a second file system")
    source = clip(tmp_path, content=os.urandom(3 << 20))
    os.utime(source, ns=(1, 1_600_000_000_123_456_789))
    content, stamp = source.read_bytes(), relocate.stamp_of(source)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        target = Path(other) / "a.mp4"
        relocate.relocate(source, target, stamp, Path(other) / ".part", lambda made, noted: None)
        assert target.read_bytes() == content
        assert target.stat().st_mtime_ns == stamp.mtime_ns
        assert os.listdir(other) == ["a.mp4"]
        assert not source.exists()


def test_a_copy_to_another_disk_keeps_permissions_times_and_attributes(tmp_path: Path) -> None:
    clip, part = tmp_path / "a.mp4", tmp_path / "a.part"
    clip.write_bytes(b"a clip")
    clip.chmod(0o640)
    os.utime(clip, ns=(1_600_000_000_123_456_789, 1_500_000_000_123_456_789))
    try:
        os.setxattr(clip, "user.source", b"somewhere")
    except (OSError, AttributeError):
        pytest.skip("no extended attributes here")
    relocate.copy(clip, part)
    assert part.read_bytes() == b"a clip"
    assert (part.stat().st_mode & 0o777, part.stat().st_mtime_ns) == (0o640, 1_500_000_000_123_456_789)
    assert os.getxattr(part, "user.source") == b"somewhere"
