"""What the system does to a program: full disks, damaged files, taken permissions, lost disks, too little memory.

All of it is real: small file systems that fill up, another user, a mount that goes away, a bound on memory. Where the
tests may not mount or change the user, those that need it are skipped.
"""

import io
import json
import os
import pickle
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import need_tool
from tests.tiny_models import make_tiny_clip, make_tiny_whisper
from tiksort_tui import demo, media
from tiksort_tui.cache import EmbeddingCache
from tiksort_tui.config import Config, with_overrides
from tiksort_tui.doctor.state import check_library
from tiksort_tui.domain import FileStamp
from tiksort_tui.encoders import load_encoders
from tiksort_tui.engine.client import Engine
from tiksort_tui.errors import ExitCode, LibraryError, MoveError
from tiksort_tui.learning import StorageError, fit, load_tensors, save_tensors
from tiksort_tui.library import bunch
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover
from tiksort_tui.library.state import state_dir
from tiksort_tui.pipeline import artifacts
from tiksort_tui.pipeline.events import (
    EngineRestarted,
    Finished,
    Noticed,
    Predicted,
    RunRequest,
    Scanned,
    Trained,
    VideoExtracted,
    VideoFailed,
)
from tiksort_tui.pipeline.runner import run
from tiksort_tui.pipeline.summary import CACHE, SUMMARY, load_summary

CONFIG = with_overrides(Config(), encoder__kind="builtin", extraction__workers=2)
NOBODY = 65534


def stream(library, state=None):
    request = RunRequest(library, state or state_dir(library), CONFIG)
    return run(request, lambda plan: load_encoders(CONFIG, plan))


def of(kind, seen):
    return [event for event in seen if isinstance(event, kind)]


