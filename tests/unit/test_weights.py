import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tiksort_tui.config import Config, EncoderChoice, EncoderConfig
from tiksort_tui.encoders import EncoderPlan, choose_encoders, load_encoders, weights
from tiksort_tui.errors import EncoderError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, in place of the user's."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def put_in_cache(cache: Path, model: weights.Model, without: str = "") -> Path:
    """Lay out `model` as the hub's client does, with one file left out."""
    folder = cache / ("models--" + model.repo.replace("/", "--"))
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    for name in model.files:
        if name != without:
            (snapshot / name).write_bytes(b"weights")
    return snapshot


def choose(kind: EncoderChoice = "auto", **paths: str) -> EncoderPlan:
    return choose_encoders(Config(encoder=EncoderConfig(kind=kind, **paths)))


def test_auto_without_weights_is_builtin_and_says_how_to_get_better(cache: Path) -> None:
    plan = choose()
    assert (plan.kind, plan.clip, plan.whisper) == ("builtin", None, None)
    assert "tiksort-tui models --download" in (plan.notice or "")
    assert "753 MB" in (plan.notice or "")


def test_auto_with_clip_alone_says_that_speech_is_not_used(cache: Path) -> None:
    snapshot = put_in_cache(cache, weights.CLIP)
    put_in_cache(cache, weights.WHISPER, without="tokenizer.json")  # a download that broke off
    plan = choose()
    assert (plan.kind, plan.clip, plan.whisper) == ("clip", snapshot / "open_clip_model.safetensors", None)
    assert (plan.notice or "").startswith("Speech is not used")


def test_auto_with_everything_has_nothing_to_say(cache: Path) -> None:
    put_in_cache(cache, weights.CLIP)
    snapshot = put_in_cache(cache, weights.WHISPER)
    plan = choose()
    assert (plan.kind, plan.whisper, plan.notice) == ("clip", snapshot, None)
    assert choose("builtin") == EncoderPlan("builtin")


def test_the_builtin_encoders_load_without_weights() -> None:
    config = Config(encoder=EncoderConfig(kind="builtin"))
    encoders = load_encoders(config, choose_encoders(config))
    assert [modality.name for modality in encoders.modalities] == ["visual", "sound"]


def test_clip_without_weights_is_an_error_at_once(cache: Path) -> None:
    with pytest.raises(EncoderError, match="tiksort-tui models --download"):
        choose("clip")


def test_a_configured_path_that_lacks_a_file_is_an_error_that_names_it(cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with pytest.raises(EncoderError, match="model is missing"):
        choose(clip_weights=str(folder))
    folder.mkdir()
    with pytest.raises(EncoderError, match=r"open_clip_config\.json is missing"):
        choose(clip_weights=str(folder))
    (folder / "open_clip_config.json").touch()
    with pytest.raises(EncoderError, match="holds no weights"):
        choose(clip_weights=str(folder))
    (folder / "any.safetensors").touch()
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        with pytest.raises(EncoderError, match=name):
            choose(clip_weights=str(folder), whisper_weights=str(folder))
        (folder / name).touch()
    assert choose(clip_weights=str(folder), whisper_weights=str(folder)) == EncoderPlan("clip", folder, folder)


def test_choosing_imports_no_model_library() -> None:
    script = """if True:
        import sys
        from tiksort_tui.config import Config
        from tiksort_tui.encoders import choose_encoders
        choose_encoders(Config())
        print([name for name in ("torch", "open_clip", "faster_whisper", "huggingface_hub.file_download")
               if name in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_fingerprint_sees_size_head_middle_and_tail(tmp_path: Path) -> None:
    contents = bytearray(1_000_000)
    prints = set()
    for changed in (None, 0, 500_000, 999_999):
        if changed is not None:
            contents[changed] ^= 1
        (tmp_path / "file").write_bytes(contents)
        prints.add(weights.fingerprint(tmp_path / "file"))
    (tmp_path / "file").write_bytes(contents + b"\0")
    prints.add(weights.fingerprint(tmp_path / "file"))
    assert len(prints) == 5


def refused_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def no_progress(done: int, total: int) -> None:
    raise AssertionError("nothing can have been downloaded")


def test_download_without_a_network_is_an_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", refused_address())
    with pytest.raises(EncoderError, match=r"CLIP.* no connection to 127\.0\.0\.1"):
        weights.download(weights.CLIP, no_progress)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderError, match="HF_HUB_OFFLINE"):
        weights.download(weights.CLIP, no_progress)


def test_download_does_not_wait_for_a_name_that_is_looked_up_for_ever(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "create_connection", lambda *_: answer.wait(60))
    with pytest.raises(EncoderError, match="no answer"):
        weights.download(weights.CLIP, no_progress)
    answer.set()


class FakeHub(BaseHTTPRequestHandler):
    """The few requests by which the hub's client lists and fetches a repository."""

    files: ClassVar = {"config.json": b"{}", "model.bin": b"w" * 300_000, "README.md": b"not asked for"}

    def do_GET(self) -> None:
        if "/tree/" in self.path:
            listing = [
                {"type": "file", "path": name, "size": len(content), "oid": f"{len(content):040x}"}
                for name, content in self.files.items()
            ]
            self.answer(json.dumps(listing).encode())
        elif self.path.startswith("/api/models/"):
            siblings = [{"rfilename": name} for name in self.files]
            self.answer(json.dumps({"id": "someone/tiny", "sha": COMMIT, "siblings": siblings}).encode())
        else:
            self.answer(self.files[self.path.rsplit("/", 1)[1]])

    do_HEAD = do_GET

    def answer(self, content: bytes) -> None:
        self.send_response(200)
        for header, value in {
            "Content-Length": str(len(content)), "ETag": f'"{len(content):040x}"', "X-Repo-Commit": COMMIT,
        }.items():
            self.send_header(header, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeHub)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_download_brings_the_files_to_where_the_look_up_finds_them(hub: str, tmp_path: Path) -> None:
    script = """if True:
        import json
        from tiksort_tui.encoders import weights
        model = weights.Model("Tiny", "someone/tiny", ("config.json", "model.bin"), 300_002)
        steps = []
        folder = weights.download(model, lambda *step: steps.append(step))
        again = weights.download(model, None)
        print(json.dumps([str(folder), str(again), sorted(file.name for file in folder.iterdir()), steps]))
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    environment = inherited | {"HF_ENDPOINT": hub, "HF_HOME": str(tmp_path), "no_proxy": "127.0.0.1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "%|" not in done.stderr  # the hub's own bars would tear the caller's
    folder, again, names, steps = json.loads(done.stdout)
    assert folder == again
    assert names == ["config.json", "model.bin"]
    assert (Path(folder) / "model.bin").read_bytes() == FakeHub.files["model.bin"]
    assert steps[-1] == [300_002, 300_002]
    assert steps == sorted(steps)
