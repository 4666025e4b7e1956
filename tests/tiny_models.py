"""Random-weight models on disk that the real libraries load: CLIP in 14 MB, Whisper in 7 MB, a second or two each.

Their vectors and words mean nothing; what they take, give and refuse is what the true ones do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.specs.whisper_spec import WhisperSpec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from tiksort_tui.encoders.clip import import_open_clip

TINY_CLIP = {
    "embed_dim": 512,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 224, "layers": 1, "width": 64, "head_width": 32, "patch_size": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1},
}

WIDTH, FEED_FORWARD, HEADS, LAYERS, MEL_BINS = 32, 64, 2, 1, 80
# The multilingual vocabulary's layout, which Whisper's decoding knows by number: words, special tokens, timestamps.
WORDS = 50_257
TIMESTAMPS = 1501


def make_tiny_clip(folder: Path) -> Path:
    """Write an open_clip folder of ViT-B/32's interface (224 pixels, 77 tokens, 512 dimensions); returns `folder`."""
    open_clip = import_open_clip()
    folder.mkdir(parents=True, exist_ok=True)
    preprocess = {"mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD}
    config = {"model_cfg": TINY_CLIP, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = open_clip.CLIP(**TINY_CLIP).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "open_clip_model.safetensors")
    return folder


def make_tiny_whisper(folder: Path) -> Path:
    """Write a CTranslate2 folder of a multilingual Whisper; returns `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    words = _words()
    special = _special_tokens()
    timestamps = [f"<|{step * 0.02:.2f}|>" for step in range(TIMESTAMPS)]
    vocabulary = [*words, *special, *timestamps]

    spec = WhisperSpec(LAYERS, HEADS, LAYERS, HEADS)
    _fill_whisper(spec, len(vocabulary))
    spec.register_vocabulary(vocabulary)
    end_of_text = len(words)
    start_of_transcript = end_of_text + 1
    first_language = start_of_transcript + 1
    after_languages = first_language + 99
    spec.config.suppress_ids = list(range(start_of_transcript, after_languages + 5))
    spec.config.suppress_ids_begin = [220, end_of_text]
    spec.config.lang_ids = list(range(first_language, after_languages))
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.optimize(quantization="float16")
    spec.save(str(folder))

    tokenizer = Tokenizer(models.BPE(vocab={word: number for number, word in enumerate(words)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in timestamps])
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _words() -> list[str]:
    """The 256 bytes as byte-level BPE spells them, made-up words, and the empty token by which CTranslate2 knows a
    multilingual vocabulary."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return [*alphabet, *(f"word{number}" for number in range(WORDS - len(alphabet) - 1)), ""]


def _special_tokens() -> list[str]:
    languages = ["en", *(code for code in _LANGUAGE_CODES if code not in {"en", "yue"})]
    tasks = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
    return [f"<|{name}|>" for name in ["endoftext", "startoftranscript", *languages, *tasks]]


def _fill_whisper(spec: WhisperSpec, vocabulary_size: int) -> None:
    random = np.random.default_rng(0)

    def weights(*shape: int, scale: float = 0.1) -> np.ndarray[Any, Any]:
        return (random.standard_normal(shape) * scale).astype(np.float32)

    def linear(layer: Any, outputs: int, inputs: int) -> None:
        layer.weight = weights(outputs, inputs, scale=inputs**-0.5)
        layer.bias = np.zeros(outputs, np.float32)

    def layer_norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def self_attention(layer: Any) -> None:
        layer_norm(layer.layer_norm)
        linear(layer.linear[0], 3 * WIDTH, WIDTH)  # query, key and value
        linear(layer.linear[1], WIDTH, WIDTH)

    def cross_attention(layer: Any) -> None:
        layer_norm(layer.layer_norm)
        linear(layer.linear[0], WIDTH, WIDTH)
        linear(layer.linear[1], 2 * WIDTH, WIDTH)  # key and value
        linear(layer.linear[2], WIDTH, WIDTH)

    def feed_forward(layer: Any) -> None:
        layer_norm(layer.layer_norm)
        linear(layer.linear_0, FEED_FORWARD, WIDTH)
        linear(layer.linear_1, WIDTH, FEED_FORWARD)

    encoder, decoder = spec.encoder, spec.decoder
    for convolution, inputs in ((encoder.conv1, MEL_BINS), (encoder.conv2, WIDTH)):
        convolution.weight = weights(WIDTH, inputs, 3)
        convolution.bias = np.zeros(WIDTH, np.float32)
    encoder.position_encodings.encodings = weights(1500, WIDTH)
    layer_norm(encoder.layer_norm)
    for layer in encoder.layer:
        self_attention(layer.self_attention)
        feed_forward(layer.ffn)

    decoder.embeddings.weight = weights(vocabulary_size, WIDTH)
    decoder.position_encodings.encodings = weights(448, WIDTH)
    layer_norm(decoder.layer_norm)
    decoder.projection.weight = weights(vocabulary_size, WIDTH, scale=WIDTH**-0.5)
    for layer in decoder.layer:
        self_attention(layer.self_attention)
        cross_attention(layer.attention)
        feed_forward(layer.ffn)
