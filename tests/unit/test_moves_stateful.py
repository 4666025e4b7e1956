"""The promise of `library.moves`, whatever happens: no content is lost, doubled or overwritten, and all can be undone.

A process is killed before every line of the code that moves files, for each way that a file system offers; it is
killed for real, by SIGKILL; and hypothesis mixes filings, undos, kills and other programs that meddle.
"""

from __future__ import annotations

import errno
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.faults import WAYS, Killed, file_system, interrupted
from tiksort_tui.errors import MoveError
from tiksort_tui.library import bunch, relocate
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover, Retraced

# Each fsync on a disk costs milliseconds, and thousands of moves are made here.
FAST_DISK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def kill() -> None:
    raise Killed


def contents(root: Path) -> dict[Path, bytes]:
    """The files of the library that hold something, the program's own state apart."""
    found = (path for path in root.rglob("*") if path.is_file() and ".tiksort" not in path.parts)
    return {path.relative_to(root): content for path in found if (content := path.read_bytes())}


def journal_of(root: Path) -> Journal:
    return Journal(root / ".tiksort" / "journal.sqlite3")


def prepare(root: Path, operation: str) -> Callable[[Mover], object]:
    """A library in which `operation` can be done; of what there is, `a.mp4` and `a.srt` belong together."""
    (root / "cats").mkdir()
    for name in ("a.mp4", "a.srt"):
        (root / name).write_bytes(name.encode())
    clip = root / "a.mp4"
    if operation in ("undo", "redo"):
        journal = journal_of(root)
        Mover(root, journal).file(clip, "cats")
        if operation == "redo":
            Mover(root, journal).undo()
        journal.close()

    def roll_back(mover: Mover) -> None:
        relocation = relocate.relocate

        def full(source: Path, target: Path, *rest: Any) -> None:
            if target == root / "cats" / "a.srt":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            relocation(source, target, *rest)

        with mock.patch.object(relocate, "relocate", full), suppress(MoveError):
            mover.file(clip, "cats")

    return {
        "file": lambda mover: mover.file(clip, "cats"),
        "roll back": roll_back,
        "undo": lambda mover: mover.undo(),
        "redo": lambda mover: mover.redo(),
        "trash": lambda mover: mover.trash(clip),
        "rename": lambda mover: mover.rename_folder("cats", "kittens"),
    }[operation]


# Filing goes in every way there is; the rest goes in the same ways, and is killed in those that differ most.
KILLED = [("file", way) for way in WAYS]
KILLED += [("undo", way) for way in ("rename", "placeholder", "copy, link")]
KILLED += [("roll back", way) for way in ("placeholder", "copy, link")]
KILLED += [("redo", "copy, link"), ("trash", "rename"), ("rename", "rename"), ("rename", "link")]


