"""The encoders that are always there: descriptors of picture and sound in numpy alone.

They need no weights, no network and no training. They must never look at anything but pixels and samples: a file's
size, length or format says nothing about where its owner wants it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.encoders.base import FRAMES

Floats = NDArray[np.float32]

# Pictures are compared at the area of a square of this side, whatever their size; their shape is kept.
_SIDE = 96
_MIN_SIDE, _MAX_SIDE = _SIDE // 4, _SIDE * 4
# What is sampled for each pixel of that, on a side: more only costs time.
_SAMPLES = 2
_BAR_LEVEL = 24  # of 255: compression makes black bars noisy
_BAR_SHARE = 0.02
_MIN_SHARE_WITHOUT_BARS = 0.2

_ORIENTATIONS = 8
_LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_LUMA_BINS = 16
_CHROMA_BINS = 7
_STRIPS = 3
_CHANGE_BINS = 11
_PATTERNS = 59
_PATTERN_THRESHOLD = 0.01

_SAMPLE_RATE = 16_000
_WINDOW, _HOP = 512, 256
_WINDOWS_AT_ONCE = 4096
_MEL_BANDS = 40
_MEL_RANGE = (60.0, 7800.0)
_DYNAMIC_RANGE = 50.0  # dB below the loudest; what is quieter is noise of the recording
_SHORTEST = _SAMPLE_RATE // 10
_SILENCE = 1e-4  # root mean square of 16 bit samples' rounding


class BuiltinImageEncoder:
    """Shape, texture, colour and change of the sampled frames, in blocks of equal weight."""

    id = f"builtin-picture-1/{FRAMES}-frames"
    dim = 36 * _ORIENTATIONS + 2 * _PATTERNS + _LUMA_BINS + _STRIPS * _CHROMA_BINS**2 + 3 * _CHANGE_BINS

    def prepare(self, frames: NDArray[np.uint8]) -> Floats:
        """`frames` [n, h, w, 3] without black bars, as float32 in 0…1 of about 96 x 96 pixels."""
        height, width = frames.shape[1:3]
        step = max(1, int((height * width) ** 0.5) // (_SAMPLES * _SIDE))
        inner = _without_bars(frames[:, step // 2 :: step, step // 2 :: step])
        aspect = (inner.shape[2] / inner.shape[1]) ** 0.5
        rows, columns = (int(np.clip(side, _MIN_SIDE, _MAX_SIDE)) for side in (_SIDE / aspect, _SIDE * aspect))
        return _resized(inner, rows, columns) / np.float32(255)

    def encode(self, clips: Sequence[Floats]) -> Floats:
        """Vectors [len(clips), dim] of prepared clips."""
        vectors = np.zeros((len(clips), self.dim), dtype=np.float32)
        for vector, clip in zip(vectors, clips, strict=True):
            vector[:] = _unit(np.concatenate([_unit(_centred(block)) for block in _picture_blocks(clip)]))
        return vectors


class BuiltinSoundEncoder:
    """Statistics of the log-mel spectrogram over time, L2-normalised; the recording's volume does not matter."""

    id = "builtin-sound-1/16-khz"
    dim = 4 * _MEL_BANDS

    def encode(self, audio: Floats) -> Floats:
        """The vector [dim] of `audio` [samples], 16 kHz mono in -1…1; zeros for silence and for less than 0.1 s."""
        if len(audio) < _SHORTEST or np.sqrt(np.mean(np.square(audio))) < _SILENCE:
            return np.zeros(self.dim, dtype=np.float32)
        levels = _log_mel(audio)
        loudness = levels.mean(axis=1)
        weights = 10 ** ((loudness - loudness.max()) / 10)
        average, average_when_loud = levels.mean(axis=0), weights @ levels / weights.sum()
        flux = np.abs(levels[2:] - levels[:-2]).mean(axis=0)
        # Each in units of its usual spread between recordings (dB), so that none outweighs the others.
        blocks = (_centred(average) / 3, _centred(average_when_loud) / 4, (levels.std(axis=0) - 8) / 3, flux - 3)
        return _unit(np.concatenate(blocks))


