"""What the model learns and promises: from folder names alone, from each filing, and as far as clips can show it."""

import json
import shutil

import numpy as np
import pytest

from tests.tiny_models import make_tiny_clip
from tiksort_tui import demo
from tiksort_tui.batch import _is_sure
from tiksort_tui.cache import EmbeddingCache
from tiksort_tui.config import Config, with_overrides
from tiksort_tui.domain import FileStamp, LibrarySnapshot, Video
from tiksort_tui.encoders import EncoderPlan, load_encoders
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover
from tiksort_tui.library.state import JOURNAL, state_dir
from tiksort_tui.pipeline import artifacts
from tiksort_tui.pipeline.events import (
    Finished,
    NoModel,
    Predicted,
    RunRequest,
    Scanned,
    Trained,
    VideoExtracted,
    VideoFailed,
)
from tiksort_tui.pipeline.runner import run
from tiksort_tui.pipeline.summary import CACHE, load_summary
from tiksort_tui.pipeline.table import Table
from tiksort_tui.pipeline.teaching import AUDITED_ONE_IN, Teacher, is_audited

BUILTIN = with_overrides(Config(), encoder__kind="builtin")


def events(root, config=BUILTIN, taught=bool, **request):
    asked = RunRequest(root, state_dir(root), config, **request)
    return run(asked, lambda plan: load_encoders(config, plan), taught=taught)


def of(kind, seen):
    return [event for event in seen if isinstance(event, kind)]


def said(seen):
    return {clip.path.name: clip for event in of(Predicted, seen) for clip in event.predictions}


@pytest.fixture
def mover(library):
    journal = Journal(state_dir(library) / JOURNAL)
    yield Mover(library, journal)
    journal.close()


@pytest.fixture(scope="module")
def clip_config(tmp_path_factory):
    weights = make_tiny_clip(tmp_path_factory.mktemp("clip"))
    return with_overrides(Config(), encoder__kind="clip", encoder__device="cpu", encoder__clip_weights=str(weights))


def test_empty_folders_are_gone_by_their_names_and_a_new_one_takes_part(tmp_path, clip_config, monkeypatch):
    for name in ("cooking", "football"):
        (tmp_path / name).mkdir()
    demo.make_clip(tmp_path / "a.mp4", "dots", seed=1)
    seen = list(events(tmp_path, clip_config))
    (trained,) = of(Trained, seen)
    assert (trained.report.kind, trained.report.accuracy) == ("names", None)
    assert [one.folder for one in said(seen)["a.mp4"].suggestions] in (["cooking", "football"], ["football", "cooking"])
    assert not said(seen)["a.mp4"].sure

    (tmp_path / "gardens").mkdir()
    again = said(events(tmp_path, clip_config, only_learn=True))["a.mp4"]
    assert {one.folder for one in again.suggestions} == {"cooking", "football", "gardens"}

    described = with_overrides(clip_config, prediction__descriptions={"gardens": "flowers, lawns and trees"})
    other = said(events(tmp_path, described, only_learn=True))["a.mp4"]
    assert {one.folder: one.confidence for one in other.suggestions} != {
        one.folder: one.confidence for one in again.suggestions
    }
    # What was encoded once is in the cache.
    monkeypatch.setattr("tiksort_tui.encoders.clip.ClipTextEncoder.encode", None)
    assert said(events(tmp_path, described, only_learn=True))["a.mp4"] == other


def test_without_text_the_folders_need_clips(tmp_path):
    (tmp_path / "cooking").mkdir()
    (tmp_path / "football").mkdir()
    demo.make_clip(tmp_path / "a.mp4", "dots", seed=1)
    assert of(NoModel, events(tmp_path))


def test_clips_that_are_not_read_are_not_taken_for_empty_folders(library):
    (no_model,) = of(NoModel, events(library, only_learn=True))
    assert no_model.reason == "none of the 6 sorted clips read so far: too few to learn from"
    (library / "dots" / "dots 1.mp4").write_text("no clip")
    shutil.rmtree(library / "waves")
    (no_model,) = of(NoModel, events(library))
    assert no_model.reason == "only 2 of the 3 sorted clips read so far: too few to learn from"


def test_a_filing_teaches_and_its_undo_unteaches(library, mover):
    first = list(events(library))
    assert of(Trained, first)[0].report.labelled == 6
    filing = mover.file(library / "new 0 dots.mp4", "dots")
    seen = list(events(library, only_learn=True, generation=2))
    assert (of(Scanned, seen)[0].to_extract, of(VideoExtracted, seen), seen[-1]) == (0, [], Finished(0, 10))
    (trained,) = of(Trained, seen)
    assert (trained.refitted, trained.report.labelled) == (True, 7)
    assert {event.generation for event in of(Predicted, seen)} == {2}
    assert set(said(seen)) == {"new 1 dots.mp4", "new 2 waves.mp4", "new 3 waves.mp4"}
    assert mover.undo().filings == (filing,)
    seen = list(events(library, only_learn=True))
    assert of(Trained, seen)[0].report.labelled == 6
    assert "new 0 dots.mp4" in said(seen)
    # The results on disk are those of the whole run.
    assert len(json.loads((state_dir(library) / artifacts.PREDICTIONS).read_text())) == 4


