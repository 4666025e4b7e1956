"""Speech to text with Whisper through faster_whisper.

The only module that imports faster_whisper. It loads from a local folder and never touches the network.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Literal

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from tiksort_tui.domain import Transcript
from tiksort_tui.encoders import weights
from tiksort_tui.errors import EncoderError

# Silero's own default; with faster_whisper's, which is none, a tenth of a second of a voice counts as speech.
_SHORTEST_SPEECH_MS = 250
_COMPUTE_TYPES = {"cpu": "int8", "cuda": "float16"}


class WhisperTranscriber:
    """Transcribes the parts of a clip's sound in which someone speaks."""

    def __init__(self, path: Path, device: Literal["cpu", "cuda"]) -> None:
        """Load the CTranslate2 folder `path`; raises EncoderError where it is incomplete or damaged."""
        weights.require_whisper_files(path)
        compute_type = _COMPUTE_TYPES[device]
        try:
            self._model = WhisperModel(
                str(path),
                device=device,
                compute_type=compute_type,
                cpu_threads=min(4, os.cpu_count() or 1),
                local_files_only=True,
            )
            if device == "cuda":
                # CUDA's libraries are loaded at the first use: a missing one must show now.
                self._model.detect_language(np.zeros(16_000, np.float32))
        except Exception as error:  # CTranslate2 and tokenizers raise plain RuntimeError and Exception
            raise EncoderError(f"Whisper's weights at {path} cannot be loaded on {device}: {error}") from error
        self.id = f"whisper:{weights.fingerprint(path / 'model.bin')}:{compute_type}:vad-{_SHORTEST_SPEECH_MS}ms"

    def transcribe(self, audio: NDArray[np.float32]) -> Transcript | None:
        """What is said in `audio` [samples], 16 kHz mono in -1…1; None where nothing is.

        Voice detection comes first: Whisper makes up sentences for music and silence, and costs a hundred times more.
        """
        spoken = get_speech_timestamps(audio, VadOptions(min_speech_duration_ms=_SHORTEST_SPEECH_MS))
        if not spoken:
            return None
        speech = np.concatenate([audio[part["start"] : part["end"]] for part in spoken])
        # CTranslate2 stops at 224 tokens a half minute, Whisper's own bound; `max_new_tokens=224` would halve it.
        segments, info = self._model.transcribe(
            speech,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            # Both together drop a segment: likely no speech, and Whisper unsure of its words.
            no_speech_threshold=0.6,
            log_prob_threshold=-1.0,
        )
        heard = [segment for segment in segments if segment.text.strip()]
        if not heard:
            return None
        tokens = [len(segment.tokens) for segment in heard]
        log_probability = np.average([segment.avg_logprob for segment in heard], weights=tokens)
        return Transcript(
            text=" ".join(segment.text.strip() for segment in heard),
            language=info.language,
            confidence=min(1.0, math.exp(log_probability)),
        )
