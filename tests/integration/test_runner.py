"""One run in this process: what the events say of odd libraries."""

import os
import shutil
import time

import pytest

from tiksort_tui.config import Config, with_overrides
from tiksort_tui.encoders import EncoderPlan, load_encoders
from tiksort_tui.errors import LibraryError
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import state_dir
from tiksort_tui.pipeline import teaching
from tiksort_tui.pipeline.events import Finished, Predicted, RunRequest, Scanned, VideoExtracted, VideoFailed
from tiksort_tui.pipeline.runner import run
from tiksort_tui.pipeline.summary import fingerprint, load_summary

CONFIG = with_overrides(Config(), encoder__kind="builtin", extraction__workers=2)


def events(library, **changes):
    request = RunRequest(library, state_dir(library), CONFIG, **changes)
    return list(run(request, lambda plan: load_encoders(CONFIG, plan)))


def of(kind, seen):
    return [event for event in seen if isinstance(event, kind)]


def test_a_clip_that_is_there_twice_is_read_once_and_predicted_in_each_place(library):
    shutil.copy2(library / "new 0 dots.mp4", library / "copy.mp4")
    shutil.copy2(library / "dots" / "dots 1.mp4", library / "sorted already.mp4")
    seen = events(library)
    assert of(Scanned, seen)[0].to_extract == 10
    assert len(of(VideoExtracted, seen)) == 10
    predicted = {one.path.name: one.folder for event in of(Predicted, seen) for one in event.predictions}
    assert predicted["copy.mp4"] == predicted["new 0 dots.mp4"] == predicted["sorted already.mp4"] == "dots"


def test_copies_of_a_broken_clip_are_all_named_now_and_in_the_next_run(library):
    for name in ("one.mp4", "two.mp4"):
        (library / name).write_bytes(b"no video")
    for _ in range(2):
        assert {event.path.name for event in of(VideoFailed, events(library))} == {"one.mp4", "two.mp4"}
    assert len(load_summary(state_dir(library), library).failed) == 2


def test_a_link_to_nowhere_among_the_weights_ends_nothing(library):
    weights = library.parent / "weights"
    weights.mkdir()
    (weights / "model.bin").write_text("weights")
    before = fingerprint(scan(library, CONFIG.library), CONFIG, EncoderPlan("clip", whisper=weights))
    (weights / "README.md").symlink_to("nowhere")
    assert fingerprint(scan(library, CONFIG.library), CONFIG, EncoderPlan("clip", whisper=weights)) == before
    (weights / "model.bin").write_text("other weights")
    assert fingerprint(scan(library, CONFIG.library), CONFIG, EncoderPlan("clip", whisper=weights)) != before


def test_a_folder_that_cannot_be_listed_is_named(library, monkeypatch):
    listed = os.scandir

    def scandir(path):
        if str(path).endswith("waves"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert [(event.path.name, event.reason) for event in of(VideoFailed, events(library))] == [
        ("waves", "this folder cannot be listed")
    ]


def test_a_clip_that_is_filed_before_it_is_read_is_read_in_the_next_run(library):
    clip = library / "new 0 dots.mp4"
    request = RunRequest(library, state_dir(library), with_overrides(CONFIG, extraction__workers=1))
    seen = []
    for event in run(request, lambda plan: load_encoders(CONFIG, plan)):
        seen.append(event)
        if isinstance(event, Scanned):
            clip.rename(library / "dots" / clip.name)
    assert [(event.path, event.reason) for event in of(VideoFailed, seen)] == [(clip, "the file is gone")]
    assert of(Finished, seen)
    again = events(library)
    assert [event.path.name for event in of(VideoExtracted, again)] == [clip.name]
    assert not of(VideoFailed, again)


def test_a_file_that_changes_after_the_scan_is_not_kept_under_the_old_content(library, demo_clips):
    clip, other = library / "new 0 dots.mp4", demo_clips / "squares" / "squares 1.mp4"
    old = clip.read_bytes()
    request = RunRequest(library, state_dir(library), with_overrides(CONFIG, extraction__workers=1))
    seen = []
    for event in run(request, lambda plan: load_encoders(CONFIG, plan)):
        seen.append(event)
        if isinstance(event, Scanned):
            clip.write_bytes(other.read_bytes())
    assert ["has changed" in event.reason for event in of(VideoFailed, seen)] == [True]
    # Not an answer that may be repeated while nothing changes: it could not be read just then.
    assert load_summary(state_dir(library), library).fingerprint == ""
    clip.write_bytes(old)
    assert [event.path for event in of(VideoExtracted, events(library))] == [clip]


def test_a_long_training_makes_no_reading_late(library, monkeypatch):
    fitted = teaching.fit

    def slow_fit(*arguments, **options):
        time.sleep(1.5)
        return fitted(*arguments, **options)

    monkeypatch.setattr(teaching, "fit", slow_fit)
    config = with_overrides(CONFIG, extraction__file_timeout_seconds=1)
    request = RunRequest(library, state_dir(library), config)
    seen = list(run(request, lambda plan: load_encoders(config, plan)))
    assert (of(VideoFailed, seen), len(of(VideoExtracted, seen))) == ([], 10)


def test_results_that_cannot_be_written_are_a_plain_error_and_the_cache_stays(library, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tiksort_tui.pipeline.artifacts.write_json", full)
    with pytest.raises(LibraryError, match="No space left"):
        events(library)
    monkeypatch.undo()
    assert of(Finished, events(library)) == [Finished(0, 10)]
