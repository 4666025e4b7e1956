"""Extraction: many clips at once from file to cache. Threads read files, one listens, this one encodes and commits.

Every queue is bounded, and a clip is committed as soon as it is whole: whenever this stops, the cache is a checkpoint.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiksort_tui import media
from tiksort_tui.cache import EmbeddingCache
from tiksort_tui.config import ExtractionConfig
from tiksort_tui.domain import FileStamp, MediaInfo, Transcript
from tiksort_tui.encoders.base import FRAMES, Encoders
from tiksort_tui.errors import EngineError, MediaError, PassingMediaError
from tiksort_tui.library.identity import stamp_of

# Clips that may wait for the transcriber while the reading threads have work; each may hold 40 MB of samples.
MAX_WAITING = 4


@dataclass(frozen=True, slots=True)
class Clip:
    """One content to extract, and a file that holds it as long as its stamp stays."""

    video_id: str
    path: Path
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class ClipStarted:
    """The clip is in flight."""

    clip: Clip


@dataclass(frozen=True, slots=True)
class ClipExtracted:
    """The clip is in the cache."""

    clip: Clip
    note: str | None


@dataclass(frozen=True, slots=True)
class ClipFailed:
    """Nothing could be extracted of the clip. A failure that is `passing` says nothing of its content."""

    clip: Clip
    reason: str
    passing: bool = False


Step = ClipStarted | ClipExtracted | ClipFailed


class ReadingHung(EngineError):
    """A reading thread is stuck inside a native library: only ending the process ends it."""


@dataclass(slots=True)
class _Material:
    """What a reading thread took from a file."""

    info: MediaInfo
    prepared: Any
    pictures: tuple[bytes, ...]
    audio: NDArray[np.float32] | None
    sound: NDArray[np.float32] | None


@dataclass(slots=True)
class _Reading:
    """A file in a reading thread's hands; `began` is None while it waits for one."""

    clip: Clip
    began: float | None = None

    def read(self, encoders: Encoders, config: ExtractionConfig) -> _Material:
        self.began = time.monotonic()
        # Three readings of a file must end by themselves before the file counts as hung.
        timeout = config.file_timeout_seconds / 4
        self._check_stamp()
        audio = None
        try:
            info = media.probe(self.clip.path)
            frames = media.sample_frames(self.clip.path, FRAMES, timeout)
            if info.audio_codec and (encoders.sound or encoders.transcriber):
                audio = media.read_audio(self.clip.path, encoders.audio_seconds, timeout)
        finally:
            # Neither what was read nor a failure must be kept under another content's id.
            self._check_stamp()
        return _Material(
            info=info,
            prepared=encoders.image.prepare(frames),
            pictures=media.small_pictures(frames),
            audio=audio if encoders.transcriber else None,
            sound=encoders.sound.encode(audio) if encoders.sound and audio is not None else None,
        )

    def _check_stamp(self) -> None:
        if stamp_of(self.clip.path) != self.clip.stamp:
            raise PassingMediaError("the file has changed since the library was listed")


@dataclass(slots=True)
class _Encoded:
    """A clip that lacks at most its transcript."""

    clip: Clip
    material: _Material
    visual: NDArray[np.float32]
    transcript: Transcript | None = field(default=None)


