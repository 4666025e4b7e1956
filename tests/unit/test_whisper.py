import io
import math
import shutil
import subprocess
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from faster_whisper import WhisperModel

from tests.conftest import need_tool
from tests.tiny_models import make_tiny_clip, make_tiny_whisper
from tiksort_tui.config import Config, EncoderConfig
from tiksort_tui.encoders import choose_encoders, load_encoders
from tiksort_tui.encoders.whisper import WhisperTranscriber
from tiksort_tui.errors import EncoderError

RATE = 16_000

@pytest.fixture(scope="session")
def tiny_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="module")
def transcriber(tiny_whisper: Path) -> WhisperTranscriber:
    return WhisperTranscriber(tiny_whisper, "cpu")


@pytest.fixture(scope="session")
def speech() -> np.ndarray:
    """A spoken sentence of a few seconds, 16 kHz."""
    sentence = "Today I will show you how to bake a loaf of bread in your own kitchen, with flour and water."
    spoken = subprocess.run([need_tool("espeak-ng"), "--stdout", sentence], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(spoken)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
        seconds = np.arange(int(len(samples) / file.getframerate() * RATE)) / RATE
        return np.interp(seconds, np.arange(len(samples)) / file.getframerate(), samples).astype(np.float32)


def without_speech() -> dict[str, np.ndarray]:
    time = np.arange(5 * RATE) / RATE
    return {
        "nothing": np.zeros(0),
        "silence": np.zeros(5 * RATE),
        "noise": np.random.default_rng(0).normal(0, 0.1, 5 * RATE),
        "chord": sum(0.2 * np.sin(2 * np.pi * pitch * time) for pitch in (220, 277, 330)),
    }


@pytest.fixture
def never_asked(transcriber: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch) -> WhisperTranscriber:
    """A transcriber whose Whisper must be left alone."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("Whisper was asked")

    monkeypatch.setattr(WhisperModel, "transcribe", refuse)
    return transcriber


@pytest.mark.parametrize("sound", without_speech())
def test_without_speech_whisper_is_not_asked(never_asked: WhisperTranscriber, sound: str) -> None:
    assert never_asked.transcribe(without_speech()[sound].astype(np.float32)) is None


def test_a_tenth_of_a_second_of_a_voice_is_no_speech(never_asked: WhisperTranscriber, speech: np.ndarray) -> None:
    audio = np.zeros(5 * RATE, np.float32)
    audio[2 * RATE :][: RATE // 10] = speech[RATE // 2 :][: RATE // 10]
    assert never_asked.transcribe(audio) is None


def test_speech_gives_text_language_and_confidence(transcriber: WhisperTranscriber, speech: np.ndarray) -> None:
    transcript = transcriber.transcribe(speech)
    assert transcript is not None
    assert transcript.text == transcript.text.strip() != ""
    assert 2 <= len(transcript.language) <= 3
    assert 0 < transcript.confidence < 1


def test_whisper_hears_only_the_spoken_part(
    transcriber: WhisperTranscriber, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[np.ndarray] = []

    def listen(_: WhisperModel, audio: np.ndarray, **__: Any) -> tuple[list[Any], Any]:
        heard.append(audio)
        return [], SimpleNamespace(language="en")

    monkeypatch.setattr(WhisperModel, "transcribe", listen)
    silence = np.zeros(20 * RATE, np.float32)
    assert transcriber.transcribe(np.concatenate([silence, speech, silence])) is None
    assert 0.8 * len(speech) < len(heard[0]) < len(speech) + 2 * RATE


@pytest.mark.parametrize(
    ("no_speech", "log_probability", "kept"), [(0.9, -2.0, False), (0.9, -0.5, True), (0.1, -2.0, True)]
)
def test_a_segment_goes_only_where_both_signs_say_no_speech(
    transcriber: WhisperTranscriber,
    speech: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    no_speech: float,
    log_probability: float,
    kept: bool,
) -> None:
    def generate(*_: Any) -> tuple[Any, float, float, float]:
        result = SimpleNamespace(no_speech_prob=no_speech, sequences_ids=[[1000, 1001, 1002]])
        return result, log_probability, 0.0, 1.0

    monkeypatch.setattr(WhisperModel, "generate_with_fallback", generate)
    transcript = transcriber.transcribe(speech)
    assert (transcript is not None) == kept
    if transcript:
        assert transcript.confidence == pytest.approx(math.exp(log_probability))


def test_a_model_that_never_stops_is_bounded(
    transcriber: WhisperTranscriber, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random weights do not say that they are done: every half minute costs the bound and no more."""
    lengths: list[int] = []
    generate = WhisperModel.generate_with_fallback

    def watch(*arguments: Any) -> Any:
        outcome = generate(*arguments)
        lengths.append(len(outcome[0].sequences_ids[0]))
        return outcome

    monkeypatch.setattr(WhisperModel, "generate_with_fallback", watch)
    transcriber.transcribe(np.tile(speech, math.ceil(60 * RATE / len(speech)))[: 60 * RATE])
    assert lengths == [224, 224]


def test_a_missing_tokenizer_is_an_error_and_no_download(tiny_whisper: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_whisper, tmp_path / "whisper")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"whisper/tokenizer\.json is missing"):
        WhisperTranscriber(folder, "cpu")


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_damaged_folder_is_an_error_that_names_it(tiny_whisper: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(tiny_whisper, tmp_path / "whisper")
    (folder / name).write_bytes((folder / name).read_bytes()[:1000])
    with pytest.raises(EncoderError, match="cannot be loaded on cpu") as caught:
        WhisperTranscriber(folder, "cpu")
    assert str(folder) in str(caught.value)


def test_load_encoders_with_both_gives_transcripts_in_the_images_space(tiny_whisper: Path, tmp_path: Path) -> None:
    paths = {"clip_weights": str(make_tiny_clip(tmp_path / "clip")), "whisper_weights": str(tiny_whisper)}
    config = Config(encoder=EncoderConfig(device="cpu", **paths))
    encoders = load_encoders(config, choose_encoders(config))
    assert [(modality.name, modality.dim) for modality in encoders.modalities] == [("visual", 512), ("transcript", 512)]
    assert " " not in encoders.modalities[1].encoder_id
