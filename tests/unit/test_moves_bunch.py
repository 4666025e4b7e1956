"""Many clips in one go: what they share, what one of them means for the others, where it stops, and crashes between."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_moves import Killed, clip, fail, killed, refuse_rename, tree
from tiksort_tui.domain import Filing
from tiksort_tui.errors import DuplicateError, LibraryError, MoveError
from tiksort_tui.library import bunch, carry, relocate
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover, Retraced


def clips(root: Path, count: int) -> list[tuple[Path, str]]:
    """So many clips of different content, to be filed in cats and in cooking by turns."""
    names = [f"{number:03}.mp4" for number in range(count)]
    return [(clip(root, name, name.encode()), ("cats", "cooking")[i % 2]) for i, name in enumerate(names)]


def filed(asked: list[tuple[Path, str]]) -> dict[str, bytes]:
    return {f"{folder}/{path.name}": path.name.encode() for path, folder in asked}


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[tuple[Any, ...]]:
    """The calls of a function, each by its arguments."""
    calls: list[tuple[Any, ...]] = []
    real: Callable[..., Any] = getattr(owner, name)

    def counting(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(owner, name, counting)
    return calls


def told(outcomes: list[Any]) -> list[str]:
    return [str(one.target.relative_to(one.target.parents[1])) if isinstance(one, Filing) else "" for one in outcomes]


def full_from(monkeypatch: pytest.MonkeyPatch, commit: int) -> None:
    """The disk of the journal is full from this commit on, counted from one."""
    real, commits = Journal._transaction, 0

    def limited(journal: Journal) -> Any:
        nonlocal commits
        commits += 1
        if commits >= commit:
            with journal._plain_errors():
                raise sqlite3.OperationalError("database or disk is full")
        return real(journal)

    monkeypatch.setattr(Journal, "_transaction", limited)


def refuse_clip(monkeypatch: pytest.MonkeyPatch, name: str, code: int = errno.EACCES) -> None:
    real = relocate.rename_exclusive

    def refuse(source: Path, target: Path) -> None:
        if source.name == name:
            raise OSError(code, os.strerror(code))
        real(source, target)

    monkeypatch.setattr(relocate, "rename_exclusive", refuse)


def test_a_bunch_costs_two_commits_and_one_sync_of_each_folder(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = clips(root, 2 * bunch.BUNCH)
    mover.file(*asked.pop())
    commits, synced = counted(monkeypatch, Journal, "_transaction"), counted(monkeypatch, relocate, "sync_folder")
    listed = counted(monkeypatch, os, "listdir")
    assert all(isinstance(outcome, Filing) for outcome in mover.file_all(asked))
    assert len(commits) == 4
    assert Counter(synced) == {(root,): 2, (root / "cats",): 2, (root / "cooking",): 2}
    # The targets before the sources.
    assert [folder for (folder,) in synced[:3]][-1] == root
    assert len(listed) == 2
    commits.clear(), synced.clear()
    assert len(mover.undo().filings) == len(asked)
    assert (len(commits), len(synced)) == (4, 6)
    assert mover.redo().refusals == ()
    assert (len(commits), len(synced)) == (8, 12)


def test_what_is_filed_in_one_go_is_one_action_over_all_its_bunches(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bunch, "BUNCH", 3)
    older = mover.file(clip(root, "older.mp4"), "cats")
    asked = clips(root, 8)
    before, filings = tree(root), mover.file_all(asked)
    assert tree(root) == filed(asked) | {"cats/older.mp4": b"clip"}
    assert mover.undo() == Retraced(tuple(filings[::-1]))
    assert tree(root) == before
    assert mover.redo() == Retraced(tuple(filings))
    assert mover.undo(2) == Retraced((*filings[::-1], older))
    assert mover.file_all([]) == []


def test_a_clip_that_cannot_be_filed_does_not_hinder_the_others(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is refused by the plan, one by the system, and one in the middle of its files."""
    asked = clips(root, 6)
    asked[1] = (root / "gone.mp4", "cats")
    clip(root, "004.srt", b"words")
    exclusive = relocate.rename_exclusive

    def refuse(source: Path, target: Path) -> None:
        if target.parent != root and target.name in ("003.mp4", "004.srt"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        exclusive(source, target)

    with monkeypatch.context() as trouble:
        trouble.setattr(relocate, "rename_exclusive", refuse)
        outcomes = mover.file_all(asked)
    assert told(outcomes) == ["cats/000.mp4", "", "cats/002.mp4", "", "", "cooking/005.mp4"]
    for place, words in ((1, "gone.mp4.*is not there"), (3, "003.mp4.*no permission"), (4, "004.mp4.*rolled back")):
        with pytest.raises(MoveError, match=words):
            raise outcomes[place]  # type: ignore[misc]
    assert {"001.mp4", "003.mp4", "004.mp4", "004.srt"} == {name for name in tree(root) if "/" not in name}
    assert mover.reconcile() == ()
    assert len(mover.undo().filings) == 3
    assert mover.undo() == Retraced()


def test_names_and_contents_that_meet_are_told_apart_as_if_they_came_one_by_one(root: Path, mover: Mover) -> None:
    (root / "cooking" / "deep").mkdir()
    asked = [
        (clip(root, "a.mp4", b"one"), "cats"),
        (clip(root / "cooking", "a.mp4", b"two"), "cats"),
        (clip(root / "cooking" / "deep", "a.mp4", b"two"), "cats"),
        (clip(root, "a (2).mp4", b"three"), "cats"),
        (clip(root / "cooking", "A.mp4", b"four"), "cats"),
        # A clip that comes to where another one was.
        (clip(root / "cats", "b.mp4", b"five"), "cooking"),
        (clip(root, "b.mp4", b"six"), "cats"),
        (root / "a.mp4", "cooking"),
    ]
    before = tree(root)
    outcomes = mover.file_all(asked)
    duplicate = outcomes[2]
    assert isinstance(duplicate, DuplicateError)
    assert duplicate.other == root / "cats" / "a (2).mp4"
    assert "is not there" in str(outcomes[7])
    assert told(outcomes) == [
        "cats/a.mp4", "cats/a (2).mp4", "", "cats/a (2) (2).mp4", "cats/A.mp4", "cooking/b.mp4", "cats/b.mp4", "",
    ]  # fmt: skip
    after = tree(root)
    assert mover.undo().refusals == ()
    assert tree(root) == before
    assert mover.redo().refusals == ()
    assert tree(root) == after


def test_a_file_of_two_clips_goes_with_the_one_that_leaves_last(root: Path, mover: Mover) -> None:
    asked = [(clip(root, name, name.encode()), "cats") for name in ("a.mp4", "a.mkv", "b.mp4")]
    clip(root, "a.jpg", b"picture")
    mover.file_all(asked)
    assert sorted(os.listdir(root / "cats")) == ["a.jpg", "a.mkv", "a.mp4", "b.mp4"]


def test_it_stops_where_it_is_told_to_and_the_rest_is_as_it_was(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bunch, "BUNCH", 2)
    asked, asked_whether = clips(root, 7), []

    def twice(done: int, of: int) -> bool:
        asked_whether.append((done, of))
        return len(asked_whether) % 2 == 1

    filings = mover.file_all(asked, twice)
    assert (len(filings), asked_whether) == (4, [(2, 7), (4, 7)])
    assert tree(root).keys() == {path.name for path, _ in asked[4:]} | filed(asked[:4]).keys()
    filings += mover.file_all(asked[4:])
    # The second action, then the first one, in pieces.
    assert len(mover.undo().filings) == 3
    asked_whether.clear()
    monkeypatch.setattr(bunch, "BUNCH", 1)
    assert mover.undo(go_on=twice) == Retraced(tuple(filings[3:1:-1]), left=2)
    assert asked_whether == [(1, 4), (2, 4)]
    assert mover.undo() == Retraced(tuple(filings[1::-1]))
    assert mover.redo(go_on=twice) == Retraced(tuple(filings[:2]), left=2)
    assert mover.redo(2) == Retraced(tuple(filings[2:]))
    assert tree(root) == filed(asked)


def test_what_there_is_no_time_for_is_left_for_the_next_bunch(
    root: Path, mover: Mover, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with copies to another disk: so long, nobody waits to be heard, or for the lock."""
    asked, between = clips(root, 4), []

    def look(done: int, of: int) -> bool:
        between.append((done, len(journal.unsettled())))
        return True

    monkeypatch.setattr(carry, "BUNCH_SECONDS", 0.0)
    filings = mover.file_all(asked, look)
    assert between == [(1, 0), (2, 0), (3, 0)]
    assert tree(root) == filed(asked)
    between.clear()
    assert mover.undo(go_on=look) == Retraced(tuple(filings[::-1]))
    assert mover.redo(go_on=look) == Retraced(tuple(filings))
    assert between == 2 * [(1, 0), (2, 0), (3, 0)]
    assert [one.state for one in mover.history(9)] == ["done"] * 4


def test_a_crash_before_the_first_file_is_touched_leaves_all_where_they_were(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = clips(root, 3)
    before = tree(root)
    with monkeypatch.context() as crash:
        crash.setattr(relocate, "relocate", killed)
        with pytest.raises(Killed):
            mover.file_all(asked)
    assert [settled.state for settled in mover.reconcile()] == ["undone"] * 3
    assert tree(root) == before
    assert mover.history(9) == ()


def test_a_crash_in_the_middle_of_a_bunch_is_settled_clip_by_clip(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = clips(root, 5)
    whole = relocate.relocate

    def crash_at(name: str) -> Callable[..., None]:
        def crashing(source: Path, target: Path, *rest: Any) -> None:
            if source.name == name:
                raise Killed
            whole(source, target, *rest)

        return crashing

    with monkeypatch.context() as crash:
        crash.setattr(relocate, "relocate", crash_at("002.mp4"))
        with pytest.raises(Killed):
            mover.file_all(asked)
    assert [settled.state for settled in mover.reconcile()] == ["done"] * 2 + ["undone"] * 3
    mover.file_all(asked[2:])
    with monkeypatch.context() as crash:
        crash.setattr(relocate, "relocate", crash_at("003.mp4"))
        with pytest.raises(Killed):
            mover.undo()
    assert [settled.state for settled in mover.reconcile()] == ["done", "done", "undone"]
    # What was settled is still of its action.
    assert len(mover.undo().filings) == 2
    assert len(mover.undo().filings) == 2
    assert tree(root) == {path.name: path.name.encode() for path, _ in asked}


def test_a_folder_that_cannot_be_synced_for_once_costs_nothing(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = clips(root, 4)
    sync_folder = relocate.sync_folder

    def fail_once(folder: Path) -> None:
        monkeypatch.setattr(relocate, "sync_folder", sync_folder)
        fail(errno.EIO)()

    monkeypatch.setattr(relocate, "sync_folder", fail_once)
    assert told(mover.file_all(asked)) == list(filed(asked))
    assert (mover.reconcile(), len(mover.undo().filings)) == ((), 4)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EXDEV], ids=["link", "copy"])
def test_an_original_goes_only_when_its_new_name_is_on_the_disk(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    asked = clips(root, 3)
    refuse_rename(monkeypatch, code)
    happened: list[str] = []
    sync_folder, unlink = relocate.sync_folder, relocate.unlink_unchanged
    monkeypatch.setattr(
        relocate, "sync_folder", lambda folder: (happened.append(f"{folder.name} on disk"), sync_folder(folder))
    )
    monkeypatch.setattr(
        relocate, "unlink_unchanged", lambda path, stamp: (happened.append(f"{path.stem} off"), unlink(path, stamp))
    )
    mover.file_all(asked)
    assert happened[:6] == ["cats on disk", "000 off", "cooking on disk", "001 off", "cats on disk", "002 off"]
    assert sorted(happened[6:]) == ["cats on disk", "cooking on disk", "library on disk"]
    assert tree(root) == filed(asked)


@pytest.mark.parametrize("operation", ["file_all", "undo"])
def test_a_journal_that_can_no_longer_be_used_ends_it_and_what_was_done_is_told(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setattr(bunch, "BUNCH", 2)
    asked = clips(root, 5)
    filings = mover.file_all(asked) if operation == "undo" else []
    with monkeypatch.context() as trouble:
        full_from(trouble, commit=3)
        if operation == "undo":
            undone = mover.undo()
            assert undone.filings == tuple(filings[:2:-1])
            (refusal,) = undone.refusals
            assert isinstance(refusal, LibraryError)
            with pytest.raises(LibraryError, match="disk is full"):
                mover.undo()
        else:
            outcomes = mover.file_all(asked)
            assert [isinstance(outcome, Filing) for outcome in outcomes] == [True] * 2 + [False] * 3
            assert isinstance(outcomes[-1], LibraryError)
            with pytest.raises(LibraryError, match="disk is full"):
                mover.file(*asked[4])
    assert mover.reconcile() == ()
    while mover.undo().filings:
        pass
    assert tree(root) == {path.name: path.name.encode() for path, _ in asked}


def test_names_that_some_file_system_takes_for_one_are_claimed_together() -> None:
    claims = bunch.Claims()
    claims.take(Path("cats/caf\u00e9.mp4"), Path("a.mp4"))
    assert claims.touch(Path("b.mp4"), Path("Cats/Cafe\u0301.MP4"))
    assert not claims.touch(Path("cats/a.mp4"))


def test_an_undo_that_the_journal_cut_short_is_what_the_next_one_finishes(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = mover.file(clip(root, "older.mp4"), "cats")
    asked = clips(root, 4)
    before, filings = tree(root), mover.file_all(asked)
    with monkeypatch.context() as full:
        full_from(full, commit=2)
        with pytest.raises(LibraryError, match="try again"):
            mover.undo()
    assert tree(root) == before
    assert set(mover.undo().filings) == set(filings)
    assert tree(root) == before
    assert mover.undo().filings == (older,)


def test_what_the_journal_cut_short_is_put_right_before_anything_else_is_filed(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_rename(monkeypatch, errno.EXDEV)
    (one, two, three) = clips(root, 3)
    real, noted = Journal.note, 0

    def note(*arguments: Any) -> None:
        nonlocal noted
        noted += 1
        if noted == 2:
            raise LibraryError("full")
        real(*arguments)

    with monkeypatch.context() as full:
        full.setattr(Journal, "note", note)
        assert {type(outcome) for outcome in mover.file_all([one, two, three])} == {LibraryError}
    again = [mover.file(three[0], "cooking"), mover.file(two[0], "cooking")]
    assert tree(root) == {"cats/000.mp4": b"000.mp4", "cooking/001.mp4": b"001.mp4", "cooking/002.mp4": b"002.mp4"}
    assert mover.reconcile() == ()
    assert mover.undo(2) == Retraced((again[1], again[0]))
    assert mover.undo().filings[0].source == one[0]


def test_the_others_are_done_where_the_journal_is_full_when_one_is_refused(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = clips(root, 3)
    with monkeypatch.context() as trouble:
        refuse_clip(trouble, "001.mp4")
        full_from(trouble, commit=3)
        outcomes = mover.file_all(asked)
    assert [type(outcome) for outcome in outcomes] == [Filing, LibraryError, Filing]
    assert tree(root) == filed([asked[0], asked[2]]) | {"001.mp4": b"001.mp4"}
    (settled,) = mover.reconcile()
    assert (settled.state, len(mover.undo().filings)) == ("undone", 2)


def test_what_two_clips_share_stays_with_the_one_that_cannot_go(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mkv", "a.mp4", "a.jpg", "b.en.mp4", "b.mp4", "b.en.srt"):
        clip(root, name, name.encode())
    refuse_clip(monkeypatch, "a.mkv")
    names = ("a.mkv", "a.mp4", "b.en.mp4", "b.mp4")
    outcomes = mover.file_all([(root / name, "cats") for name in names])
    assert [type(outcome) for outcome in outcomes] == [MoveError, Filing, Filing, Filing]
    # As one by one: when b.en.mp4 went, b.mp4 laid claim to the subtitle, too.
    assert sorted(tree(root)) == ["a.jpg", "a.mkv", "cats/a.mp4", "cats/b.en.mp4", "cats/b.en.srt", "cats/b.mp4"]


def test_what_was_not_begun_is_not_left_open_where_a_folder_cannot_be_synced(
    root: Path, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry, "BUNCH_SECONDS", -1.0)
    asked = clips(root, 2)
    synced = relocate.sync_folder

    def fails_once(folder: Path) -> None:
        monkeypatch.setattr(relocate, "sync_folder", synced)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(relocate, "sync_folder", fails_once)
    settled = counted(monkeypatch, carry.Carrier, "settle")
    assert told(mover.file_all(asked)) == ["cats/000.mp4", "cooking/001.mp4"]
    assert len(settled) == 1