def test_learning_says_nothing_again_of_broken_clips_and_leaves_what_others_write(library, mover):
    (library / "broken.mp4").write_bytes(b"no video")
    assert len(of(VideoFailed, events(library))) == 1
    being_written = state_dir(library) / f".{artifacts.MODEL}.1234"
    being_written.write_text("")
    mover.file(library / "new 0 dots.mp4", "dots")
    seen = list(events(library, only_learn=True))
    assert of(Trained, seen)
    assert of(VideoFailed, seen) == []
    assert being_written.exists()


def test_the_last_runs_model_speaks_only_before_any_other_has(library):
    list(events(library))
    (library / "waves" / "waves 1.mp4").rename(library / "dots" / "waves 1.mp4")
    assert {event.generation for event in of(Predicted, events(library, generation=7))} == {0, 7}


def test_a_run_learns_from_what_is_filed_while_it_reads(library, mover):
    taught = []
    seen = []
    for event in events(library, taught=lambda: bool(taught and taught.pop())):
        seen.append(event)
        if isinstance(event, VideoExtracted) and event.path.name == "new 0 dots.mp4":
            mover.file(event.path, "dots")
            taught.append(True)
    assert [(one.refitted, one.report.labelled) for one in of(Trained, seen)] == [(False, 6), (True, 7)]
    assert isinstance(seen[-1], Finished)
    # The clip that is sorted now has no prediction in the results.
    documents = json.loads((state_dir(library) / artifacts.PREDICTIONS).read_text())
    assert "new 0 dots.mp4" not in {one["video"] for one in documents}
    # They do not hold for the library as it was when the run began, if that filing is taken back.
    assert load_summary(state_dir(library), library).fingerprint == ""
    assert of(Scanned, events(library))[0].labelled == 7
    assert load_summary(state_dir(library), library).fingerprint


def rows(root, labels, rng, first=0):
    """Clips of two kinds that are easily told apart."""
    features = rng.normal(0, 0.02, (len(labels), 600)).astype(np.float32)
    features[np.arange(len(labels)), [int(label == "dots") for label in labels]] += 1
    names = [f"clip {number}" for number in range(first, first + len(labels))]
    videos = [
        Video(root / (label if first == 0 else "") / name, label if first == 0 else None, FileStamp(0, number, 1, 1))
        for number, (name, label) in enumerate(zip(names, labels, strict=True))
    ]
    return Table(tuple(videos), tuple(names), features)


@pytest.fixture
def sure_teacher(tmp_path, monkeypatch):
    """A teacher that has learned from 300 clips which nobody could mistake, and 200 more to predict."""
    rng = np.random.default_rng(0)
    labelled = rows(tmp_path, ["dots", "waves"] * 150, rng)
    unsorted = rows(tmp_path, ["dots", "waves"] * 100, rng, first=300)
    cache = EmbeddingCache(state_dir(tmp_path) / CACHE)
    request = RunRequest(tmp_path, state_dir(tmp_path), BUILTIN)
    encoders = load_encoders(BUILTIN, EncoderPlan("builtin"))
    teacher = Teacher(request, encoders, cache, {"train_s": 0.0, "predict_s": 0.0})
    tables = {labelled.videos: labelled, unsorted.videos: unsorted}
    monkeypatch.setattr(teacher, "table", lambda videos: tables[tuple(videos)])
    teacher.see(LibrarySnapshot(tmp_path, ("dots", "waves"), (*labelled.videos, *unsorted.videos)), {})
    yield teacher
    cache.close()


def test_sure_clips_are_filed_but_for_some_that_check_the_model(sure_teacher, tmp_path):
    ids = [f"clip {number}" for number in range(300, 500)]
    artifacts.write_audit(state_dir(tmp_path), {"clip 0": "waves", "clip 1": "waves", "clip 7": "gone"})
    seen = list(sure_teacher.train())
    trained = of(Trained, seen)[0]
    assert trained.report.promise.threshold is not None
    assert "by itself, at least 98 % right" in trained.promise
    predictions = said(seen)
    audited = [name for name in ids if is_audited(name)]
    assert 0 < len(audited) < 3 * 200 / AUDITED_ONE_IN
    assert [name for name, one in predictions.items() if one.sure and one.audited] == audited
    filed = [name for name, one in predictions.items() if _is_sure(one, None)]
    assert filed == [name for name in ids if name not in audited]
    assert [name for name, one in predictions.items() if _is_sure(one, 0.0)] == ids
    assert all(one.nearest[0].parent.name == one.folder for one in predictions.values())
    # Of those that people filed, one went where the model meant it to; a folder that is gone tells nothing.
    assert (trained.audit.clips, trained.audit.precision) == (2, 0.5)


def test_a_damaged_audit_is_none(tmp_path):
    (tmp_path / artifacts.AUDIT).write_text("[1, 2")
    assert artifacts.read_audit(tmp_path) == {}
    (tmp_path / artifacts.AUDIT).write_text("[1, 2]")
    assert artifacts.read_audit(tmp_path) == {}


def test_earlier_models_are_remembered(library):
    for number in range(2):
        (trained,) = of(Trained, events(library))
        assert len(trained.past) == number
        shutil.move(library / f"new {number} dots.mp4", library / "dots")
    assert [(one.labelled, 0 <= one.accuracy <= 1) for one in of(Trained, events(library))[0].past] == [
        (6, True),
        (7, True),
    ]
