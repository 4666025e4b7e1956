"""What an encoder is: small Protocols, each with an `id` that names everything its vectors depend on.

Vectors are cached under these ids, so whatever changes a vector (model, weights, precision, sampling) changes the id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tiksort_tui.domain import Transcript

if TYPE_CHECKING:
    # The screen imports this module, too, and starts sooner without.
    import numpy as np
    from numpy.typing import NDArray

FRAMES = 5
"""Frames that are sampled from a clip; part of every image encoder's id."""


class ImageEncoder(Protocol):
    """Turns the sampled frames of a clip into one L2-normalised vector."""

    id: str
    dim: int

    def prepare(self, frames: NDArray[np.uint8]) -> Any:
        """Shrink `frames` [n, h, w, 3] to what `encode` takes. Called in the decoding threads, many at once."""

    def encode(self, clips: Sequence[Any]) -> NDArray[np.float32]:
        """Vectors [len(clips), dim] of clips that `prepare` has shrunk. Called in one thread."""


class SoundEncoder(Protocol):
    """Turns the sound of a clip into one L2-normalised vector."""

    id: str
    dim: int

    def encode(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vector [dim] of `audio` [samples], 16 kHz mono in -1…1; zeros for silence."""


class Transcriber(Protocol):
    """Turns speech into text."""

    id: str

    def transcribe(self, audio: NDArray[np.float32]) -> Transcript | None:
        """What is said in `audio` [samples], 16 kHz mono in -1…1; None where nothing is."""


class TextEncoder(Protocol):
    """Turns texts into L2-normalised vectors in the image encoder's space."""

    id: str
    dim: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors [len(texts), dim]; a text of any length counts whole."""


@dataclass(frozen=True, slots=True)
class Modality:
    """One block of a clip's features: its name, the id its vectors are cached under, and its width."""

    name: Literal["visual", "sound", "transcript"]
    encoder_id: str
    dim: int


@dataclass(frozen=True, slots=True)
class Encoders:
    """The encoders of one run. Speech needs both `transcriber` and `text`; sound past `audio_seconds` is not heard."""

    kind: Literal["clip", "builtin"]
    image: ImageEncoder
    audio_seconds: int
    sound: SoundEncoder | None = None
    transcriber: Transcriber | None = None
    text: TextEncoder | None = None
    device: str = "cpu"

    @property
    def name(self) -> str:
        """What a person calls the set."""
        if self.kind == "builtin":
            return "builtin encoder"
        return "CLIP + Whisper" if self.transcriber else "CLIP"

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The blocks of a clip's features, in their order."""
        blocks = [Modality("visual", self.image.id, self.image.dim)]
        if self.sound:
            blocks.append(Modality("sound", f"{self.sound.id}/{self.audio_seconds}-s", self.sound.dim))
        if self.transcriber and self.text:
            heard = f"{self.text.id}+{self.transcriber.id}/{self.audio_seconds}-s"
            blocks.append(Modality("transcript", heard, self.text.dim))
        return tuple(blocks)

    @property
    def id(self) -> str:
        """Names the whole set; two runs with the same id give the same features."""
        return " ".join(modality.encoder_id for modality in self.modalities)