def tiksort(*arguments, prefix=(), **options):
    command = [*prefix, sys.executable, "-m", "tiksort_tui", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def contents(*roots):
    """How often each content is there, outside of state folders; and no unfinished copy may be there."""
    files = [
        path for root in roots for path in root.rglob("*") if path.is_file() and ".tiksort" not in path.parts
    ]
    assert not [path for path in files if path.name.endswith(".part")]
    return Counter(path.read_bytes() for path in files)


@contextmanager
def mounted(point, *arguments):
    point.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([need_tool("mount"), *arguments, str(point)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    with mounted(tmp_path / "small disk", "-t", "tmpfs", "-o", "size=1m", "small") as disk:
        yield disk


def fill(disk, leave=0):
    """Fill a file system but for `leave` bytes; the file that does so is returned."""
    filler = disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - leave))
    assert shutil.disk_usage(disk).free == leave
    return filler


@pytest.fixture(scope="module")
def learned(demo_clips, tmp_path_factory):
    """A small library, and a state folder beside it as a whole run leaves it; not to be changed, copy them."""
    folder = tmp_path_factory.mktemp("learned")
    for kind in ("dots", "waves"):
        (folder / "library" / kind).mkdir(parents=True)
        for i in (1, 2):
            shutil.copy2(demo_clips / kind / f"{kind} {i}.mp4", folder / "library" / kind)
    shutil.copy2(demo_clips / "dots" / "dots 4.mp4", folder / "library" / "new.mp4")
    assert of(Finished, stream(folder / "library"))
    return folder / "library"


@pytest.fixture
def known(learned, tmp_path):
    """A library of one's own that a run has learned."""
    return Path(shutil.copytree(learned, tmp_path / "known"))


# The cache


def test_a_damaged_cache_is_set_aside_and_the_batch_says_so(known):
    cache = known / ".tiksort" / CACHE
    cache.write_bytes(b"garbage" * 5000)
    (known / ".tiksort" / SUMMARY).unlink()
    done = tiksort("--batch", "--encoder", "builtin", "--json", known)
    assert done.returncode == ExitCode.FINE, done.stderr
    (kept,) = (known / ".tiksort").glob(f"{CACHE}.damaged-*")
    assert kept.read_bytes() == b"garbage" * 5000
    assert f"is kept as {kept}, and the clips are read again" in done.stderr
    assert json.loads(done.stdout)["extracted"] == 5


def test_a_page_that_goes_bad_while_the_cache_is_used_costs_the_reading_only(known, monkeypatch):
    cache = known / ".tiksort" / CACHE
    with closing(sqlite3.connect(cache)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'vectors'").fetchone()
    with cache.open("r+b") as file:
        file.seek((page - 1) * 8192)
        file.write(bytes(8192))
    # As if the page had been whole when the run looked through the file at its beginning.
    monkeypatch.setattr(EmbeddingCache, "check", lambda self: None)
    seen = list(stream(known))
    (noticed,) = of(Noticed, seen)
    assert "is damaged" in noticed.message
    assert len(list(cache.parent.glob(f"{CACHE}.damaged-*"))) == 1
    assert (len(of(VideoExtracted, seen)), seen[-1]) == (5, Finished(5, 0))
    monkeypatch.undo()
    assert not of(Noticed, stream(known))


# The journal


@pytest.mark.parametrize("harm", ["garbage", "cut short", "a lost index"])
def test_a_damaged_journal_is_set_aside_and_no_clip_is_lost(tmp_path, harm):
    root, other = tmp_path / "library", tmp_path / "state" / "journal.sqlite3"
    (root / "cats").mkdir(parents=True)
    for name in "abc":
        (root / f"{name}.mp4").write_bytes(name.encode())
    with closing(Journal(other)) as journal:
        mover = Mover(root, journal)
        mover.file(root / "a.mp4", "cats")
        # A copy to another disk that was cut short: the clip is there, and a part of it.
        ((entry,),) = journal.begin([[(Path("b.mp4"), Path("cats/b.mp4"), FileStamp(1, 2, 3, 4))]])
        (root / "cats" / f".tiksort-{entry.id}-{entry.time_ns}.part").write_bytes(b"half of b")
    whole = other.read_bytes()
    with closing(sqlite3.connect(other)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'moves_by_state'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    bad = {
        "garbage": b"garbage" * 1000,
        "cut short": whole[: len(whole) // 2],
        # An empty leaf: without a look at the whole file the cut-short move would never be found.
        "a lost index": whole[: (page - 1) * size] + b"\x0a" + bytes(size - 1) + whole[page * size :],
    }[harm]
    other.write_bytes(bad)

    with closing(Journal(other)) as journal:
        mover = Mover(root, journal)
        (settled,) = mover.reconcile()
        (kept,) = other.parent.glob("journal.sqlite3.damaged-*")
        assert kept.read_bytes() == bad
        for words in (str(kept), "cannot be undone", f".tiksort-{entry.id}-{entry.time_ns}.part"):
            assert words in settled.message
        assert mover.reconcile() == ()
        assert mover.undo().filings == ()
        filing = mover.file(root / "b.mp4", "cats")
        assert mover.undo().filings == (filing,)
    assert {path.read_bytes() for path in root.rglob("*.mp4")} == {b"a", b"b", b"c"}


def test_a_journal_that_another_process_set_aside_is_not_written_to_any_more(tmp_path):
    root, path = tmp_path / "library", tmp_path / "state" / "journal.sqlite3"
    (root / "cats").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4"):
        (root / name).write_bytes(name.encode())
    with closing(Journal(path)) as ours, closing(Journal(path)) as theirs:
        Mover(root, ours).file(root / "a.mp4", "cats")
        path.rename(path.with_name("kept"))
        Mover(root, theirs).reconcile()
        filing = Mover(root, ours).file(root / "b.mp4", "cats")
        assert Mover(root, theirs).undo().filings == (filing,)


def test_status_tells_of_a_damaged_journal_once(tmp_path):
    (tmp_path / ".tiksort").mkdir()
    (tmp_path / ".tiksort" / "journal.sqlite3").write_bytes(b"garbage" * 1000)
    first, second = (tiksort("status", tmp_path) for _ in range(2))
    assert (first.returncode, second.returncode) == (ExitCode.FINE, ExitCode.FINE)
    assert "the record of moves is damaged: it is kept as" in first.stdout
    assert "record of moves" not in second.stdout


# Models and other files that are damaged, or come from elsewhere


class Bomb:
    """What runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def with_a_bomb(archive, bomb):
    """A file of torch's with another pickle in it."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as parts, zipfile.ZipFile(changed, "w") as copy:
        for name in parts.namelist():
            content = pickle.dumps(bomb, protocol=2) if name.endswith("data.pkl") else parts.read(name)
            copy.writestr(name, content)
    return changed.getvalue()


def foreign_models(folder):
    bomb = Bomb(f"touch '{folder / 'exploded'}'")
    zipped, legacy = io.BytesIO(), io.BytesIO()
    torch.save({"format": "tiksort-classifier-1", "head": bomb}, zipped)
    torch.save(bomb, legacy, _use_new_zipfile_serialization=False)
    yield "a bomb of torch's", zipped.getvalue()
    yield "a bomb of old torch's", legacy.getvalue()
    yield "a bomb", pickle.dumps(bomb)
    yield "a bomb among tensors", with_a_bomb(zipped.getvalue(), bomb)
    yield "nothing", b""
    yield "no archive", b"PK\x03\x04 and so on"
    model = folder / "model.pt"
    fit(np.eye(6, 9, dtype=np.float32), ["x", "y"] * 3).save(model)
    yield "of other features", model.read_bytes()
    content = load_tensors(model)
    for name, change in {
        "of arrays that do not fit": {"head": {name: array[:1] for name, array in content["head"].items()}},
        "of numbers that are none": {"head": {name: array * np.nan for name, array in content["head"].items()}},
        "without a report": {"report": None},
        "of nameless folders": {"folders": [1, 2]},
    }.items():
        save_tensors(model, {**content, **change})
        yield name, model.read_bytes()


def test_the_bomb_is_a_bomb(tmp_path):
    pickle.loads(pickle.dumps(Bomb(f"touch '{tmp_path / 'exploded'}'")))
    assert (tmp_path / "exploded").exists()


def test_a_model_from_elsewhere_is_never_run_and_the_run_says_so_and_goes_on(known, tmp_path):
    model = known / ".tiksort" / "model.pt"
    encoder_id = json.loads((known / ".tiksort" / "model_config.json").read_text())["encoder_id"]
    assert artifacts.load_model(model.parent, encoder_id)
    for name, content in foreign_models(tmp_path):
        model.write_bytes(content)
        if name in ("a bomb of torch's", "of other features"):
            seen = list(stream(known))
            assert [str(model) in event.message for event in of(Noticed, seen)] == [True], name
            # Only the new model's.
            assert {event.generation for event in of(Predicted, seen)} == {1}, name
            assert (len(of(Trained, seen)), seen[-1]) == (1, Finished(0, 5)), name
            assert artifacts.load_model(model.parent, encoder_id)
        else:
            with pytest.raises(StorageError, match=r"model\.pt"):
                artifacts.load_model(model.parent, encoder_id)
    assert not (tmp_path / "exploded").exists()


def test_garbage_in_the_summary_is_no_summary(known):
    summary = known / ".tiksort" / SUMMARY
    whole = json.loads(summary.read_text())
    assert load_summary(summary.parent, known)

    def leaves(value, place=()):
        if isinstance(value, dict | list) and value:
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                yield from leaves(item, (*place, key))
        else:
            yield place, value

    for text in ("", "null", "[]", "{}", "[" * 100_000, '{"a":' * 100_000, "\x00\xff", summary.read_text()[:-20]):
        summary.write_text(text)
        assert load_summary(summary.parent, known) is None, text[:20]
    for place, value in leaves(whole):
        document = json.loads(json.dumps(whole))
        parent = document
        for key in place[:-1]:
            parent = parent[key]
        parent[place[-1]] = {"no": "such value"}
        summary.write_text(json.dumps(document))
        assert load_summary(summary.parent, known) is None, (place, value)
    predictions = whole["predictions"]
    no_suggestion = predictions | {"suggestions": [0], "folders": [], "confidences": []}
    too_many = predictions | {"neighbours": [len(predictions["nearest"]) + 1]}
    too_few = predictions | {"neighbours": [-1]}
    short = [predictions | {column: []} for column in predictions]
    lacking = [{name: predictions[name] for name in predictions if name != column} for column in predictions]
    for damaged in (no_suggestion, too_many, too_few, [], *short, *lacking):
        summary.write_text(json.dumps(whole | {"predictions": damaged}))
        assert load_summary(summary.parent, known) is None, damaged


def test_what_a_kill_in_the_middle_of_writing_leaves_is_cleared_away(known):
    state = known / ".tiksort"
    leftovers = []
    for writer, name in (("pipeline.summary.write_json", "predictions.json"), ("learning.save_tensors", "model.pt")):
        module, function = writer.rsplit(".", 1)
        code = f"""if True:
            import os, signal, sys
            from pathlib import Path
            from tiksort_tui.{module} import {function} as write
            os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
            write(Path(sys.argv[1]), {{"a": 1}})
        """
        before = (state / name).read_bytes()
        died = subprocess.run([sys.executable, "-c", code, str(state / name)], capture_output=True)
        assert died.returncode == -signal.SIGKILL
        leftovers += state.glob(f".{name}.*")
        assert (state / name).read_bytes() == before
    assert len(leftovers) == 2
    strange = state / ".strange.json.1"
    strange.write_text("not ours")
    assert of(Finished, stream(known))
    assert not any(leftover.exists() for leftover in leftovers)
    assert strange.exists()


# Full disks


def test_a_full_disk_takes_no_clip_and_breaks_none(tmp_path):
    root = tmp_path / "library"
    root.mkdir()
    clip = root / "a.mp4"
    clip.write_bytes(os.urandom(2 << 20))
    (root / "a.info.json").write_text("{}")
    before = contents(root)
    small = mounted(root / "elsewhere", "-t", "tmpfs", "-o", "size=1m", "small")
    with small, closing(Journal(tmp_path / "state" / "journal.sqlite3")) as journal:
        mover = Mover(root, journal)
        with pytest.raises(MoveError, match=r"a\.mp4.*disk is full"):
            mover.file(clip, "elsewhere")
        assert (clip.exists(), os.listdir(root / "elsewhere")) == (True, [])
        assert (mover.reconcile(), contents(root)) == ((), before)
        subprocess.run(["mount", "-o", "remount,size=4m", str(root / "elsewhere")], check=True)
        filing = mover.file(clip, "elsewhere")
        assert sorted(os.listdir(root / "elsewhere")) == ["a.info.json", "a.mp4"]
        assert contents(root) == before
        assert mover.undo().filings == (filing,)
        assert (clip.exists(), contents(root)) == (True, before)


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one go"])
def test_a_journal_on_a_full_disk_refuses_and_nothing_is_lost(tmp_path, at_once, monkeypatch):
    """At every level of free space: some end the filing before the clip has moved, some after it."""
    monkeypatch.setattr(bunch, "BUNCH", 15)
    settled = Counter()
    for leave in range(0, 131072, 4096):
        root = tmp_path / f"library {leave}"
        (root / "cats").mkdir(parents=True)
        for number in range(90):
            (root / f"{number}.mp4").write_bytes(bytes([number]))
        before = contents(root)
        with mounted(tmp_path / "small disk", "-t", "tmpfs", "-o", "size=1m", "small") as disk:
            filler = fill(disk, leave)
            path = disk / "state" / "journal.sqlite3"
            with closing(Journal(path)) as journal:
                mover = Mover(root, journal)
                with pytest.raises(LibraryError, match=r"disk is (not )?full"):
                    file_all(mover, root, at_once)
            assert contents(root) == before
            filler.unlink()
            with closing(Journal(path)) as journal:
                mover = Mover(root, journal)
                settled.update(one.state for one in mover.reconcile())
                assert journal.unsettled() == []
                mover.file(min(root.glob("*.mp4")), "cats")
                while mover.undo().filings:
                    pass
                assert not any((root / "cats").iterdir())
                assert contents(root) == before
    assert settled["done"]


def file_all(mover, root, at_once):
    clips = sorted(root.glob("*.mp4"))
    for outcome in mover.file_all([(clip, "cats") for clip in clips]) if at_once else ():
        if isinstance(outcome, LibraryError):
            raise outcome
    for clip in () if at_once else clips:
        mover.file(clip, "cats")


def test_who_starts_on_a_full_disk_is_told_which_file_and_what_to_do(small_disk):
    (small_disk / "cats").mkdir()
    (small_disk / "a.mp4").write_bytes(b"clip")
    filler = fill(small_disk)
    where = rf"tiksort-tui: {re.escape(str(small_disk))}/\.tiksort/\S+: "
    for verb in (["--batch"], ["undo"], ["status"], ["file", "a.mp4", "cats"]):
        done = tiksort(*verb, small_disk, cwd=small_disk)
        assert (done.returncode, done.stdout) == (ExitCode.LIBRARY_UNUSABLE, ""), verb
        assert re.match(rf"{where}.*(is full|No space).*(start|try) again", done.stderr), verb
    assert (small_disk / "a.mp4").read_bytes() == b"clip"
    filler.unlink()
    assert tiksort("status", small_disk).returncode == ExitCode.FINE


@pytest.mark.parametrize("leave", [20480, 122880, 204800], ids=["opening", "first clip", "second clip"])
def test_a_cache_on_a_full_disk_ends_the_run_and_the_next_one_goes_on(learned, small_disk, leave):
    filler = fill(small_disk, leave)
    state = small_disk / "state"
    state.mkdir()
    with pytest.raises(LibraryError) as caught:
        list(stream(learned, state))
    assert re.search(f"{re.escape(str(state))}.*disk is not full", str(caught.value))
    filler.unlink()
    seen = list(stream(learned, state))
    assert (of(Noticed, seen), of(VideoFailed, seen)) == ([], [])
    assert seen[-1].extracted + seen[-1].cached == 5
    assert not list(state.glob(".*")) + list(state.glob("*.damaged-*"))


def test_artifacts_on_a_full_disk_stay_as_they_were(known, small_disk):
    state = Path(shutil.copytree(known / ".tiksort", small_disk / "state"))
    before = {path.name: path.read_bytes() for path in state.iterdir() if path.suffix in (".pt", ".json")}
    assert len(before) == 8
    with pytest.raises(LibraryError, match=r"results cannot be written to .*state: .*"):  # noqa: PT012
        for event in stream(known, state):
            if isinstance(event, Trained):
                filler = fill(small_disk)
    assert {path.name: path.read_bytes() for path in state.iterdir() if path.suffix in (".pt", ".json")} == before
    assert not list(state.glob(".*"))
    filler.unlink()
    assert of(Finished, stream(known, state))


async def test_a_log_that_cannot_be_written_stops_nothing(known, small_disk):
    (known / ".tiksort" / CACHE).unlink()
    code = """if True:
        import logging
        from tiksort_tui import media
        from tiksort_tui.engine import worker
        probe = media.probe
        def wordy_probe(path):
            logging.getLogger("test").error("much to say")
            return probe(path)
        media.probe = wordy_probe
        worker.main()
    """
    log = small_disk / "log"
    engine = Engine(log, (sys.executable, "-c", code))
    filler = fill(small_disk)
    request = RunRequest(known, known / ".tiksort", CONFIG)
    try:
        seen = [event async for event in engine.run(request)]
        assert (of(EngineRestarted, seen), seen[-1]) == ([], Finished(5, 0))
        assert log.stat().st_size == 0
        filler.unlink()
        (known / ".tiksort" / CACHE).unlink()
        assert of(Finished, [event async for event in engine.run(request)])
    finally:
        await engine.close()
    assert b"much to say" in log.read_bytes()


# Permissions


@pytest.fixture
def anothers_library(demo_clips, monkeypatch):
    """A library that is not root's; permissions bind who uses it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "library"
        (root / "dots").mkdir(parents=True)
        (root / "waves").mkdir()
        shutil.copy2(demo_clips / "dots" / "dots 1.mp4", root / "a.mp4")
        monkeypatch.setenv("XDG_STATE_HOME", f"{folder}/state")
        if os.geteuid() != 0:
            yield root
        else:
            for path in (Path(folder), root, *root.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            os.setresgid(NOBODY, NOBODY, 0)
            os.setresuid(NOBODY, NOBODY, 0)
            try:
                yield root
            finally:
                os.setresuid(0, 0, 0)
                os.setresgid(0, 0, 0)
        for path in (root, root / "dots"):
            path.chmod(0o755)


@pytest.mark.parametrize("closed", ["dots", "."], ids=["the folder", "the library"])
def test_a_folder_that_may_not_be_written_to_takes_and_gives_nothing(anothers_library, closed):
    root = anothers_library
    before = contents(root)
    (root / closed).chmod(0o555)
    with closing(Journal(state_dir(root) / "journal.sqlite3")) as journal:
        mover = Mover(root, journal)
        with pytest.raises(MoveError, match="no permission; see who owns the file and both folders"):
            mover.file(root / "a.mp4", "dots")
        assert ((root / "a.mp4").exists(), contents(root), mover.reconcile()) == (True, before, ())
        (root / closed).chmod(0o755)
        assert mover.file(root / "a.mp4", "dots")
    assert contents(root) == before


def test_a_clip_that_may_not_be_read_is_read_when_it_may(anothers_library, learned):
    # `learned`: what another user may not import is imported.
    clip = anothers_library / "a.mp4"
    clip.chmod(0)
    (failed,) = of(VideoFailed, stream(anothers_library))
    assert (failed.path, "ermission" in failed.reason) == (clip, True)
    clip.chmod(0o644)
    assert [event.path for event in of(VideoExtracted, stream(anothers_library))] == [clip]


def test_a_read_only_library_is_learned_from_and_left_as_it_is(known, tmp_path, monkeypatch):
    before = contents(known)
    view = tmp_path / "view"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state home"))
    environment = dict(os.environ)
    with mounted(view, "--bind", "-o", "ro", str(known)):
        if os.access(view, os.W_OK):
            pytest.skip("a mount cannot be made read-only here")
        done = tiksort("--batch", "--move", "--threshold", 0, "--encoder", "builtin", "--json", view, env=environment)
        document = json.loads(done.stdout)
        assert (done.returncode, document["extracted"], document["moved"]) == (ExitCode.CLIPS_FAILED, 5, [])
        assert ["read-only" in item["error"] for item in document["failed"]] == [True]
        refused = tiksort("file", "new.mp4", "dots", view, env=environment)
        assert (refused.returncode, "read-only" in refused.stderr) == (ExitCode.MOVE_REFUSED, True)
        library = next(check_library(view, Config()))
        assert (library.state, "no clip can be filed" in library.text) == ("notice", True)
    assert contents(known) == before


# Disks that go away, and clocks


def test_a_disk_that_goes_away_and_comes_back(tmp_path):
    disk, root = tmp_path / "disk", tmp_path / "library"
    (disk / "cats").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4"):
        (disk / name).write_bytes(name.encode())
    before = contents(disk)
    with mounted(root, "--bind", str(disk)):
        journal = Journal(root / ".tiksort" / "journal.sqlite3")
        mover = Mover(root, journal)
        filing = mover.file(root / "a.mp4", "cats")
    # Unmounted: an empty folder is there, as a mount point is.
    with pytest.raises(MoveError, match=r"b\.mp4"):
        mover.file(root / "b.mp4", "cats")
    assert mover.undo().filings == ()
    assert contents(root) == Counter()
    assert (disk / "cats" / "a.mp4").exists()
    with mounted(root, "--bind", str(disk)):
        second = mover.file(root / "b.mp4", "cats")
        assert mover.undo(2).filings == (second, filing)
        journal.close()
    assert contents(disk) == before


def test_a_library_that_goes_away_in_the_middle_of_a_run(known, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    root = tmp_path / "mounted"
    with mounted(root, "--bind", str(known)):
        unmounted = False
        seen = []
        for event in stream(root, state):
            seen.append(event)
            if isinstance(event, Scanned) and not unmounted:
                unmounted = True
                subprocess.run(["umount", "-l", str(root)], check=True)
        assert {event.reason for event in of(VideoFailed, seen)} == {"the file is gone"}
        assert of(Finished, seen)
        subprocess.run(["mount", "--bind", str(known), str(root)], check=True)
        # Nothing is remembered against the clips.
        again = list(stream(root, state))
    assert (len(of(VideoExtracted, again)), of(VideoFailed, again)) == (5, [])


def test_the_journal_goes_by_its_own_order_whatever_the_clock_says(tmp_path, monkeypatch):
    root = tmp_path / "library"
    (root / "cats").mkdir(parents=True)
    clock = iter(range(10**18, 0, -(10**15)))
    monkeypatch.setattr(time, "time_ns", lambda: next(clock))
    with closing(Journal(tmp_path / "journal.sqlite3")) as journal:
        mover = Mover(root, journal)
        filings = []
        for name in ("a.mp4", "b.mp4", "c.mp4"):
            (root / name).write_bytes(name.encode())
            filings.append(mover.file(root / name, "cats"))
        assert [recorded.what for recorded in mover.history(9)] == filings[::-1]
        assert [mover.undo().filings[0] for _ in filings] == filings[::-1]
        assert [mover.redo().filings[0] for _ in filings] == filings


# Memory


async def test_a_clip_that_needs_more_memory_than_there_is_costs_that_clip_only(known):
    (known / ".tiksort" / CACHE).unlink()
    code = """if True:
        import resource
        from tiksort_tui import media
        from tiksort_tui.engine import worker
        real = media.sample_frames
        def sample_frames(path, *arguments):
            if path.name == "new.mp4":
                size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
                resource.setrlimit(resource.RLIMIT_AS, (size + 2**26, size + 2**26))
                return bytes(2**30)
            return real(path, *arguments)
        media.sample_frames = sample_frames
        worker.main()
    """
    engine = Engine(known / ".tiksort" / "log", (sys.executable, "-c", code))
    try:
        seen = [event async for event in engine.run(RunRequest(known, known / ".tiksort", CONFIG))]
    finally:
        await engine.close()
    assert {(event.path.name, event.reason) for event in of(VideoFailed, seen)} == {
        ("new.mp4", "reading it ends the engine (exit code 1)")
    }
    assert b"MemoryError" in (known / ".tiksort" / "log").read_bytes()
    assert seen[-1].extracted + seen[-1].cached == 4


# Privacy


async def test_the_state_is_the_users_own_and_the_log_holds_nothing_of_what_clips_say(tmp_path):
    words = "So you want to keep your ankle locked, like this, and the second touch comes a little higher."
    subprocess.run([need_tool("espeak-ng"), "-w", tmp_path / "speech.wav", words], check=True)
    speech = media.read_audio(tmp_path / "speech.wav")
    make_tiny_clip(tmp_path / "clip")
    make_tiny_whisper(tmp_path / "whisper")
    root = tmp_path / "library"
    root.mkdir()
    demo.make_clip(root / "spoken.mp4", "waves", seed=9, seconds=len(speech) / 16000, audio=speech)
    (root / "spoken.description").write_text("a private caption")
    (root / "broken.mp4").write_bytes(b"a private letter, no video")
    config = with_overrides(
        Config(),
        encoder__kind="clip",
        encoder__device="cpu",
        encoder__clip_weights=str(tmp_path / "clip"),
        encoder__whisper_weights=str(tmp_path / "whisper"),
    )
    (tmp_path / "config.toml").write_text(
        f'[encoder]\nkind = "clip"\ndevice = "cpu"\nclip_weights = "{config.encoder.clip_weights}"\n'
        f'whisper_weights = "{config.encoder.whisper_weights}"\n'
    )
    done = tiksort("--batch", "-v", "--config", tmp_path / "config.toml", root)
    assert done.returncode == ExitCode.CLIPS_FAILED, done.stderr
    state = root / ".tiksort"
    said = json.loads((state / artifacts.TRANSCRIPTS).read_text())["spoken.mp4"]["text"]
    log = (state / "tiksort.log").read_text()
    assert len(said) > 20
    for secret in (said[:20], said[-20:], "ankle", "private caption", "private letter"):
        assert secret not in log + done.stderr
    assert state.stat().st_mode & 0o777 == 0o700
    assert not [path for path in state.rglob("*") if path.is_socket()]