def extract(
    clips: Sequence[Clip],
    encoders: Encoders,
    cache: EmbeddingCache,
    config: ExtractionConfig,
    wanted: Callable[[], Sequence[Path]] = tuple,
    in_flight: int | None = None,
) -> Generator[Step]:
    """Bring `clips` into `cache`, in their order but for those that `wanted` names at the time: they come first.

    At most `in_flight` clips are started and not ended (default: what keeps all threads at work). Raises ReadingHung
    after it has recorded the failure of a file that takes longer than `config.file_timeout_seconds`.
    """
    workers = config.workers or _cpus()
    in_flight = in_flight or 2 * workers + MAX_WAITING
    pending = {clip.path: clip for clip in clips}
    reading: dict[Future[_Material], _Reading] = {}
    listening: dict[Future[Transcript | None], _Encoded] = {}
    readers = ThreadPoolExecutor(workers, thread_name_prefix="read")
    listener = ThreadPoolExecutor(1, thread_name_prefix="listen")
    try:
        while pending or reading or listening:
            while pending and len(reading) + len(listening) < in_flight:
                clip = _take(pending, wanted())
                yield ClipStarted(clip)
                job = _Reading(clip)
                reading[readers.submit(job.read, encoders, config)] = job
            futures: set[Future[Any]] = {*reading, *listening}
            finished, _ = wait(futures, timeout=1.0, return_when=FIRST_COMPLETED)

            read: list[tuple[Clip, _Material]] = []
            for future in [future for future in reading if future in finished]:
                clip = reading.pop(future).clip
                try:
                    read.append((clip, future.result()))
                except PassingMediaError as error:
                    # Not remembered: the content may be elsewhere in the library by now, or readable next time.
                    yield ClipFailed(clip, str(error), passing=True)
                except MediaError as error:
                    yield _failed(clip, str(error), encoders, cache)
            whole: list[_Encoded] = []
            for encoded in _see(read, encoders):
                if encoders.transcriber and encoded.material.audio is not None:
                    listening[listener.submit(encoders.transcriber.transcribe, encoded.material.audio)] = encoded
                else:
                    whole.append(encoded)
            for heard in [future for future in listening if future in finished]:
                encoded = listening.pop(heard)
                encoded.transcript = heard.result()
                whole.append(encoded)
            yield from _commit(whole, encoders, cache)

            for reader, job in reading.items():
                late = job.began and time.monotonic() - job.began > config.file_timeout_seconds
                # One that ended while the results of others were used is only waiting to be taken.
                if late and not reader.done():
                    reason = f"reading it took longer than {config.file_timeout_seconds} s"
                    yield _failed(job.clip, reason, encoders, cache)
                    raise ReadingHung(f"{job.clip.path}: {reason}")
    finally:
        readers.shutdown(wait=False, cancel_futures=True)
        listener.shutdown(wait=False, cancel_futures=True)


def _take(pending: dict[Path, Clip], wanted: Sequence[Path]) -> Clip:
    path = next((path for path in wanted if path in pending), None) or next(iter(pending))
    return pending.pop(path)


def _see(read: Sequence[tuple[Clip, _Material]], encoders: Encoders) -> Iterator[_Encoded]:
    """All that was read since the last look goes through the image encoder as one batch."""
    if read:
        vectors = encoders.image.encode([material.prepared for _, material in read])
        for (clip, material), visual in zip(read, vectors, strict=True):
            material.prepared = None
            yield _Encoded(clip, material, visual)


def _commit(whole: Sequence[_Encoded], encoders: Encoders, cache: EmbeddingCache) -> Iterator[ClipExtracted]:
    said = [encoded.transcript.text for encoded in whole if encoded.transcript]
    texts = iter(encoders.text.encode(said)) if encoders.text and said else iter(())
    for encoded in whole:
        blocks = {
            "visual": encoded.visual,
            "sound": encoded.material.sound,
            "transcript": next(texts) if encoded.transcript else None,
        }
        cache.put(
            encoded.clip.video_id,
            encoded.material.info,
            {modality.encoder_id: blocks[modality.name] for modality in encoders.modalities},
            {encoders.transcriber.id: encoded.transcript} if encoders.transcriber and encoded.transcript else {},
            encoded.material.pictures,
        )
        yield ClipExtracted(encoded.clip, encoded.material.info.note)


def _failed(clip: Clip, reason: str, encoders: Encoders, cache: EmbeddingCache) -> ClipFailed:
    cache.put_failure(clip.video_id, encoders.id, reason)
    return ClipFailed(clip, reason)


def _cpus() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
