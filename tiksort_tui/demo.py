"""The demo library: short clips of a few kinds, moving pictures with sounds, made with PyAV.

Runs in a process of its own (`python -m tiksort_tui.demo FOLDER`): libav has no place in the screen's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
LABELLED_OF_A_KIND = 6
UNSORTED_OF_A_KIND = 4

Grid = NDArray[np.float64]
Picture = Callable[[Grid, Grid, float, np.random.Generator], Grid]
Sound = Callable[[Grid, np.random.Generator], Grid]


def make_library(folder: Path) -> None:
    """Write the demo library into `folder`: a sub-folder for each kind, and unsorted clips of all kinds."""
    numbers = np.random.default_rng(7)
    for kind in KINDS:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for i in range(LABELLED_OF_A_KIND):
            make_clip(folder / kind / f"{kind} {i + 1}.mp4", kind, seed=i)
        for i in range(UNSORTED_OF_A_KIND):
            name = f"7{numbers.integers(10**17, 10**18)}.mp4"
            make_clip(folder / name, kind, seed=100 + i)


def make_clip(
    path: Path,
    kind: str,
    seed: int = 0,
    *,
    seconds: float = 2.0,
    size: tuple[int, int] = (144, 256),
    codec: str = "libx264",
    audio: NDArray[np.float32] | None = None,
    silent: bool = False,
) -> None:
    """Write one clip of `kind` (a key of KINDS); `size` is (width, height).

    `audio` [samples] at 16 kHz takes the place of the kind's own sound; `silent` leaves out the sound altogether.
    """
    picture, sound = KINDS[kind]
    rate = 12
    width, height = size
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : width / height : width * 1j]
    with av.open(path, "w") as container:
        video: Any = container.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        track: Any = None if silent else container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for i in range(round(seconds * rate)):
            # The same seed for every frame: what moves is a function of time alone.
            pixels = picture(x, y, i / rate, np.random.default_rng(seed))
            frame = av.VideoFrame.from_ndarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if track is not None:
            times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
            samples = audio if audio is not None else 0.5 * sound(times, np.random.default_rng(seed))
            block = av.AudioFrame.from_ndarray(samples.astype(np.float32).reshape(1, -1), format="fltp", layout="mono")
            block.sample_rate, block.time_base, block.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), 0
            container.mux(track.encode(block))
            container.mux(track.encode())


def _waves(x: Grid, y: Grid, t: float, rng: np.random.Generator) -> Grid:
    a, b, c = rng.uniform(2, 5, 3)
    light = 0.5 + 0.5 * np.sin(a * x + t + 2 * np.sin(b * y + 0.7 * t) + c)
    return np.stack([0.1 + 0.2 * light, 0.3 + 0.4 * light, 0.6 + 0.4 * light], axis=-1)


def _hum(t: Grid, rng: np.random.Generator) -> Grid:
    pitch = rng.uniform(80, 140)
    return np.sin(2 * np.pi * pitch * t) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * t))


def _squares(x: Grid, y: Grid, t: float, rng: np.random.Generator) -> Grid:
    canvas = np.full((*x.shape, 3), 0.05)
    for _ in range(7):
        start, speed, colour = rng.uniform(0, 1, 2), rng.uniform(-0.5, 0.5, 2), rng.uniform(0.4, 1.0, 3)
        at_x, at_y = (start + speed * t) % 1.0
        canvas[(abs(x - at_x * 0.56) < 0.06) & (abs(y - at_y) < 0.06)] = colour * (1.0, 0.8, 0.3)
    return canvas


def _blips(t: Grid, rng: np.random.Generator) -> Grid:
    beat = (t * rng.uniform(3, 5)) % 1.0
    return np.sign(np.sin(2 * np.pi * rng.uniform(500, 800) * t)) * (beat < 0.2)


def _stripes(x: Grid, y: Grid, t: float, rng: np.random.Generator) -> Grid:
    angle, width = rng.uniform(0.4, 1.1), rng.uniform(25, 40)
    light = (np.sin(width * (np.cos(angle) * x + np.sin(angle) * y) + 4 * t) > 0).astype(float)
    return np.stack([light, light, 0.9 * light], axis=-1)


def _hiss(t: Grid, rng: np.random.Generator) -> Grid:
    return rng.normal(0, 0.3, t.shape) * (0.3 + 0.7 * (np.sin(2 * np.pi * 1.5 * t) > 0))


def _dots(x: Grid, y: Grid, t: float, rng: np.random.Generator) -> Grid:
    canvas = np.ones((*x.shape, 3)) * (0.95, 0.85, 0.75)
    for _ in range(40):
        at_x, at_y, speed = rng.uniform(0, 0.56), rng.uniform(0, 1), rng.uniform(0.2, 0.6)
        canvas[(x - at_x) ** 2 + (y - (at_y + speed * t) % 1.0) ** 2 < 0.0004] = (0.8, 0.1, 0.3)
    return canvas


def _chirps(t: Grid, rng: np.random.Generator) -> Grid:
    phase = (t * rng.uniform(1.5, 2.5)) % 1.0
    return np.sin(2 * np.pi * (2500 + 2000 * phase) * t) * np.exp(-3 * phase)


KINDS: dict[str, tuple[Picture, Sound]] = {
    "dots": (_dots, _chirps),
    "squares": (_squares, _blips),
    "stripes": (_stripes, _hiss),
    "waves": (_waves, _hum),
}


if __name__ == "__main__":
    make_library(Path(sys.argv[1]))
