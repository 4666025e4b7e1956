"""The command line as scripts use it: real processes, exit codes, documents."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from tiksort_tui.batch import BatchOptions, _Outcome, _print_table
from tiksort_tui.config import Config
from tiksort_tui.domain import Prediction, Suggestion
from tiksort_tui.errors import ExitCode
from tiksort_tui.learning import load_tensors
from tiksort_tui.pipeline.summary import RunSummary

ENVIRONMENT = {**os.environ, "PYTHONWARNINGS": "error"}


def tiksort(*arguments, **options):
    command = [sys.executable, "-m", "tiksort_tui", *map(str, arguments)]
    options.setdefault("env", ENVIRONMENT)
    options.setdefault("timeout", 120)
    return subprocess.run(command, capture_output=True, text=True, **options)


def batch(library, *arguments):
    done = tiksort("--batch", "--encoder", "builtin", "--json", *arguments, library)
    return done.returncode, json.loads(done.stdout)


def tree(root):
    return {str(path.relative_to(root)) for path in root.rglob("*.mp4")}


def test_a_whole_session(library):
    before = tree(library)
    code, document = batch(library)
    assert code == ExitCode.FINE
    assert (document["library"], document["encoder"]["kind"]) == (str(library), "builtin")
    assert (document["extracted"], document["cached"], document["failed"], document["moved"]) == (10, 0, [], [])
    assert document["model"]["folders"] == ["dots", "waves"]
    assert document["model"]["labelled"] == 6
    assert set(document["timing"]) == {"scan_s", "extract_s", "train_s", "predict_s"}
    for prediction in document["predictions"]:
        assert prediction["predicted_folder"] in prediction["video"]
        assert prediction["top_predictions"][0] == {
            "folder": prediction["predicted_folder"],
            "confidence": prediction["confidence"],
        }
        assert sum(top["confidence"] for top in prediction["top_predictions"]) == pytest.approx(1, abs=0.01)
    assert tree(library) == before

    state = library / ".tiksort"
    assert json.loads((state / "predictions.json").read_text()) == document["predictions"]
    labelled = load_tensors(state / "labeled_embeddings.pt")
    unlabelled = load_tensors(state / "unlabeled_embeddings.pt")
    assert labelled["label_names"] == ["dots", "waves"]
    assert [labelled["label_names"][i] for i in labelled["labels"]] == ["dots"] * 3 + ["waves"] * 3
    assert labelled["video_paths"][0] == "dots/dots 1.mp4"
    config = json.loads((state / "model_config.json").read_text())
    assert labelled["features"].shape == (6, config["feature_dim"])
    assert unlabelled["features"].shape == (4, config["feature_dim"])
    assert set(config["cv_accuracies"]) == {"knn", "logistic", "ensemble"}
    assert (state / "model.pt").exists()
    assert json.loads((state / "transcripts.json").read_text()) == {}

    # Nothing has changed: the answer is the last run's, and no engine is started.
    log = (state / "tiksort.log").stat().st_mtime_ns
    code, again = batch(library)
    assert (code, again["extracted"], again["cached"]) == (ExitCode.FINE, 0, 10)
    assert again["predictions"] == document["predictions"]
    assert (state / "tiksort.log").stat().st_mtime_ns == log

    # Nor has anything where the library lies elsewhere now.
    moved = library.rename(library.with_name("moved"))
    status = json.loads(tiksort("status", "--json", moved).stdout)
    assert status["unsorted"] == document["predictions"]
    code, again = batch(moved)
    assert (code, again["extracted"], again["predictions"]) == (ExitCode.FINE, 0, document["predictions"])
    assert (moved / ".tiksort" / "tiksort.log").stat().st_mtime_ns == log
    moved.rename(library)

    # Six sorted clips show nothing that could be promised.
    code, moved = batch(library, "--move")
    assert (code, moved["moved"], moved["model"]["promise"]["threshold"]) == (ExitCode.FINE, [], None)
    assert "98 % right cannot be promised" in tiksort("--batch", "--encoder", "builtin", library).stdout
    code, moved = batch(library, "--move", "--threshold", "0.5")
    assert len(moved["moved"]) == 4
    assert tree(library) == {f"{name[6:-4]}/{name}" if name.startswith("new") else name for name in before}

    status = json.loads(tiksort("status", "--json", library).stdout)
    assert status["folders"] == {"dots": 5, "waves": 5}
    assert (status["unsorted"], status["total"], status["last_run"]["result"]) == ([], 10, "finished")

    undone = tiksort("undo", "-n", "3", library)
    assert (undone.returncode, undone.stdout.count("Took ")) == (ExitCode.FINE, 3)
    redone = tiksort("redo", library)
    assert (redone.returncode, redone.stdout.count(" again")) == (ExitCode.FINE, 3)
    # What one run filed is one action.
    after = tree(library)
    undone = tiksort("undo", library)
    assert (undone.returncode, undone.stdout.count("Took ")) == (ExitCode.FINE, 4)
    assert tree(library) == before
    assert "Nothing to undo" in tiksort("undo", "-n", "9", library).stdout
    assert tiksort("history", "-n", "3", library).stdout.count("(undone)") == 3
    redone = tiksort("redo", library)
    assert (redone.returncode, redone.stdout.count(" again")) == (ExitCode.FINE, 4)
    assert tree(library) == after
    assert "Nothing to redo" in tiksort("redo", library).stdout
    newest, *others = tiksort("history", library).stdout.splitlines()
    assert len(others) == 3
    assert re.fullmatch(r" +1  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  new \d (dots|waves).mp4 → (dots|waves)", newest)


def test_the_table_names_what_a_person_asks_for(library):
    (library / "bad\x1b[2J.mp4").write_bytes(b"no video")
    done = tiksort("--batch", "--encoder", "builtin", "--threshold", "0.999", library)
    assert done.returncode == ExitCode.CLIPS_FAILED
    assert "new 2 waves.mp4 → waves (" in done.stdout
    assert "bad\\x1b[2J.mp4: not a video" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "--move): none\n  skipped, under 99.9%: 4" in done.stdout
    assert "nothing is touched" in done.stdout
    assert "found again" in done.stdout


def test_what_is_under_a_threshold_is_not_rounded_up_to_it(tmp_path, capsys):
    predictions = [
        Prediction(tmp_path / f"{number}.mp4", (Suggestion("cats", confidence),))
        for number, confidence in enumerate((0.8499, 0.57, 0.8555))
    ]
    summary = RunSummary(
        "", datetime.now(), "builtin", "builtin", "builtin", None, None, "", tuple(predictions), (), (), 0, 3, {}
    )
    outcome = _Outcome(summary, to_file=(predictions[2],))
    for threshold, shown in ((0.85, ["84%", "57%", "86%"]), (None, ["85%", "57%", "86%"])):
        _print_table(tmp_path, outcome, BatchOptions(tmp_path, Config(), threshold))
        table = capsys.readouterr().out
        assert re.findall(r"\((\d+%)\)", table) == re.findall(r"\[cats (\d+%)\]", table) == shown
        assert ("skipped, under 85%: 2" in table) == (threshold is not None)


def test_filing_one_clip_and_its_errors(library):
    def file(*arguments):
        done = tiksort("file", *arguments, library)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    assert file("new 0 dots.mp4", "dots")[0] == ExitCode.FINE
    assert (library / "dots" / "new 0 dots.mp4").exists()
    shutil.copy(library / "dots" / "new 0 dots.mp4", library)
    (library / "new 2 waves.mp4").rename(library / "dots 1.mp4")
    for clip, folder, words in (
        ("dots 1.mp4", "dots", "is there already"),
        ("new 0 dots.mp4", "dots", "is a duplicate of"),
        ("new 1 dots.mp4", "dotz", "did you mean 'dots'"),
        (__file__, "dots", "not in the library"),
        ("nothing.mp4", "dots", "nothing.mp4"),
    ):
        code, said = file(clip, folder)
        assert (code, words in said) == (ExitCode.MOVE_REFUSED, True), said


def test_undo_says_what_it_refuses(library):
    assert tiksort("file", "new 0 dots.mp4", "waves", library).returncode == ExitCode.FINE
    (library / "new 0 dots.mp4").write_bytes(b"another clip took the place")
    refused = tiksort("undo", library)
    assert refused.returncode == ExitCode.MOVE_REFUSED
    assert "there already" in refused.stderr
    assert (library / "waves" / "new 0 dots.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--batch"], ExitCode.USAGE, "LIBRARY"),
        (["--batch", "--threshold", "7", "."], ExitCode.USAGE, "threshold"),
        (["--json", "."], ExitCode.USAGE, "--json needs --batch"),
        (["--batch", "--player", "none", "."], ExitCode.USAGE, "--player is for the screen"),
        (["--batch", ""], ExitCode.USAGE, "is empty"),
        (["."], ExitCode.USAGE, "needs a terminal"),
        (["--bitch", "."], ExitCode.USAGE, "--batch"),
        (["--batch", "--config", "/none.toml", "."], ExitCode.USAGE, "/none.toml"),
        (["--batch", "/no such place"], ExitCode.LIBRARY_UNUSABLE, "no such folder"),
        (["status", "/no such place"], ExitCode.LIBRARY_UNUSABLE, "no such folder"),
        (["--help"], ExitCode.FINE, "Exit codes"),
        ([], ExitCode.USAGE, "LIBRARY"),
    ],
)
def test_bad_usage_has_its_exit_code_and_no_traceback(tmp_path, arguments, code, words):
    done = tiksort(*arguments, cwd=tmp_path)
    assert (done.returncode, words in done.stdout + done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_missing_weights_are_known_at_once(library, tmp_path):
    environment = {**ENVIRONMENT, "HF_HOME": str(tmp_path / "no hub")}
    # Far less than the 46 seconds for which the hub's client would try.
    done = tiksort("--batch", "--encoder", "clip", library, env=environment, timeout=15)
    assert done.returncode == ExitCode.ENGINE_FAILED
    assert "tiksort-tui models --download" in done.stderr
    models = tiksort("models", env=environment)
    assert models.stdout.count("not here") == 2
    assert "605 MB" in models.stdout


def test_an_engine_that_cannot_work_has_its_exit_code(library, tmp_path):
    # A module that stands in the way of the engine's imports, as a broken installation would.
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "scipy.py").write_text("raise ImportError('broken installation')")
    environment = {**ENVIRONMENT, "PYTHONPATH": str(tmp_path / "broken")}
    done = tiksort("--batch", "--encoder", "builtin", library, env=environment)
    assert done.returncode == ExitCode.ENGINE_FAILED
    assert "tiksort.log" in done.stderr
    assert "Traceback" not in done.stderr
    assert "its log is" in json.loads(tiksort("status", "--json", library).stdout)["last_run"]["result"]


def test_ctrl_c_leaves_a_cache_that_the_next_run_goes_on_from(library, demo_clips):
    for kind in ("squares", "stripes"):
        shutil.copytree(demo_clips / kind, library / kind)
    command = [sys.executable, "-m", "tiksort_tui", "--batch", "--encoder", "builtin", "-v", str(library)]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    extracted = 0
    for line in running.stderr:
        extracted += line.startswith("VideoExtracted")
        if extracted == 3:
            # It must not be over before it is interrupted, nor its engine have told all.
            running.send_signal(signal.SIGSTOP)
            (engine,) = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
            os.kill(int(engine), signal.SIGSTOP)
            status = json.loads(tiksort("status", "--json", library).stdout)
            refused = tiksort("--batch", "--encoder", "builtin", library)
            running.send_signal(signal.SIGINT)
            running.send_signal(signal.SIGCONT)
            break
    rest = running.communicate(timeout=60)[1]
    assert running.returncode == ExitCode.INTERRUPTED
    assert status["last_run"]["running"]
    assert (refused.returncode, "going on" in refused.stderr) == (ExitCode.LIBRARY_UNUSABLE, True)
    assert "Traceback" not in rest
    assert json.loads(tiksort("status", "--json", library).stdout)["last_run"]["result"] == "interrupted"
    code, document = batch(library)
    assert code == ExitCode.FINE
    assert document["cached"] >= 3
    assert document["extracted"] + document["cached"] == 22


def test_nasty_files_go_the_whole_way_whatever_their_name(library, shared_media):
    for path in (shared_media / "nasty").iterdir():
        shutil.copy(path, library / f"{path.name}.mp4")
    code, document = batch(library)
    assert code == ExitCode.CLIPS_FAILED
    named = {item["video"] for item in document["predictions"] + document["failed"]}
    assert len(named) == len(document["predictions"]) + len(document["failed"]) == 144
    assert not [item for item in document["failed"] if "engine" in item["error"]]


def test_a_folder_named_like_a_verb_and_a_program_run_as_a_module(library, tmp_path):
    shutil.copytree(library, tmp_path / "undo")
    done = tiksort("--batch", "--encoder", "builtin", "./undo", cwd=tmp_path)
    assert done.returncode == ExitCode.FINE
    assert Path(tmp_path / "undo" / ".tiksort").is_dir()


def test_the_demo_is_sorted_well():
    done = tiksort("demo", "--batch", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == ExitCode.FINE
    assert len(document["predictions"]) == 16
    assert document["model"]["cv_accuracy"] > 0.9
    shutil.rmtree(document["library"])
