"""The record of moves: what it keeps, where it lies, and what it says when it cannot be used."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

import pytest

from tiksort_tui.domain import FileStamp
from tiksort_tui.errors import LibraryError
from tiksort_tui.library.journal import Journal

# Some file systems give inodes that a signed 64-bit column cannot hold.
STAMP = FileStamp(device=1, inode=2**64 - 1, size=3, mtime_ns=1_700_000_000_123_456_789)


def test_an_entry_survives_closing_with_every_byte_of_its_names(tmp_path: Path) -> None:
    source, target = Path(os.fsdecode(b"\xff\n-rf .mp4")), Path("cats") / os.fsdecode(b"\xff\n-rf .mp4")
    journal = Journal(tmp_path / "state" / "journal.sqlite3")
    with journal.exclusive():
        entry = journal.begin(source, target, STAMP)
        journal.note(entry, "copy", STAMP._replace(size=4))
    journal.close()

    (again,) = journal.unsettled()
    journal.close()
    assert (again.source, again.target, again.stamp, again.state) == (source, target, STAMP, "pending")
    assert again.copy == STAMP._replace(size=4)
    assert again.action == again.id


def test_a_forgotten_number_is_never_given_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    first = journal.begin(Path("a"), Path("cats/a"), STAMP)
    journal.forget(first)
    second = journal.begin(Path("a"), Path("cats/a"), STAMP, action=first.id)
    journal.close()
    assert second.id > first.id
    assert second.action == first.id


def test_the_newest_filing_that_still_stands_is_the_one_to_undo(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    entries = [journal.begin(Path(name), Path("cats", name), STAMP) for name in "abc"]
    for entry in entries[:2]:
        journal.update(entry, "done", STAMP)
    newest = journal.newest_done()
    assert newest is not None
    assert newest.source == Path("b")
    journal.update(newest, "undone", STAMP)
    assert journal.newest_done() == journal.reread(entries[0])
    journal.close()


@pytest.mark.parametrize("garbage", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_record_says_what_to_do(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(garbage)
    with pytest.raises(LibraryError, match=r"damaged.*elsewhere and start again"):
        Journal(path).unsettled()
    assert path.read_bytes() == garbage


def test_a_record_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LibraryError, match="newer"):
        Journal(path).newest_done()


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
