"""Reading video files with PyAV: probe, sample_frames, read_audio, and the small pictures of a clip.

The only module that hands untrusted bytes to libav. Whatever a file holds, the answer is a result or a MediaError,
within a bound on time and on decoded frames. (A hang inside libav itself is the engine's watchdog's affair.)
"""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import av.logging
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from tiksort_tui.domain import MediaInfo
from tiksort_tui.errors import MediaError, PassingMediaError

SAMPLE_RATE = 16_000
MAX_DECODED_FRAMES = 20_000
MAX_PIXELS = 64_000_000
# Frames larger than this are shrunk on conversion: five 8K frames a decoding thread would be half a gigabyte.
MAX_SIDE = 2560
# Frames that no other frame refers to are skipped until shortly before the wanted one.
FULL_DECODING_SECONDS = 0.35
# Without an index only a long way is worth a seek: it may land before the place that is already reached.
BLIND_SEEK_SECONDS = 4.0
# The machine's or the disk's trouble, not the file's.
OUT_OF_REACH = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENXIO, errno.ESTALE, errno.ETIMEDOUT}
NO_PICTURE = "no picture in it can be decoded"

av.logging.set_level(None)


def probe(path: Path) -> MediaInfo:
    """What `path` holds; raises MediaError where no picture can be decoded from it."""
    with _opened(path) as container:
        stream = _video_stream(container)
        # Only a decoded frame tells how the picture is turned.
        frame = _FrameReader(container, stream, time.monotonic() + 10.0).frame_at(0.0)
        if frame is None:
            raise MediaError(NO_PICTURE)
        upright = _quarter_turns(frame) % 2 == 0
        return MediaInfo(
            duration=_duration(container, stream) or 0.0,
            width=frame.width if upright else frame.height,
            height=frame.height if upright else frame.width,
            video_codec=stream.codec_context.name,
            audio_codec=next((_codec_name(audio) for audio in container.streams.audio), None),
        )


