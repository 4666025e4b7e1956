"""The builtin encoders: like things get like vectors, and nothing that a clip can hold breaks them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tiksort_tui.encoders.builtin import BuiltinImageEncoder, BuiltinSoundEncoder

RATE = 16_000
Frames = NDArray[np.uint8]
Audio = NDArray[np.float32]


def picture_vector(frames: Frames) -> NDArray[np.float32]:
    encoder = BuiltinImageEncoder()
    return encoder.encode([encoder.prepare(frames)])[0]


def sound_vector(audio: Audio) -> NDArray[np.float32]:
    return BuiltinSoundEncoder().encode(audio)


def scene(seed: int, height: int = 240, width: int = 320, frames: int = 5) -> Frames:
    """Coloured discs on a coloured ground that drift from frame to frame, in any size the same picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:1 : height * 1j, 0:1 : width * 1j]
    ground, colours = rng.uniform(30, 220, 3), rng.uniform(30, 220, (12, 3))
    places, drifts, radii = rng.uniform(0, 1, (12, 2)), rng.normal(0, 0.02, (12, 2)), rng.uniform(0.03, 0.2, 12)
    clip = np.empty((frames, height, width, 3))
    for number, frame in enumerate(clip):
        frame[:] = ground
        for colour, place, drift, radius in zip(colours, places, drifts, radii, strict=True):
            top, left = place + number * drift
            frame[np.hypot(y - top, x - left) < radius] = colour
    return clip.astype(np.uint8)


def noisy(frames: Frames) -> Frames:
    noise = np.random.default_rng(9).normal(0, 3, frames.shape)
    return np.clip(frames + noise, 0, 255).astype(np.uint8)


def brighter(frames: Frames) -> Frames:
    return np.clip(frames.astype(int) + 20, 0, 255).astype(np.uint8)


def letterboxed(frames: Frames) -> Frames:
    return np.pad(frames, ((0, 0), (90, 90), (0, 0), (0, 0)), constant_values=4)


@pytest.mark.parametrize(
    "same",
    [noisy(scene(1)), brighter(scene(1)), letterboxed(scene(1)), scene(1, 480, 640), scene(1, 120, 160)],
    ids=["noise", "brighter", "black bars", "larger", "smaller"],
)
def test_the_same_scene_is_nearer_than_every_other(same: Frames) -> None:
    vector = picture_vector(same)
    similarities = [picture_vector(scene(seed)) @ vector for seed in range(1, 7)]
    assert similarities[0] > max(similarities[1:]) + 0.1


def test_motion_tells_apart_what_looks_the_same() -> None:
    still = np.repeat(scene(2)[:1], 5, axis=0)
    shaken, shaken_otherwise = (
        np.stack([np.roll(frame, tuple(shift), axis=(0, 1)) for frame, shift in zip(still, shifts, strict=True)])
        for shifts in np.random.default_rng(0).integers(-30, 31, (2, 5, 2))
    )
    vector = picture_vector(shaken)
    assert vector @ picture_vector(shaken_otherwise) > vector @ picture_vector(still) + 0.05


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((5, 240, 320, 3), np.uint8),
        np.full((5, 240, 320, 3), 255, np.uint8),
        np.full((5, 240, 320, 3), (10, 200, 90), np.uint8),
        scene(3, 1, 1),
        scene(3, 2, 3),
        scene(3, 16, 16),
        scene(3, 20, 4000),
        scene(3, 1080, 30),
        scene(3, frames=1),
        scene(3)[:, ::-1, ::-1],
    ],
    ids=["black", "white", "flat", "1x1", "2x3", "16x16", "wide", "tall", "single frame", "a view"],
)
def test_any_picture_gives_a_unit_vector(frames: Frames) -> None:
    vector = picture_vector(frames)
    assert vector.shape == (BuiltinImageEncoder.dim,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_clip_gets_the_same_vector_alone_and_among_others() -> None:
    encoder = BuiltinImageEncoder()
    clips = [encoder.prepare(scene(seed, width=200 + 40 * seed)) for seed in range(3)]
    together = encoder.encode(clips)
    assert np.array_equal(together, np.concatenate([encoder.encode([clip]) for clip in clips]))
    assert encoder.encode([]).shape == (0, encoder.dim)


def tone(seconds: float = 3.0, pitch: float = 440.0) -> Audio:
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def noise(seconds: float = 3.0, seed: int = 0) -> Audio:
    return np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)


def syllables(seconds: float = 3.0, pitch: float = 120.0) -> Audio:
    """Harmonics of a voice's pitch that swell four times a second."""
    time = np.arange(int(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 25))
    return (0.1 * voice * np.clip(np.sin(2 * np.pi * 4 * time), 0, None)).astype(np.float32)


def test_kinds_of_sound_differ_and_takes_of_one_kind_do_not() -> None:
    takes = [(tone(), tone(5)), (noise(), noise(seed=1)), (syllables(), syllables(4, pitch=140))]
    first, second = (np.stack([sound_vector(pair[take]) for pair in takes]) for take in (0, 1))
    similarities = first @ second.T
    assert similarities.diagonal().min() > 0.8
    assert similarities[~np.eye(3, dtype=bool)].max() < 0.6


def test_volume_does_not_matter() -> None:
    assert sound_vector(syllables()) @ sound_vector(syllables() / 8) > 0.999


@pytest.mark.parametrize(
    "audio",
    [np.zeros(RATE, np.float32), noise() * np.float32(1e-4), noise(0.05), np.zeros(0, np.float32)],
    ids=["silence", "rounding noise", "a click", "nothing"],
)
def test_silence_is_zeros(audio: Audio) -> None:
    assert np.array_equal(sound_vector(audio), np.zeros(BuiltinSoundEncoder.dim, np.float32))


@pytest.mark.parametrize(
    "audio",
    [tone(0.1), tone(100), np.ones(RATE, np.float32), np.eye(1, RATE, dtype=np.float32)[0]],
    ids=["shortest", "long", "constant", "one click"],
)
def test_any_sound_gives_a_unit_vector(audio: Audio) -> None:
    vector = sound_vector(audio)
    assert vector.shape == (BuiltinSoundEncoder.dim,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
