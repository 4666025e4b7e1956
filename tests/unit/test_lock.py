"""One writer at a time: who has the lock is named, and one whose holder was killed is free."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from unittest.mock import patch

import pytest

from tiksort_tui.errors import LibraryError, LibraryInUse
from tiksort_tui.library import lock as lock_module
from tiksort_tui.library.lock import WRITER_LOCK, WriterLock, open_lock

HOLD = """
import sys
from pathlib import Path
from tiksort_tui.library.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]))
lock.take()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.stdin.close()
    process.stdout.close()
    process.wait()


def test_the_holder_is_named_and_a_killed_one_makes_room(tmp_path, other):
    lock = WriterLock(tmp_path)
    with pytest.raises(LibraryInUse, match=rf"process {other.pid} on {socket.gethostname()} \(since \d\d:\d\d\)"):
        lock.take()
    assert not lock.held
    other.send_signal(signal.SIGKILL)
    other.wait()
    lock.take()
    assert lock.held
    assert json.loads((tmp_path / WRITER_LOCK).read_text())["pid"] == os.getpid()
    lock.release()
    assert not lock.held


def test_a_short_holder_is_waited_for(tmp_path, other):
    with pytest.raises(LibraryInUse):
        WriterLock(tmp_path).take()
    other.stdin.close()
    lock = WriterLock(tmp_path)
    lock.take(patience=20)
    lock.release()


def test_a_lock_whose_file_was_deleted_is_held_no_longer_and_can_be_taken_anew(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    lock = WriterLock(state)
    lock.take()
    shutil.rmtree(state)
    assert not lock.held
    with pytest.raises(LibraryError, match="cannot be written"):
        lock.take()
    state.mkdir()
    lock.take()
    assert lock.held
    with pytest.raises(LibraryInUse, match=str(os.getpid())):
        WriterLock(state).take()
    lock.release()


def test_a_lock_that_another_process_has_made_anew_is_the_others(tmp_path):
    lock = WriterLock(tmp_path)
    lock.take()
    (tmp_path / WRITER_LOCK).unlink()
    with WriterLock(tmp_path):
        assert not lock.held
        with pytest.raises(LibraryInUse):
            lock.take()
        assert not lock.held
    lock.take()
    assert lock.held
    lock.release()


def test_a_file_that_is_deleted_while_its_lock_is_waited_for_is_not_the_lock(tmp_path, other):
    (tmp_path / WRITER_LOCK).rename(tmp_path / "deleted")
    lock = WriterLock(tmp_path)
    # As if it had been opened just before.
    opened = [tmp_path / "deleted"]
    with patch.object(lock_module, "open_lock", lambda path: open_lock(opened.pop() if opened else path)):
        other.stdin.close()
        lock.take(patience=20)
    assert lock.held
    assert (tmp_path / WRITER_LOCK).exists()
    lock.release()


def test_a_holder_that_has_not_written_its_name_is_another_process(tmp_path, other):
    (tmp_path / WRITER_LOCK).write_text("")
    with pytest.raises(LibraryInUse, match="another process is sorting"):
        WriterLock(tmp_path).take()


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / WRITER_LOCK).mkdir()
    with pytest.raises(LibraryError, match="cannot be written"):
        WriterLock(tmp_path).take()