def _picture_blocks(clip: Floats) -> list[Floats]:
    """The blocks that describe a prepared clip [n, h, w, 3]; histograms are square roots of shares (Hellinger)."""
    red, green, blue = np.moveaxis(clip, -1, 0)
    luma = clip @ _LUMA_WEIGHTS
    height, width = luma.shape[1:]
    half = _resized(luma, height // 2, width // 2)
    quarter = _resized(luma, height // 4, width // 4)
    change = _changes(luma)
    return [
        _orientation_histogram(luma, grid=4),
        _orientation_histogram(half, grid=4),
        _orientation_histogram(change, grid=2),
        _pattern_histogram(luma, radius=1),
        _pattern_histogram(luma, radius=3),
        _root(_histogram((luma, 0, 1, _LUMA_BINS))),
        _chroma_histogram(red, green, blue),
        _change_histogram(change),
        _change_histogram(_changes(quarter)),
        _change_histogram(luma.std(axis=0)),
    ]


def _without_bars(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The inner part of `frames` [n, h, w, 3] that is not black all the time; all of them where hardly any is."""
    bright = frames.max(axis=0).max(axis=2) > _BAR_LEVEL
    rows = np.flatnonzero(bright.mean(axis=1) > _BAR_SHARE)
    columns = np.flatnonzero(bright.mean(axis=0) > _BAR_SHARE)
    if min(len(rows) / bright.shape[0], len(columns) / bright.shape[1]) < _MIN_SHARE_WITHOUT_BARS:
        return frames
    return frames[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resized(pictures: NDArray[np.uint8] | Floats, rows: int, columns: int) -> Floats:
    """`pictures` [n, h, w, ...] at [n, rows, columns, ...]: means of areas, or repeated where they are smaller."""
    resized = pictures
    for axis, size in ((1, rows), (2, columns)):
        length = pictures.shape[axis]
        starts = np.arange(size) * length // size
        if length < size:
            resized = np.take(resized, starts, axis=axis)
        else:
            counts = np.diff(starts, append=length).astype(np.float32)
            counts = np.expand_dims(counts, tuple(range(1, pictures.ndim - axis)))
            resized = np.add.reduceat(resized, starts, axis=axis, dtype=np.float32) / counts
    return resized.astype(np.float32, copy=False)


def _changes(luma: Floats) -> Floats:
    """Differences [n - 1, h, w] between neighbouring frames; a single frame has changed nowhere."""
    return np.abs(np.diff(luma, axis=0)) if len(luma) > 1 else np.zeros_like(luma)


def _orientation_histogram(pictures: Floats, grid: int) -> Floats:
    """Gradients by orientation (unsigned) in grid x grid cells, averaged over `pictures` [n, h, w].

    Dalal and Triggs 2005, normalised over the whole picture.
    """
    height, width = pictures.shape[1:]
    down = pictures[:, 2:, 1:-1] - pictures[:, :-2, 1:-1]
    right = pictures[:, 1:-1, 2:] - pictures[:, 1:-1, :-2]
    magnitude = np.hypot(down, right)
    position = np.arctan2(down, right) % np.pi * (_ORIENTATIONS / np.pi)
    nearest = position.astype(np.int64)
    share = position - nearest
    rows, columns = (np.arange(side - 2) * grid // (side - 2) for side in (height, width))
    cells = (rows[:, None] * grid + columns) * _ORIENTATIONS
    bins = grid * grid * _ORIENTATIONS
    histogram = np.zeros(bins)
    for orientation, weight in ((nearest, 1 - share), (nearest + 1, share)):
        index = cells + orientation % _ORIENTATIONS
        histogram += np.bincount(index.ravel(), (magnitude * weight).ravel(), minlength=bins)
    return _root(histogram)


def _uniform_patterns() -> NDArray[np.int64]:
    """The class of each of the 256 local binary patterns: 58 uniform ones, and 0 for the rest (Ojala et al. 2002)."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(axis=1) <= 2
    return np.where(uniform, np.cumsum(uniform), 0)


_PATTERN_CLASS = _uniform_patterns()


def _pattern_histogram(luma: Floats, radius: int) -> Floats:
    """Shares of the local binary patterns at `radius` over all frames of `luma` [n, h, w]."""
    height, width = luma.shape[1:]
    centre = luma[:, radius:-radius, radius:-radius] + np.float32(_PATTERN_THRESHOLD)
    pattern = np.zeros(centre.shape, dtype=np.uint8)
    around = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
    for bit, (down, right) in enumerate(around):
        top, left = down * radius, right * radius
        neighbour = luma[:, top : top + height - 2 * radius, left : left + width - 2 * radius]
        pattern |= (neighbour > centre).astype(np.uint8) << np.uint8(bit)
    counts = np.bincount(_PATTERN_CLASS[pattern.ravel()], minlength=_PATTERNS)
    return _root(counts / pattern.size)


def _chroma_histogram(red: Floats, green: Floats, blue: Floats) -> Floats:
    """Joint histograms of the opponent colours in horizontal strips; roots spread out the greys, where most lie."""
    opponents = (red - green, (red + green) / 2 - blue)
    signed_roots = [np.array_split(np.sign(each) * np.sqrt(np.abs(each)), _STRIPS, axis=1) for each in opponents]
    shares = [
        _histogram((first, -0.8, 0.8, _CHROMA_BINS), (second, -0.9, 0.9, _CHROMA_BINS))
        for first, second in zip(*signed_roots, strict=True)
    ]
    return _root(np.concatenate(shares))


def _change_histogram(change: Floats) -> Floats:
    return _root(_histogram((np.log2(change + np.float32(1e-3)), -10, 0, _CHANGE_BINS)))


def _histogram(*axes: tuple[Floats, float, float, int]) -> Floats:
    """Shares of the bins over one or more axes (values, low, high, bins); a value is shared by its two nearest bins."""
    index: NDArray[np.int64] = np.zeros((1, axes[0][0].size), dtype=np.int64)
    weight: Floats = np.ones((1, axes[0][0].size), dtype=np.float32)
    total = 1
    for values, low, high, bins in axes:
        position = np.clip((values.ravel() - low) * ((bins - 1) / (high - low)), 0, bins - 1)
        nearest = np.minimum(position.astype(np.int64), bins - 2)
        share = position - nearest
        index = np.concatenate([index * bins + nearest, index * bins + nearest + 1])
        weight = np.concatenate([weight * (1 - share), weight * share])
        total *= bins
    counts = np.bincount(index.ravel(), weight.ravel(), minlength=total)
    return (counts / axes[0][0].size).astype(np.float32)


def _mel_filters() -> Floats:
    """Triangular filters [bands, frequencies] evenly spaced on the mel scale, each of area 1."""
    low, high = (2595 * np.log10(1 + frequency / 700) for frequency in _MEL_RANGE)
    edges = 700 * (10 ** (np.linspace(low, high, _MEL_BANDS + 2) / 2595) - 1)
    frequencies = np.arange(_WINDOW // 2 + 1) * (_SAMPLE_RATE / _WINDOW)
    triangles = [np.interp(frequencies, edges[band : band + 3], (0, 1, 0)) for band in range(_MEL_BANDS)]
    return np.array([triangle / triangle.sum() for triangle in triangles], dtype=np.float32)


_MEL_FILTERS = _mel_filters()


def _log_mel(audio: Floats) -> Floats:
    """The spectrogram [windows, bands] of `audio` in dB, no lower than _DYNAMIC_RANGE below the loudest."""
    windows = np.lib.stride_tricks.sliding_window_view(audio, _WINDOW)[::_HOP]
    taper = np.hanning(_WINDOW).astype(np.float32)
    energies = []
    for start in range(0, len(windows), _WINDOWS_AT_ONCE):
        spectrum = np.fft.rfft(windows[start : start + _WINDOWS_AT_ONCE] * taper, axis=1)
        energies.append((spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ _MEL_FILTERS.T)
    levels = 10 * np.log10(np.concatenate(energies) + np.float32(1e-10))
    audible: Floats = np.maximum(levels, levels.max() - np.float32(_DYNAMIC_RANGE))
    return audible


def _root(shares: NDArray[np.floating]) -> Floats:
    root: Floats = np.sqrt(shares, dtype=np.float32)
    return root


def _centred(block: Floats) -> Floats:
    centred: Floats = block - block.mean()
    return centred


def _unit(vector: Floats) -> Floats:
    norm = np.linalg.norm(vector)
    # A block that is flat but for rounding says nothing.
    unit: Floats = vector / norm if norm > 1e-6 else np.zeros_like(vector)
    return unit
