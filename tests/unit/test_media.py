"""Reading videos: a result or a MediaError, whatever the file holds."""

import json
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.conftest import need_tool
from tiksort_tui import demo, media
from tiksort_tui.domain import MediaInfo
from tiksort_tui.errors import MediaError


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    demo.make_clip(path, "waves", seconds=4)
    return path


def counting_clip(path: Path, frames: int, rate: int = 10, gop: int = 10, **options) -> None:
    """A clip whose frame i is grey of level 2 · i."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"g": str(gop), "qp": "1", **options})
        stream.width = stream.height = 64
        for i in range(frames):
            pixels = np.full((64, 64, 3), 2 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


@pytest.mark.parametrize("gop", [5, 1000])
def test_frames_come_from_the_middle_of_each_fifth(tmp_path, gop):
    counting_clip(tmp_path / "count.mp4", frames=100, gop=gop)
    frames = media.sample_frames(tmp_path / "count.mp4")
    assert frames.shape == (5, 64, 64, 3)
    np.testing.assert_allclose(frames.mean(axis=(1, 2, 3)) / 2, [10, 30, 50, 70, 90], atol=1)


@pytest.mark.parametrize("kind", ["mkv", "webm", "ts", "avi", "flv", "mov"])
def test_every_container_gives_its_frames(tmp_path, kind):
    path = tmp_path / f"clip.{kind}"
    demo.make_clip(path, "dots", codec="libvpx" if kind == "webm" else "libx264", silent=True)
    assert media.sample_frames(path).shape == (5, 256, 144, 3)
    assert media.probe(path).duration == pytest.approx(2.0, abs=0.2)


def test_a_file_tells_its_length_size_and_codecs(clip):
    info = media.probe(clip)
    assert info == MediaInfo(info.duration, 144, 256, "h264", "aac")
    assert info.duration == pytest.approx(4.0, abs=0.1)
    assert info.note is None


def test_a_turned_clip_is_set_upright(tmp_path):
    turned, picture = tmp_path / "turned.mp4", tmp_path / "first.png"
    y, x = np.mgrid[0:96, 0:64]
    pixels = np.stack([2 * x, 2 * y, x + y], axis=-1).astype(np.uint8)
    with av.open(turned, "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height = 64, 96
        stream.set_display_rotation(90)
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    # ffmpeg, which sets pictures upright by itself, is the judge of which way is up.
    subprocess.run([need_tool("ffmpeg"), "-v", "error", "-i", turned, "-frames:v", "1", picture], check=True)
    upright = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    assert upright.shape == (64, 96, 3)
    assert abs(media.sample_frames(turned)[0] - upright).mean() < 5
    assert (media.probe(turned).width, media.probe(turned).height) == (96, 64)


def test_a_truncated_clip_keeps_the_frames_that_it_gave(tmp_path):
    counting_clip(tmp_path / "whole.ts", frames=100)
    counting_clip(tmp_path / "whole.mkv", frames=100)
    for name in ("whole.ts", "whole.mkv"):
        content = (tmp_path / name).read_bytes()
        cut = tmp_path / f"cut.{name}"
        cut.write_bytes(content[: len(content) // 2])
        levels = media.sample_frames(cut).mean(axis=(1, 2, 3)) / 2
        assert len(levels) == 5
        assert 20 < levels.max() < 60
        assert all(np.diff(levels) > 0)


def test_fewer_frames_than_asked_for_are_repeated(tmp_path):
    counting_clip(tmp_path / "one.mp4", frames=1)
    assert media.sample_frames(tmp_path / "one.mp4").shape == (5, 64, 64, 3)


def test_sound_is_16_khz_mono_and_keeps_its_pitch(tmp_path):
    tone = np.sin(2 * np.pi * 1000 * np.arange(48000) / 16000).astype(np.float32) * 0.5
    demo.make_clip(tmp_path / "tone.mp4", "dots", audio=tone, seconds=3)
    audio = media.read_audio(tmp_path / "tone.mp4")
    assert audio.dtype == np.float32
    assert len(audio) == pytest.approx(48000, abs=3000)
    spectrum = abs(np.fft.rfft(audio[8000:24000]))
    assert spectrum.argmax() == 1000
    assert abs(audio[8000:24000]).max() == pytest.approx(0.5, abs=0.05)
    assert len(media.read_audio(tmp_path / "tone.mp4", max_seconds=1)) == 16000


def test_no_sound_is_no_error_but_in_a_hevc_download_it_is_noted(tmp_path):
    demo.make_clip(tmp_path / "mute.mp4", "dots", silent=True)
    assert media.read_audio(tmp_path / "mute.mp4") is None
    assert media.probe(tmp_path / "mute.mp4").note is None
    demo.make_clip(tmp_path / "hevc.mp4", "dots", silent=True, codec="libx265")
    note = media.probe(tmp_path / "hevc.mp4").note
    assert note.startswith("HEVC without sound")
    # Whole in the one line of 80 columns that a clip's words have, behind their title.
    assert len(note) <= 47


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "cut short|not a video"), (b"hello", "not a video"), (b"\0" * 4096, "not a video|cut short")],
)
def test_what_is_no_video_is_a_media_error(tmp_path, content, words):
    (tmp_path / "bad.mp4").write_bytes(content)
    for read in (media.probe, media.sample_frames, media.read_audio):
        with pytest.raises(MediaError, match=words):
            read(tmp_path / "bad.mp4")
    with pytest.raises(MediaError, match="gone"):
        media.probe(tmp_path / "none.mp4")


def test_sound_alone_is_a_media_error(tmp_path):
    with av.open(tmp_path / "sound.mp4", "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(MediaError, match="holds no pictures"):
        media.sample_frames(tmp_path / "sound.mp4")


def test_rubbish_in_the_middle_costs_only_some_frames(tmp_path, clip):
    content = bytearray(clip.read_bytes())
    rng = np.random.default_rng(0)
    start = len(content) // 3
    content[start : start + 2000] = rng.bytes(2000)
    (tmp_path / "hurt.mp4").write_bytes(content)
    assert media.sample_frames(tmp_path / "hurt.mp4").shape == (5, 256, 144, 3)


def test_no_byte_that_is_wrong_raises_anything_else(tmp_path, clip):
    content = clip.read_bytes()
    rng = np.random.default_rng(1)
    outcomes = set()
    for i in range(60):
        hurt = bytearray(content)
        for place in rng.integers(0, len(hurt) if i % 2 else 400, 20):
            hurt[place] = rng.integers(256)
        path = tmp_path / f"{i}.mp4"
        path.write_bytes(hurt)
        try:
            frames = media.sample_frames(path, timeout=5)
            media.read_audio(path, timeout=5)
            outcomes.add(frames.shape[0])
        except MediaError:
            outcomes.add("error")
    assert outcomes == {5, "error"}


def test_small_pictures_are_jpegs_of_bounded_size(clip, tmp_path):
    for jpeg in media.small_pictures(media.sample_frames(clip), longer_side=128):
        (tmp_path / "small.jpg").write_bytes(jpeg)
        with Image.open(tmp_path / "small.jpg") as image:
            assert (image.format, image.size) == ("JPEG", (72, 128))


def test_every_nasty_file_gives_a_result_or_a_media_error(shared_media):
    known = json.loads((shared_media / "nasty-probe.json").read_text())
    read, errors = set(), {}
    for name in known:
        path = shared_media / "nasty" / name
        try:
            frames = media.sample_frames(path, timeout=10)
            info = media.probe(path)
            media.read_audio(path)
        except MediaError as error:
            errors[name] = str(error)
            continue
        assert frames.shape == (5, info.height, info.width, 3)
        read.add(name)
    # Whatever a tolerant reader got frames from gives them here too.
    assert read >= {name for name, facts in known.items() if facts.get("dec")}
    assert len(read) + len(errors) == 140
    assert not [text for text in errors.values() if "object has no attribute" in text]