def sample_frames(path: Path, n: int = 5, timeout: float = 30.0) -> NDArray[np.uint8]:
    """Frames at (i + ½) · duration / n, as uint8 [n, h, w, 3] (RGB) in display orientation.

    A file that ends early gives frames from what is there; one with fewer than `n` repeats them.
    Raises MediaError where there is none, or none within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    with _opened(path) as container:
        duration = _duration(container, _video_stream(container)) or _measured_duration(container, deadline)
    pictures, end = _pictures_at(path, _targets(duration, n), deadline)
    if len(pictures) < n and 0 < end < duration:
        # The file is shorter than it claims: sample what is there.
        pictures, _ = _pictures_at(path, _targets(end, n), deadline)
    if not pictures:
        late = time.monotonic() > deadline
        raise MediaError(f"no picture within {timeout:g} s" if late else NO_PICTURE)
    pictures += pictures[-1:] * (n - len(pictures))
    return np.stack(_same_size(pictures))


def read_audio(path: Path, max_seconds: float = 600.0, timeout: float = 30.0) -> NDArray[np.float32] | None:
    """The first `max_seconds` of sound as float32 [samples] in -1…1, 16 kHz mono; None where there is none.

    Sound that ends early or in rubbish gives what was decoded before.
    """
    deadline = time.monotonic() + timeout
    limit = int(max_seconds * SAMPLE_RATE)
    chunks: list[NDArray[np.int16]] = []
    samples = 0
    with _opened(path) as container:
        stream = next((audio for audio in container.streams.audio if _codec_name(audio)), None)
        if stream is None:
            return None
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        for packet in _packets(container, stream, deadline):
            for frame in _decode(packet):
                if isinstance(frame, AudioFrame):
                    for part in resampler.resample(frame):
                        chunks.append(part.to_ndarray().astype(np.int16, copy=False).reshape(-1))
                        samples += part.samples
            if samples >= limit:
                break
    if not samples:
        return None
    return np.concatenate(chunks)[:limit].astype(np.float32) / 32768.0


def small_pictures(frames: NDArray[np.uint8], longer_side: int = 256) -> tuple[bytes, ...]:
    """JPEGs of `frames` [n, h, w, 3], their longer side at most `longer_side` pixels."""
    pictures = []
    for frame in frames:
        image = Image.fromarray(frame)
        image.thumbnail((longer_side, longer_side), Image.Resampling.BILINEAR, reducing_gap=2.0)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=75)
        pictures.append(buffer.getvalue())
    return tuple(pictures)


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    try:
        with av.open(path, metadata_errors="ignore") as container:
            yield container
    except MediaError:
        raise
    except FileNotFoundError:
        raise PassingMediaError("the file is gone") from None
    except PermissionError:
        raise PassingMediaError("no permission to read it") from None
    except av.error.InvalidDataError:
        raise MediaError("not a video, or damaged at its beginning") from None
    except EOFError:
        raise MediaError("it ends before its first picture: empty or cut short") from None
    except Exception as error:
        if getattr(error, "errno", None) in OUT_OF_REACH:
            raise PassingMediaError(f"cannot be read now: {os.strerror(error.errno)}") from error  # type: ignore[attr-defined]
        # On broken files PyAV raises nearly anything (AttributeError, UnicodeDecodeError, EOFError …).
        raise MediaError(f"cannot be read: {error or type(error).__name__}") from error


def _video_stream(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if _codec_name(stream) is None or Disposition.attached_pic in stream.disposition:
            continue
        if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
            raise MediaError(f"pictures of {stream.codec_context.width}x{stream.codec_context.height} are too large")
        stream.thread_type = "NONE"
        return stream
    raise MediaError("it holds no pictures that can be decoded" if container.streams.video else "it holds no pictures")


def _codec_name(stream: VideoStream | AudioStream) -> str | None:
    # A stream in a codec that libav does not know has no codec context, whatever PyAV's types say.
    context = getattr(stream, "codec_context", None)
    return context.name if context else None


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    if container.duration and container.duration > 0:
        return container.duration / av.time_base
    return None


def _measured_duration(container: InputContainer, deadline: float) -> float:
    """The time of the last video packet: for files (live recordings, fragments) that do not say how long they are."""
    stream = _video_stream(container)
    end = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None and packet.time_base:
            end = max(end, float((packet.pts - (stream.start_time or 0)) * packet.time_base))
        if time.monotonic() > deadline:
            break
    return end


def _targets(duration: float, n: int) -> list[float]:
    return [(i + 0.5) * duration / n for i in range(n)]


def _pictures_at(path: Path, targets: Sequence[float], deadline: float) -> tuple[list[NDArray[np.uint8]], float]:
    """The pictures at `targets` (ascending, seconds) as far as the file goes, and the time of the last frame seen.

    A file whose frames all lie before the first target gives the last of them.
    """
    pictures: list[NDArray[np.uint8]] = []
    with _opened(path) as container:
        reader = _FrameReader(container, _video_stream(container), deadline)
        for target in targets:
            frame = reader.frame_at(target)
            if frame is None:
                break
            pictures.append(_picture(frame))
        if not pictures and reader.frame is not None:
            pictures.append(_picture(reader.frame))
        return pictures, reader.reached


class _FrameReader:
    """Walks forward through a video stream; all times are seconds from its first frame."""

    def __init__(self, container: InputContainer, stream: VideoStream, deadline: float) -> None:
        self.frame: VideoFrame | None = None
        self.reached = 0.0
        self._container = container
        self._stream = stream
        self._deadline = deadline
        self._seconds = float(stream.time_base or 0)
        self._start = (stream.start_time or 0) * self._seconds
        self._target = 0.0
        self._decoded = 0
        self._frames = self._walk()

    def frame_at(self, target: float) -> VideoFrame | None:
        """The first frame at or after `target`; None where the stream ends before it."""
        if self.frame is not None and self.reached >= target:
            return self.frame
        self._target = target
        if self._seek_helps():
            self._container.seek(int((self._start + target) / self._seconds), stream=self._stream)
            self._frames = self._walk()
        for frame in self._frames:
            self.frame = frame
            self.reached = (frame.time if frame.time is not None else self._start) - self._start
            self._decoded += 1
            if self.reached >= target:
                return frame
            if self._decoded >= MAX_DECODED_FRAMES:
                break
        return None

    def _walk(self) -> Iterator[VideoFrame]:
        context = self._stream.codec_context
        for packet in _packets(self._container, self._stream, self._deadline):
            if packet.pts is not None:
                near = packet.pts * self._seconds - self._start > self._target - FULL_DECODING_SECONDS
                context.skip_frame = "DEFAULT" if near else "NONREF"
            yield from (frame for frame in _decode(packet) if isinstance(frame, VideoFrame))

    def _seek_helps(self) -> bool:
        """Whether a key frame lies between the place that is reached and the target, as far as the index tells."""
        if not self._seconds:
            return False
        index = self._stream.index_entries
        entry = index.search_timestamp(int((self._start + self._target) / self._seconds), backward=True)
        if entry < 0:
            return self._target - self.reached > BLIND_SEEK_SECONDS
        return index[entry].timestamp * self._seconds - self._start > self.reached


def _packets(container: InputContainer, stream: VideoStream | AudioStream, deadline: float) -> Iterator[Packet[Stream]]:
    """The stream's packets until its end, its first unreadable one, or `deadline`."""
    with suppress(av.error.FFmpegError, EOFError):
        for packet in container.demux(stream):
            if time.monotonic() > deadline:
                return
            yield packet


def _decode(packet: Packet[Stream]) -> Sequence[object]:
    """The frames of a packet; none where it is damaged, since those after it may be whole."""
    try:
        return packet.decode()
    except (av.error.FFmpegError, EOFError):
        return []


def _picture(frame: VideoFrame) -> NDArray[np.uint8]:
    scale = min(1.0, MAX_SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
    return np.ascontiguousarray(np.rot90(pixels, _quarter_turns(frame)))


def _quarter_turns(frame: VideoFrame) -> int:
    """Quarter turns anticlockwise that set the picture upright; broken files ask for any angle."""
    return frame.rotation // 90 % 4 if frame.rotation % 90 == 0 else 0


def _same_size(pictures: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """`pictures` in the size of the first: a stream may change its size on the way."""
    height, width = pictures[0].shape[:2]
    return [
        picture if picture.shape == pictures[0].shape else np.asarray(Image.fromarray(picture).resize((width, height)))
        for picture in pictures
    ]
