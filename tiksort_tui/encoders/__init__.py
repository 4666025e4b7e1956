"""Which encoders a run uses. Choosing looks at files alone and is quick; loading imports what was chosen."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tiksort_tui.config import Config, Device
from tiksort_tui.encoders import weights
from tiksort_tui.encoders.base import Encoders, Transcriber
from tiksort_tui.errors import EncoderError

logger = logging.getLogger(__name__)

_DOWNLOAD_COMMAND = "tiksort-tui models --download"


@dataclass(frozen=True, slots=True)
class EncoderPlan:
    """What `load_encoders` will load; `notice` is one sentence for the user where something better is to be had."""

    kind: Literal["clip", "builtin"]
    clip: Path | None = None
    whisper: Path | None = None
    notice: str | None = None


def choose_encoders(config: Config) -> EncoderPlan:
    """The encoders that `config` asks for, or the best whose weights are here.

    Raises EncoderError where `kind = "clip"` has no weights, and for a configured path that cannot be used.
    """
    wanted = config.encoder.kind
    if wanted == "builtin":
        return EncoderPlan("builtin")
    clip = weights.find_clip(config.encoder)
    if clip is None and wanted == "clip":
        raise EncoderError(
            f'encoder.kind is "clip", but its weights are not here: `{_DOWNLOAD_COMMAND}` fetches them '
            f"({_megabytes(weights.CLIP)}), or name a local file as encoder.clip_weights"
        )
    if clip is None:
        return EncoderPlan(
            "builtin",
            notice="Clips are compared by plain colour, texture, motion and sound, since the weights of CLIP are not "
            f"here; `{_DOWNLOAD_COMMAND}` fetches them ({_megabytes(*weights.MODELS)})",
        )
    whisper = weights.find_whisper(config.encoder)
    if whisper is None:
        return EncoderPlan(
            "clip",
            clip,
            notice="Speech is not used, since the weights of Whisper are not here; "
            f"`{_DOWNLOAD_COMMAND}` fetches them ({_megabytes(weights.WHISPER)})",
        )
    return EncoderPlan("clip", clip, whisper)


def load_encoders(config: Config, plan: EncoderPlan) -> Encoders:
    """Load what `plan` says: seconds, and the memory of the models.

    Raises EncoderError for a device that is not there and for weights that cannot be loaded.
    """
    seconds = config.extraction.max_audio_seconds
    if plan.clip is None:
        from tiksort_tui.encoders.builtin import BuiltinImageEncoder, BuiltinSoundEncoder

        return Encoders("builtin", BuiltinImageEncoder(), seconds, sound=BuiltinSoundEncoder())

    from tiksort_tui.encoders.clip import load_clip

    device = _resolve_device(config.encoder.device)
    image, text = load_clip(plan.clip, device)
    if plan.whisper is None:
        return Encoders("clip", image, seconds, text=text, device=device)
    transcriber = _load_transcriber(plan.whisper, device, config)
    return Encoders("clip", image, seconds, transcriber=transcriber, text=text, device=device)


def _load_transcriber(folder: Path, device: Device, config: Config) -> Transcriber:
    from tiksort_tui.encoders.whisper import WhisperTranscriber

    # CTranslate2 has no other backends.
    whisper_device: Literal["cpu", "cuda"] = "cuda" if device == "cuda" else "cpu"
    try:
        return WhisperTranscriber(folder, whisper_device)
    except EncoderError as error:
        # CTranslate2 brings its own demands on CUDA's libraries: those of torch may be of another version.
        if whisper_device == "cpu" or config.encoder.device != "auto":
            raise
        logger.warning("speech is transcribed on the CPU: %s", error)
        return WhisperTranscriber(folder, "cpu")


def _resolve_device(choice: Device) -> Device:
    import torch

    there: dict[Device, bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if choice == "auto":
        return next(device for device, is_there in there.items() if is_there)
    if not there[choice]:
        raise EncoderError(f'encoder.device is "{choice}", but torch {torch.__version__} finds none here; use "auto"')
    return choice


def _megabytes(*models: weights.Model) -> str:
    return f"{sum(model.size for model in models) // 1_000_000} MB"
