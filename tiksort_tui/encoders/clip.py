"""CLIP through open_clip: frames and texts into one space.

The only module that imports open_clip. It loads from local files and never touches the network.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from tiksort_tui.encoders import weights
from tiksort_tui.encoders.base import FRAMES
from tiksort_tui.errors import EncoderError

# OpenAI's weights were trained with QuickGELU: the plain ViT-B-32 takes them too, and gives worse vectors.
ARCHITECTURE = "ViT-B-32-quickgelu"

_IMAGES_AT_ONCE = 64
_TEXTS_AT_ONCE = 64

Precision = Literal["fp32", "bf16", "fp16"]
_DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def load_clip(path: Path, device: str) -> tuple[ClipImageEncoder, ClipTextEncoder]:
    """Both encoders of the model at `path`, sharing it: a weights file of ViT-B-32-quickgelu, or an open_clip folder.

    Raises EncoderError for files that are damaged or not an OpenAI-style CLIP.
    """
    precision = _precision(device)
    if path.is_dir():
        _check_folder(path)
        architecture, pretrained, name = f"local-dir:{path}", None, "local"
        files = sorted(file for file in path.iterdir() if file.suffix in {".json", ".safetensors", ".bin", ".pth"})
    else:
        architecture, pretrained, name = ARCHITECTURE, str(path), ARCHITECTURE
        files = [path]
    open_clip = import_open_clip()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="QuickGELU mismatch")
        try:
            model = open_clip.create_model(
                architecture, pretrained=pretrained, precision=precision, device=device, require_pretrained=True
            )
        except Exception as error:  # open_clip, torch and safetensors each raise their own
            raise EncoderError(f"CLIP's weights at {path} cannot be loaded: {error}") from error
    tokenizer = open_clip.SimpleTokenizer(context_length=model.context_length)
    if tokenizer.vocab_size != model.vocab_size:
        raise EncoderError(
            f"{path}: the model has {model.vocab_size} tokens, CLIP's own vocabulary {tokenizer.vocab_size}; "
            "use a CLIP with OpenAI's vocabulary"
        )
    model_id = f"clip:{name}:{weights.fingerprint(*files)}:{precision}"
    model.eval()
    return (
        ClipImageEncoder(model, model_id, device, _DTYPES[precision]),
        ClipTextEncoder(model, tokenizer, model_id, device),
    )


class ClipImageEncoder:
    """The mean of the frames' image embeddings."""

    def __init__(self, model: Any, model_id: str, device: str, dtype: torch.dtype) -> None:
        self._model = model
        self._device = device
        self._dtype = dtype
        self._size: int = model.visual.image_size[0]
        preprocess = model.visual.preprocess_cfg
        self._mean = torch.tensor(preprocess["mean"], device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(preprocess["std"], device=device).view(1, 3, 1, 1)
        self.dim: int = model.visual.output_dim
        self.id = f"{model_id}:{FRAMES}-frames:centre-{self._size}"

    def prepare(self, frames: NDArray[np.uint8]) -> torch.Tensor:
        """`frames` [n, h, w, 3] as uint8 [n, 3, s, s]: the shorter side to s, then the centre.

        What open_clip's own preprocessing does with Pillow, to within a rounding of the resampling.
        """
        height, width = frames.shape[1:3]
        shorter = min(height, width)
        # The longer side rounded down and the crop to nearest, as torchvision does.
        resized = (self._size * height // shorter, self._size * width // shorter)
        images = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
        images = functional.interpolate(images, resized, mode="bicubic", antialias=True)
        top, left = (round((side - self._size) / 2) for side in resized)
        return images[:, :, top : top + self._size, left : left + self._size].contiguous()

    def encode(self, clips: Sequence[torch.Tensor]) -> NDArray[np.float32]:
        """L2-normalised vectors [len(clips), dim]: per clip, the mean of its frames' L2-normalised embeddings."""
        if not clips:
            return np.empty((0, self.dim), np.float32)
        with torch.inference_mode():
            images = torch.cat(list(clips))
            embeddings = [
                self._embed(images[start : start + _IMAGES_AT_ONCE]) for start in range(0, len(images), _IMAGES_AT_ONCE)
            ]
        return _mean_of_groups(np.concatenate(embeddings), [len(clip) for clip in clips])

    def _embed(self, images: torch.Tensor) -> NDArray[np.float32]:
        pixels = (images.to(self._device).float() / 255 - self._mean) / self._std
        return _to_numpy(self._model.encode_image(pixels.to(self._dtype)))


class ClipTextEncoder:
    """Texts in the space of the images; a text that is longer than the model's context is encoded in pieces."""

    def __init__(self, model: Any, tokenizer: Any, model_id: str, device: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._device = device
        self.dim: int = model.visual.output_dim
        self.id = f"{model_id}:text-pieces"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors [len(texts), dim]: per text, the mean of its pieces' L2-normalised embeddings."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        pieces = [self._pieces(text) for text in texts]
        tokens = torch.from_numpy(np.concatenate(pieces))
        with torch.inference_mode():
            embeddings = [
                _to_numpy(self._model.encode_text(tokens[start : start + _TEXTS_AT_ONCE].to(self._device)))
                for start in range(0, len(tokens), _TEXTS_AT_ONCE)
            ]
        return _mean_of_groups(np.concatenate(embeddings), [len(of_text) for of_text in pieces])

    def _pieces(self, text: str) -> NDArray[np.int64]:
        """Token rows [pieces, context length] of `text`, in pieces of like length, since each counts alike."""
        tokens = np.array(self._tokenizer.encode(text), np.int64)
        context: int = self._model.context_length
        count = max(1, math.ceil(len(tokens) / (context - 2)))  # each row has a token of start and one of end
        rows = np.zeros((count, context), np.int64)
        for row, piece in zip(rows, np.array_split(tokens, count), strict=True):
            row[: len(piece) + 2] = (self._tokenizer.sot_token_id, *piece, self._tokenizer.eot_token_id)
        return rows


def _to_numpy(embeddings: torch.Tensor) -> NDArray[np.float32]:
    as_float32: NDArray[np.float32] = embeddings.float().cpu().numpy()
    return as_float32


def _mean_of_groups(vectors: NDArray[np.float32], lengths: Sequence[int]) -> NDArray[np.float32]:
    """The normalised mean of each run of `lengths` rows of `vectors`, whose rows are normalised first."""
    starts = np.cumsum([0, *lengths[:-1]])
    return _normalised(np.add.reduceat(_normalised(vectors), starts))


def _normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _precision(device: str) -> Precision:
    """What is fastest without harm: half precision where the hardware computes in it (on a CPU four times as fast)."""
    if device == "cuda":
        return "fp16"
    if device == "cpu" and _cpu_has_bf16():
        return "bf16"
    return "fp32"


def _cpu_has_bf16() -> bool:
    """Whether the CPU has instructions for bfloat16, where torch would otherwise be slow in emulating them."""
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _check_folder(folder: Path) -> None:
    """Raise EncoderError where open_clip's configuration asks for what the encoders here do not do."""
    path = folder / weights.CLIP_CONFIG_FILE
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        text, preprocess = config["model_cfg"]["text_cfg"], config.get("preprocess_cfg", {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{path} is not a configuration of open_clip: {error!r}") from error
    resizing = preprocess.get("resize_mode", "shortest"), preprocess.get("interpolation", "bicubic")
    # A text tower of transformers would be looked up on the network.
    if any(key.startswith("hf_") for key in text) or resizing != ("shortest", "bicubic"):
        raise EncoderError(
            f"{path}: only models like OpenAI's CLIP can be used (own text tower, bicubic resize of the shortest side)"
        )


_operators: list[torch.library.Library] = []


def import_open_clip() -> Any:
    """open_clip, also where torchvision was built for another torch.

    Such a torchvision has no compiled operators and fails at import for want of two of them. open_clip needs its
    transforms alone, so the operators' schemas are declared, with nothing behind them, and the import tried again.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise EncoderError(f"torchvision cannot be imported: {error}") from error
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for operator in ("nms", "qnms"):
            schema = f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            library.define(schema)  # type: ignore[no-untyped-call]
        _operators.append(library)  # the schemas go when it does
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
    import open_clip

    return open_clip
