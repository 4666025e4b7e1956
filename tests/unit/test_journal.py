"""The record of moves: what it keeps, where it lies, and what it says when it cannot be used."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tiksort_tui.domain import FileStamp
from tiksort_tui.errors import LibraryError
from tiksort_tui.library import journal as journal_module
from tiksort_tui.library.entries import Entry
from tiksort_tui.library.journal import Journal

# Some file systems give inodes that a signed 64-bit column cannot hold.
STAMP = FileStamp(device=1, inode=2**64 - 1, size=3, mtime_ns=1_700_000_000_123_456_789)


def filed(journal: Journal, *names: str, action: int | None = None) -> list[Entry]:
    """One filing, done."""
    (entries,) = journal.begin([[(Path(name), Path("cats", name), STAMP) for name in names]], action)
    return journal.change([(entry, "done", STAMP) for entry in entries])


def test_an_entry_survives_closing_with_every_byte_of_its_names(tmp_path: Path) -> None:
    source, target = Path(os.fsdecode(b"\xff\n-rf .mp4")), Path("cats") / os.fsdecode(b"\xff\n-rf .mp4")
    journal = Journal(tmp_path / "state" / "journal.sqlite3")
    with journal.exclusive():
        ((entry,),) = journal.begin([[(source, target, STAMP)]])
        journal.note(entry, "copy", STAMP._replace(size=4))
    journal.close()

    ((again,),) = journal.unsettled()
    journal.close()
    assert (again.source, again.target, again.stamp, again.state) == (source, target, STAMP, "pending")
    assert again.copy == STAMP._replace(size=4)
    assert again.action == again.filing == again.id


def test_a_forgotten_number_is_never_given_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    ((first,),) = journal.begin([[(Path("a"), Path("cats/a"), STAMP)]])
    assert journal.change([(first, None, STAMP)]) == []
    ((second,),) = journal.begin([[(Path("a"), Path("cats/a"), STAMP)]], action=first.id)
    journal.close()
    assert second.id > first.id
    assert second.action == first.id


def test_actions_are_undone_from_the_last_and_redone_from_the_first_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    single = filed(journal, "a", "a.json")
    bulk = filed(journal, "b")
    also_bulk = filed(journal, "c", "c.json", action=bulk[0].id)
    assert journal.last_done() == [also_bulk, bulk]
    for entries in (also_bulk, bulk, single):
        journal.change([(entry, "undone", STAMP) for entry in entries])
    assert journal.last_done() == []
    assert [entry.source for (entry, *_) in journal.first_undone()] == [Path("a")]
    filed(journal, "d")
    assert journal.first_undone() == []
    assert [entry.state for entry in journal.history(3)] == ["done", "withdrawn", "withdrawn"]
    journal.close()


def test_entries_have_the_name_that_a_renamed_folder_has_now(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")

    def rename(old: str, new: str) -> Entry:
        ((entry,),) = journal.begin([[(Path(old), Path(new), STAMP)]], kind="folder")
        return journal.change([(entry, "done", STAMP)])[0]

    filed(journal, "a")
    rename("cats", "kittens")
    filed(journal, "b")  # Into a new folder that is called cats.
    last = rename("kittens", "cubs")
    assert {str(entry.target) for entry in journal.history(9) if entry.kind == "file"} == {"cubs/a", "cats/b"}
    journal.change([(last, "undone", STAMP)])
    assert {str(entry.target) for entry in journal.history(9) if entry.kind == "file"} == {"kittens/a", "cats/b"}
    journal.close()


def test_a_record_of_the_first_version_is_brought_to_this_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    connection = sqlite3.connect(path)
    for statement in journal_module._MIGRATIONS[0]:
        connection.execute(statement)
    for number, action, state in ((3, None, "done"), (4, 3, "done"), (5, None, "pending")):
        connection.execute(
            "INSERT INTO moves (id, action, time_ns, source, target, state, stamp) VALUES (?, ?, 7, ?, ?, ?, ?)",
            (number, action, b"a", b"cats/a", state, json.dumps(STAMP)),
        )
    connection.execute("DELETE FROM moves WHERE id = 5")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()

    journal = Journal(path)
    assert [[entry.id for entry in filing] for filing in journal.last_done()] == [[4], [3]]
    assert filed(journal, "b")[0].id == 6
    journal.close()


@pytest.mark.parametrize("garbage", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_record_is_kept_and_a_new_one_begun(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(garbage)
    journal = Journal(path)
    assert journal.unsettled() == []
    assert journal.kept is not None
    assert journal.kept.read_bytes() == garbage
    filed(journal, "a")
    journal.close()
    again = Journal(path)
    assert ([entry.source for entry in again.history(9)], again.kept) == ([Path("a")], None)
    again.close()


def test_a_record_that_is_deleted_while_it_is_open_is_begun_anew_and_known_to_be_gone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    journal = Journal(state / "journal.sqlite3")
    with journal.exclusive():
        filed(journal, "a")
    shutil.rmtree(state)
    with journal.exclusive():
        assert journal.last_done() == []
    assert journal.is_gone
    assert state.stat().st_mode & 0o777 == 0o700
    journal.close()


def test_a_record_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LibraryError, match="newer"):
        Journal(path).last_done()


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    with pytest.raises(LibraryError, match="state"), Journal(tmp_path / "state" / "journal.sqlite3").exclusive():
        pytest.fail("the lock cannot be held")


def test_the_lock_shuts_out_every_other_mover_while_it_is_held(tmp_path: Path) -> None:
    def try_lock() -> None:
        with open(tmp_path / "moves.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    with Journal(tmp_path / "journal.sqlite3").exclusive(), pytest.raises(BlockingIOError):
        try_lock()
    try_lock()