# What a killed process had open is closed by the system; here the garbage collector does it, and says so.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(("operation", "way"), KILLED)
def test_killed_before_every_line_nothing_is_lost_and_all_can_be_undone(way: str, operation: str) -> None:
    for step in itertools.count(1):
        with tempfile.TemporaryDirectory(dir=FAST_DISK) as folder, file_system(way):
            root = Path(folder)
            operate = prepare(root, operation)
            journal = journal_of(root)
            mover = Mover(root, journal)
            was_killed = interrupted(lambda: operate(mover), step, kill)  # noqa: B023
            journal.close()
            assert {b"a.mp4", b"a.srt"} <= set(contents(root).values())

            journal = journal_of(root)
            mover = Mover(root, journal)
            settled = mover.reconcile()
            found = contents(root)
            assert sorted(found.values()) == [b"a.mp4", b"a.srt"]
            assert len({path.parent for path in found}) == 1
            assert len(settled) <= 1
            assert mover.reconcile() == ()
            assert mover.undo().refusals == ()
            journal.close()
            assert not list(root.rglob("*.part"))
            assert contents(root) == {Path(name): name.encode() for name in ("a.mp4", "a.srt")}
            assert (root / "cats").is_dir()
        if not was_killed:
            assert step > 20
            break


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("way", ["rename", "link", "copy, placeholder"])
@pytest.mark.parametrize("operation", ["file", "undo", "redo"])
def test_killed_in_the_middle_of_many_clips_each_is_whole_at_one_place(
    way: str, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two bunches, killed before every eleventh line: the lines are those of a single clip, which is killed at each."""
    monkeypatch.setattr(bunch, "BUNCH", 2)
    names = ("a.mp4", "a.srt", "b.mp4", "c.mp4")
    asked = [("a.mp4", "cats"), ("b.mp4", "cooking"), ("c.mp4", "cats")]
    for step in itertools.count(1, 11):
        with tempfile.TemporaryDirectory(dir=FAST_DISK) as folder, file_system(way):
            root = Path(folder)
            for name in ("cats", "cooking"):
                (root / name).mkdir()
            for name in names:
                (root / name).write_bytes(name.encode())
            journal = journal_of(root)
            mover = Mover(root, journal)
            if operation != "file":
                mover.file_all([(root / clip, folder) for clip, folder in asked])
            if operation == "redo":
                mover.undo()
            was_killed = interrupted(
                {
                    "file": lambda: mover.file_all([(root / clip, folder) for clip, folder in asked]),  # noqa: B023
                    "undo": lambda: mover.undo(),  # noqa: B023
                    "redo": lambda: mover.redo(),  # noqa: B023
                }[operation],
                step,
                kill,
            )
            journal.close()

            journal = journal_of(root)
            mover = Mover(root, journal)
            mover.reconcile()
            found = contents(root)
            assert sorted(found.values()) == sorted(name.encode() for name in names)
            assert len({path.parent for path, content in found.items() if content.startswith(b"a")}) == 1
            assert (mover.reconcile(), journal.unsettled()) == ((), [])
            filed_before_the_kill = sum(path.suffix == ".mp4" and path.parent.name != "" for path in found)
            undone = mover.undo()
            assert (len(undone.filings), undone.refusals) == (filed_before_the_kill, ())
            assert contents(root) == {Path(name): name.encode() for name in names}
            assert not list(root.rglob("*.part"))
            journal.close()
        if not was_killed:
            assert step > 100
            break


CHILD = """
import errno, os, sys
from pathlib import Path
from tiksort_tui.library import relocate
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover, Retraced
root, code = Path(sys.argv[1]), int(sys.argv[2])
exclusive = relocate.rename_exclusive
def rename(source, target):
    if code and source.parent != target.parent:
        raise OSError(code, os.strerror(code))
    exclusive(source, target)
relocate.rename_exclusive = rename
mover = Mover(root, Journal(root / ".tiksort" / "journal.sqlite3"))
clips = [path for path in root.iterdir() if path.is_file()]
print("moving", flush=True)
while True:
    for clip in clips:
        mover.file(clip, "cats")
    mover.undo(len(clips))
"""


@pytest.mark.parametrize("code", [0, errno.ENOSYS, errno.EXDEV], ids=["rename", "link", "copy"])
def test_a_real_kill_loses_nothing(tmp_path: Path, code: int) -> None:
    (tmp_path / "cats").mkdir()
    clips = {Path(f"{number}.mp4"): os.urandom(200_000) for number in range(5)}
    for name, content in clips.items():
        (tmp_path / name).write_bytes(content)
    for _ in range(5):
        command = [sys.executable, "-c", CHILD, str(tmp_path), str(code)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"moving\n"
            time.sleep(random.uniform(0, 0.05))  # Any instant is a good one to be killed at.
            child.kill()
        journal = journal_of(tmp_path)
        mover = Mover(tmp_path, journal)
        mover.reconcile()
        assert sorted(contents(tmp_path).values()) == sorted(clips.values())
        assert mover.undo(len(clips)).refusals == ()
        journal.close()
        assert contents(tmp_path) == clips


CLIPS = ("a.mp4", "b.mp4")
FILES = (*CLIPS, "a.srt", "b.srt")
FOLDERS = ("cats", "cooking")
NEW_FOLDERS = (*FOLDERS, "kittens", "Cats")
PLACES = [Path(name) for name in FILES] + [Path(folder, name) for folder in NEW_FOLDERS for name in FILES]
steps = st.one_of(st.none(), st.integers(1, 300))
many_steps = st.one_of(st.none(), st.integers(1, 900))


class Library(RuleBasedStateMachine):
    """A library with few names, so that they clash, in which kills and other programs come between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=FAST_DISK))
        self.root = self.folder / "library"
        self.away: list[Path] = []
        self.root.mkdir()
        for folder in FOLDERS:
            (self.root / folder).mkdir()
        self.numbers = itertools.count()
        self.precious: set[bytes] = set()
        self.meddled = False
        self.killed = False
        self.journal = journal_of(self.root)
        self.mover = Mover(self.root, self.journal)

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.folder)

    def run(self, way: str, operation: Callable[[], object], kill_at: int | None) -> None:
        with file_system(way), suppress(MoveError):
            if interrupted(operation, kill_at or 0, kill):
                self.killed = True
                self.journal.close()
                self.journal = journal_of(self.root)
                self.mover = Mover(self.root, self.journal)

    def create(self, place: Path) -> None:
        """Another program makes a file where there is none."""
        content = f"content {next(self.numbers)}".encode()
        with suppress(FileExistsError, FileNotFoundError), open(self.root / place, "xb") as file:
            file.write(content)
            self.precious.add(content)

    def give_up(self, place: Path) -> bool:
        """Another program is about to destroy what is at `place`: if it is there, no one else answers for it."""
        found = contents(self.root).get(place)
        if found is None:
            return False
        self.precious.discard(found)
        self.meddled = True
        return True

    @rule(place=st.sampled_from(PLACES))
    def another_program_creates(self, place: Path) -> None:
        self.create(place)

    @rule(place=st.sampled_from(PLACES))
    def another_program_deletes(self, place: Path) -> None:
        if self.give_up(place):
            (self.root / place).unlink()

    @rule(place=st.sampled_from(PLACES), in_place=st.booleans())
    def another_program_changes(self, place: Path, in_place: bool) -> None:
        if self.give_up(place):
            if not in_place:
                (self.root / place).unlink()
            content = f"changed content {next(self.numbers)}".encode()
            (self.root / place).write_bytes(content)
            self.precious.add(content)

    @rule(place=st.sampled_from(PLACES))
    def another_program_takes_away(self, place: Path) -> None:
        if self.give_up(place):
            self.away.append(place)
            (self.root / place).rename(self.folder / f"away {len(self.away)}")

    @precondition(lambda self: self.away)
    @rule()
    def another_program_brings_back(self) -> None:
        """What was taken away last, if its place is free; else it is gone for good."""
        away, place = self.folder / f"away {len(self.away)}", self.root / self.away.pop()
        content = away.read_bytes()
        if place.parent.is_dir() and not os.path.lexists(place):
            away.rename(place)
            self.precious.add(content)

    @rule(clip=st.sampled_from(PLACES), folder=st.sampled_from(NEW_FOLDERS), way=st.sampled_from([*WAYS]), at=steps)
    def file(self, clip: Path, folder: str, way: str, at: int | None) -> None:
        self.run(way, lambda: self.mover.file(self.root / clip, folder), at)

    @rule(
        clip=st.sampled_from(PLACES),
        folder=st.sampled_from(NEW_FOLDERS),
        way=st.sampled_from([*WAYS]),
        step=st.integers(1, 300),
        at_target=st.booleans(),
    )
    def file_while_another_program_creates(self, clip: Path, folder: str, way: str, step: int, at_target: bool) -> None:
        place = Path(folder, clip.name) if at_target else clip
        with file_system(way), suppress(MoveError):
            interrupted(lambda: self.mover.file(self.root / clip, folder), step, lambda: self.create(place))

    @rule(
        clips=st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(NEW_FOLDERS)), min_size=2, max_size=5),
        way=st.sampled_from([*WAYS]),
        at=many_steps,
    )
    def file_all(self, clips: list[tuple[Path, str]], way: str, at: int | None) -> None:
        self.run(way, lambda: self.mover.file_all([(self.root / clip, folder) for clip, folder in clips]), at)

    @rule(clip=st.sampled_from(PLACES), way=st.sampled_from([*WAYS]), kill_at=steps)
    def trash(self, clip: Path, way: str, kill_at: int | None) -> None:
        self.run(way, lambda: self.mover.trash(self.root / clip), kill_at)

    @rule(old=st.sampled_from(NEW_FOLDERS), new=st.sampled_from(NEW_FOLDERS), way=st.sampled_from([*WAYS]), at=steps)
    def rename_folder(self, old: str, new: str, way: str, at: int | None) -> None:
        self.run(way, lambda: self.mover.rename_folder(old, new), at)

    @rule(count=st.integers(1, 3), way=st.sampled_from([*WAYS]), kill_at=steps)
    def redo(self, count: int, way: str, kill_at: int | None) -> None:
        self.run(way, lambda: self.mover.redo(count), kill_at)

    @rule(count=st.integers(1, 3), way=st.sampled_from([*WAYS]), kill_at=steps)
    def undo(self, count: int, way: str, kill_at: int | None) -> None:
        self.run(way, lambda: self.mover.undo(count), kill_at)

    @rule(way=st.sampled_from([*WAYS]), kill_at=steps)
    def reconcile(self, way: str, kill_at: int | None) -> None:
        self.run(way, lambda: self.mover.reconcile(), kill_at)

    @precondition(lambda self: self.killed)
    @rule()
    def restart(self) -> None:
        self.mover.reconcile()
        assert self.journal.unsettled() == []
        if not self.meddled:
            assert not list(self.root.rglob("*.part"))
            assert sorted(contents(self.root).values()) == sorted(self.precious)
        self.killed = False

    @invariant()
    def nothing_is_lost_or_overwritten(self) -> None:
        assert self.precious <= set(contents(self.root).values())


