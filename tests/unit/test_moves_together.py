"""What is moved together: a clip and its sidecars, a bulk action, a folder; and going back and forth through it all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from tests.unit.test_moves import Killed, clip, killed, refuse_rename, tree
from tiksort_tui.domain import Filing
from tiksort_tui.errors import MoveError
from tiksort_tui.library import carry, relocate
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover, Retraced

SIDECARS = ("a.info.json", "a.en.vtt")


def clip_with_sidecars(root: Path, content: bytes = b"clip") -> Path:
    for name in SIDECARS:
        clip(root, name, content + name.encode())
    return clip(root, content=content)


def filed_together(mover: Mover, *clips: tuple[Path, str]) -> list[Filing]:
    """File `clips` as one action; all can be."""
    filings = [outcome for outcome in mover.file_all(clips) if isinstance(outcome, Filing)]
    assert len(filings) == len(clips)
    return filings


def barred(monkeypatch: pytest.MonkeyPatch, name: str, *folders: Path, code: int = errno.ENOSPC) -> None:
    """No file of this name can be brought into any of `folders`."""
    whole_move = relocate.relocate

    def refuse(source: Path, target: Path, *rest: object) -> None:
        if target.name == name and target.parent in folders:
            raise OSError(code, os.strerror(code))
        whole_move(source, target, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(relocate, "relocate", refuse)


@pytest.mark.parametrize("copied", [False, True])
def test_sidecars_go_with_their_clip_and_come_back_with_it(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch, copied: bool
) -> None:
    if copied:
        refuse_rename(monkeypatch, errno.EXDEV)
    path = clip_with_sidecars(root)
    clip(root, "other.jpg")
    before = tree(root)
    filing = mover.file(path, "cats")
    assert sorted(os.listdir(root / "cats")) == ["a.en.vtt", "a.info.json", "a.mp4"]
    assert mover.undo() == Retraced((filing,))
    assert tree(root) == before
    assert mover.redo() == Retraced((filing,))
    assert mover.trash(filing.target).source == filing.target
    assert sorted(os.listdir(root / ".trash")) == ["a.en.vtt", "a.info.json", "a.mp4"]
    assert mover.undo(2).refusals == ()
    assert tree(root) == before


@pytest.mark.parametrize("taken", ["a.mp4", "a.en.vtt"])
def test_a_taken_name_of_one_gives_a_number_to_all(root: Path, mover: Mover, taken: str) -> None:
    clip(root / "cats", taken, b"theirs")
    mover.file(clip_with_sidecars(root), "cats")
    assert sorted(os.listdir(root / "cats")) == sorted([taken, "a (2).en.vtt", "a (2).info.json", "a (2).mp4"])
    assert (root / "cats" / taken).read_bytes() == b"theirs"


def test_a_failure_in_the_middle_brings_back_what_had_arrived(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip_with_sidecars(root)
    before = tree(root)
    with monkeypatch.context() as trouble:
        barred(trouble, "a.info.json", root / "cats")
        with pytest.raises(MoveError, match="was rolled back: the disk is full"):
            mover.file(path, "cats")
    assert tree(root) == before
    assert (mover.reconcile(), mover.history(9)) == ((), ())

    filing = mover.file(path, "cats")
    after = tree(root)
    with monkeypatch.context() as trouble:
        barred(trouble, "a.info.json", root)
        undone = mover.undo()
    assert (undone.filings, len(undone.refusals)) == ((), 1)
    assert tree(root) == after
    assert mover.undo().filings == (filing,)
    with monkeypatch.context() as trouble:
        barred(trouble, "a.info.json", root / "cats")
        assert len(mover.redo().refusals) == 1
    assert tree(root) == before
    assert mover.redo().filings == (filing,)


def test_what_can_go_neither_on_nor_back_waits_and_is_settled_later(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip_with_sidecars(root)
    before = tree(root)
    with monkeypatch.context() as trouble:
        barred(trouble, "a.info.json", root / "cats")
        barred(trouble, "a.mp4", root)
        with pytest.raises(MoveError, match="could not be settled yet: the disk is full"):
            mover.file(path, "cats")
        (waiting,) = mover.reconcile()
    assert "could not be settled yet" in waiting.message
    assert sorted(tree(root).values()) == sorted(before.values())
    (settled,) = mover.reconcile()
    assert mover.reconcile() == ()
    if settled.state == "done":
        mover.undo()
    assert tree(root) == before


def test_where_other_programs_took_both_names_each_file_stays_where_it_is(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip_with_sidecars(root)
    with monkeypatch.context() as crash:
        barred(crash, "a.en.vtt", root / "cats")
        crash.setattr(carry, "locate", killed)
        with pytest.raises(Killed):
            mover.file(path, "cats")
    clip(root, content=b"theirs")
    clip(root / "cats", "a.en.vtt", b"theirs too")
    (settled,) = mover.reconcile()
    assert "could not go with it" in settled.message
    assert mover.reconcile() == ()
    assert tree(root) == {
        "a.mp4": b"theirs",
        "a.en.vtt": b"clipa.en.vtt",
        "a.info.json": b"clipa.info.json",
        "cats/a.mp4": b"clip",
        "cats/a.en.vtt": b"theirs too",
    }


def test_a_changed_sidecar_keeps_the_whole_filing_where_it_is(root: Path, mover: Mover) -> None:
    older = mover.file(clip(root, "older.mp4"), "cats")
    mover.file(clip_with_sidecars(root), "cats")
    (root / "cats" / "a.en.vtt").write_bytes(b"edited by the user")
    assert "a.en.vtt' was not taken back: it has changed" in str(mover.undo().refusals[0])
    assert (root / "cats" / "a.mp4").exists()
    assert mover.undo().filings == (older,)


def test_one_undo_takes_a_bulk_action_back_and_one_redo_files_it_again(root: Path, journal: Journal) -> None:
    mover = Mover(root, journal)
    single = mover.file(clip(root, "single.mp4"), "cats")
    first, second = filed_together(mover, (clip(root, "b.mp4"), "cats"), (clip(root, "c.mp4"), "cooking"))
    after = tree(root)
    assert mover.undo() == Retraced((second, first))
    assert mover.undo() == Retraced((single,))
    assert mover.undo() == Retraced()
    journal.close()

    mover = Mover(root, Journal(journal.path))
    assert mover.redo() == Retraced((single,))
    assert mover.redo(5) == Retraced((first, second))
    assert mover.redo() == Retraced()
    assert tree(root) == after
    assert [(one.what, one.action, one.state) for one in mover.history(2)] == [
        (second, first.entry, "done"),
        (first, first.entry, "done"),
    ]


def test_a_refusal_in_a_bulk_action_leaves_the_others_free_to_go_back(root: Path, mover: Mover) -> None:
    mover.file(clip(root, "older.mp4"), "cats")
    filings = filed_together(mover, *((clip(root, name), "cats") for name in ("a.mp4", "b.mp4", "c.mp4")))
    clip(root, "b.mp4", b"theirs")
    undone = mover.undo(2)
    assert undone.filings == (filings[2], filings[0])
    assert [str(root / "b.mp4") in str(refusal) for refusal in undone.refusals] == [True]
    (root / "b.mp4").unlink()
    assert mover.undo().filings == (filings[1],)


def test_what_was_undone_can_be_redone_until_something_else_is_filed(root: Path, mover: Mover) -> None:
    first, second = mover.file(clip(root), "cats"), mover.file(clip(root, "b.mp4"), "cats")
    mover.undo(2)
    with pytest.raises(MoveError):
        mover.file(root / "b.mp4", "no such folder")
    assert mover.redo().filings == (first,)
    third = mover.file(clip(root, "c.mp4"), "cats")
    assert mover.redo() == Retraced()
    mover.undo()
    assert mover.redo().filings == (third,)
    assert [(one.what, one.state) for one in mover.history(9)] == [
        (third, "done"),
        (second, "withdrawn"),
        (first, "done"),
    ]


def test_a_refused_redo_says_why(root: Path, mover: Mover) -> None:
    first, second = mover.file(clip(root), "cats"), mover.file(clip(root, "b.mp4"), "cats")
    mover.undo(2)
    clip(root / "cats", content=b"theirs")
    (refusal,) = mover.redo().refusals
    assert "is there already" in str(refusal)
    (root / "cats" / "a.mp4").unlink()
    clip(root, content=b"edited by the user")
    (refusal,) = mover.redo().refusals
    assert "has changed" in str(refusal)
    assert mover.redo().filings == (second,)
    assert tree(root) == {"a.mp4": b"edited by the user", "cats/b.mp4": b"clip"}
    assert first.source.exists()


@pytest.mark.parametrize("new", ["kittens", "Cats"])
@pytest.mark.parametrize("exclusive", [True, False], ids=["exclusive", "plain"])
def test_a_folder_is_renamed_and_what_is_in_it_can_still_be_undone(
    root: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, new: str, exclusive: bool
) -> None:
    mover = Mover(root, journal)
    if not exclusive:

        def refuse(*arguments: object) -> None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        monkeypatch.setattr(relocate, "rename_exclusive", refuse)
    first = mover.file(clip_with_sidecars(root), "cats")
    before = tree(root)
    renamed = mover.rename_folder("cats", new)
    assert sorted(os.listdir(root)) == sorted([new, "cooking"])
    within = mover.file(root / new / "a.mp4", "cooking")
    assert within.source == root / new / "a.mp4"
    mover.undo()
    journal.close()

    mover = Mover(root, Journal(journal.path))
    assert mover.undo() == Retraced((), (renamed,))
    assert tree(root) == before
    assert mover.redo() == Retraced((), (renamed,))
    assert mover.undo(2) == Retraced((first,), (renamed,))


def test_filings_from_and_into_a_renamed_folder_go_back_to_its_new_name(root: Path, mover: Mover) -> None:
    into = mover.file(clip(root), "cats")
    out = mover.file(clip(root / "cooking", "b.mp4"), "cats")
    mover.rename_folder("cats", "kittens")
    mover.rename_folder("cooking", "kitchen")
    assert [one.what for one in mover.history(4)][2:] == [
        Filing(out.entry, root / "kitchen" / "b.mp4", root / "kittens" / "b.mp4"),
        Filing(into.entry, root / "a.mp4", root / "kittens" / "a.mp4"),
    ]
    assert mover.undo(4).refusals == ()
    assert tree(root) == {"a.mp4": b"clip", "cooking/b.mp4": b"clip"}


@pytest.mark.parametrize("new", ["", " x", ".x", "a/b", "..", "new\nline", "x" * 256, "Cooking", "cats"])
def test_a_name_that_no_folder_may_have_is_refused(root: Path, mover: Mover, new: str) -> None:
    with pytest.raises(MoveError):
        mover.rename_folder("cats", new)
    with pytest.raises(MoveError, match="did you mean 'cats'"):
        mover.rename_folder("cast", "fine")
    assert sorted(os.listdir(root)) == ["cats", "cooking"]
    assert mover.history(9) == ()


def test_a_renaming_whose_old_name_was_taken_waits_to_be_undone(root: Path, mover: Mover) -> None:
    renamed = mover.rename_folder("cats", "kittens")
    (root / "cats").mkdir()
    assert "is there already" in str(mover.undo().refusals[0])
    (root / "cats").rmdir()
    assert mover.undo().folders == (renamed,)


@pytest.mark.parametrize("killed_at", ["rename_folder", "sync_folder"])
def test_an_interrupted_renaming_is_settled_and_so_is_a_filing_after_it(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    mover.file(clip(root), "cats")
    with monkeypatch.context() as crash:
        crash.setattr(relocate, killed_at, killed)
        with pytest.raises(Killed):
            mover.rename_folder("cats", "kittens")
    name = "cats" if killed_at == "rename_folder" else "kittens"
    with monkeypatch.context() as crash:
        # Else the renaming is settled first.
        crash.setattr(Journal, "unsettled", lambda self: [])
        crash.setattr(relocate, "sync_folder", killed)
        with pytest.raises(Killed):
            mover.file(clip(root, "b.mp4"), name)
    renaming, filing = mover.reconcile()
    assert ("was finished" in renaming.message) == (name == "kittens")
    assert filing.filing.target == root / name / "b.mp4"
    assert tree(root) == {f"{name}/a.mp4": b"clip", f"{name}/b.mp4": b"clip"}
    assert mover.undo(3).refusals == ()
    assert tree(root) == {"a.mp4": b"clip", "b.mp4": b"clip"}
    assert (root / "cats").is_dir()


def fails(*_: object) -> NoReturn:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_no_folder_is_renamed_while_a_move_into_it_is_unsettled(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = mover.rename_folder("cats", "kittens")
    with monkeypatch.context() as crash:
        crash.setattr(relocate, "sync_folder", killed)
        with pytest.raises(Killed):
            mover.file(clip(root), "kittens")
    with monkeypatch.context() as trouble:
        trouble.setattr(carry, "locate", fails)
        with pytest.raises(MoveError, match="put right: start again"):
            mover.rename_folder("kittens", "cubs")
        assert "put right: start again" in str(mover.undo().refusals[0])
    # What can be settled is, before anything else.
    assert mover.undo(2).folders == (renamed,)
    assert tree(root) == {"a.mp4": b"clip"}
