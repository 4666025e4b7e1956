"""From an mp4 with speech to a prediction: real decoding, CLIP, Whisper, worker, cache and classifier, tiny weights."""

import json
import subprocess

import numpy as np
import pytest

from tests.conftest import need_tool
from tests.tiny_models import make_tiny_clip, make_tiny_whisper
from tiksort_tui import demo, media
from tiksort_tui.config import Config, with_overrides
from tiksort_tui.engine.client import Engine
from tiksort_tui.learning import load_tensors
from tiksort_tui.library.state import state_dir
from tiksort_tui.pipeline.events import Finished, Predicted, RunRequest, Trained, VideoExtracted


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speech")
    words = "So you want to keep your ankle locked, like this, and the second touch comes a little higher."
    subprocess.run([need_tool("espeak-ng"), "-w", folder / "speech.wav", words], check=True)
    return media.read_audio(folder / "speech.wav")


async def test_a_clip_with_speech_goes_the_whole_way(tmp_path, speech):
    make_tiny_clip(tmp_path / "clip")
    make_tiny_whisper(tmp_path / "whisper")
    root = tmp_path / "library"
    for kind in ("dots", "waves"):
        (root / kind).mkdir(parents=True)
        for i in range(3):
            demo.make_clip(root / kind / f"{i}.mp4", kind, seed=i, silent=True)
    demo.make_clip(root / "spoken.mp4", "waves", seed=9, seconds=len(speech) / 16000, audio=speech)
    demo.make_clip(root / "hummed.mp4", "waves", seed=10)
    config = with_overrides(
        Config(),
        encoder__kind="clip",
        encoder__device="cpu",
        encoder__clip_weights=str(tmp_path / "clip"),
        encoder__whisper_weights=str(tmp_path / "whisper"),
    )
    state = state_dir(root)
    engine = Engine(state / "log")
    try:
        events = [event async for event in engine.run(RunRequest(root, state, config))]
        again = [event async for event in engine.run(RunRequest(root, state, config))]
    finally:
        await engine.close()

    assert len([event for event in events if isinstance(event, VideoExtracted)]) == 8
    trained = [event for event in events if isinstance(event, Trained)]
    assert [[score.folder for score in event.report.folders] for event in trained] == [["dots", "waves"]]
    said = {clip.path.name: clip for event in events if isinstance(event, Predicted) for clip in event.predictions}
    assert set(said) == {"spoken.mp4", "hummed.mp4"}
    assert said["hummed.mp4"].folder == "waves"
    # Voice detection let only the speech through to Whisper, whose random words became a vector.
    transcripts = json.loads((state / "transcripts.json").read_text())
    assert set(transcripts) == {"spoken.mp4"}
    assert transcripts["spoken.mp4"]["text"]
    unlabelled = load_tensors(state / "unlabeled_embeddings.pt")
    features = dict(zip(unlabelled["video_paths"], unlabelled["features"].astype(np.float32), strict=True))
    assert features["spoken.mp4"].shape == (1024,)
    np.testing.assert_allclose(np.linalg.norm(features["spoken.mp4"].reshape(2, 512), axis=1), [1, 1], atol=0.01)
    np.testing.assert_allclose(np.linalg.norm(features["hummed.mp4"].reshape(2, 512), axis=1), [1, 0], atol=0.01)
    assert again[-1] == Finished(0, 8)