TestLibrary = Library.TestCase
TestLibrary = pytest.mark.filterwarnings("ignore::ResourceWarning")(TestLibrary)
TestLibrary.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


class Borrowed(RuleBasedStateMachine):
    """Another program takes files away, wherever they are, and brings them back: all is taken back at last."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=FAST_DISK))
        self.root, self.away = self.folder / "library", self.folder / "away"
        self.away.mkdir()
        for folder in FOLDERS:
            (self.root / folder).mkdir(parents=True)
        for name in FILES:
            (self.root / name).write_bytes(name.encode())
        self.first = contents(self.root)
        self.journal = journal_of(self.root)
        self.mover = Mover(self.root, self.journal)
        self.borrowed: dict[str, Path] = {}

    def teardown(self) -> None:
        for name in [*self.borrowed]:
            self.bring_back(name)
        # Refused at first is what waits for something that was filed later, and so for its turn.
        for _ in range(100):
            undone = self.mover.undo()
            if undone == Retraced():
                break
        assert contents(self.root) == self.first
        assert all(one.state != "done" for one in self.mover.history(1000))
        self.journal.close()
        shutil.rmtree(self.folder)

    def bring_back(self, name: str) -> None:
        (self.away / name).rename(self.borrowed.pop(name))

    @rule(name=st.sampled_from(FILES))
    def take_away_or_bring_back(self, name: str) -> None:
        if name in self.borrowed:
            self.bring_back(name)
        else:
            (self.borrowed[name],) = self.root.rglob(name)
            self.borrowed[name].rename(self.away / name)

    @rule(name=st.sampled_from(CLIPS), folder=st.sampled_from(FOLDERS))
    def file(self, name: str, folder: str) -> None:
        with suppress(MoveError):
            self.mover.file(next(self.root.rglob(name), self.root / name), folder)

    @rule(folder=st.sampled_from(FOLDERS))
    def file_both(self, folder: str) -> None:
        self.mover.file_all([(next(self.root.rglob(name), self.root / name), folder) for name in CLIPS])

    @rule(count=st.integers(1, 3))
    def undo(self, count: int) -> None:
        self.mover.undo(count)

    @rule(count=st.integers(1, 3))
    def redo(self, count: int) -> None:
        self.mover.redo(count)

    @rule()
    def read_the_history(self) -> None:
        self.mover.history(3)


TestBorrowed = Borrowed.TestCase
TestBorrowed.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
