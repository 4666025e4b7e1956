"""Where the models' weights are, and how they get here.

Owns the look-up in the local cache of the Hugging Face hub and the download into it. Looking up makes no network
call and imports nothing heavy; nothing is ever downloaded but by `download`.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TypeVar

from tiksort_tui.config import EncoderConfig
from tiksort_tui.errors import EncoderError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Model:
    """A model on the Hugging Face hub; `size` is what `files` weigh together, in bytes (to the nearest megabyte)."""

    title: str
    repo: str
    files: tuple[str, ...]
    size: int


CLIP = Model("CLIP ViT-B/32", "timm/vit_base_patch32_clip_224.openai", ("open_clip_model.safetensors",), 605_000_000)
WHISPER = Model(
    "Whisper base",
    "Systran/faster-whisper-base",
    ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"),
    148_000_000,
)
MODELS = (CLIP, WHISPER)

CLIP_CONFIG_FILE = "open_clip_config.json"
# What open_clip finds by itself in a folder.
_CLIP_WEIGHTS_PATTERNS = ("*.safetensors", "*.bin", "*.pth")

_CONNECT_SECONDS = 0.9
_PROGRESS_SECONDS = 0.2


def find_clip(config: EncoderConfig) -> Path | None:
    """The weights file of CLIP, or the folder that the configuration names; None where there are none.

    Raises EncoderError for a configured path that cannot be CLIP's.
    """
    if not config.clip_weights:
        snapshot = _cached_snapshot(CLIP)
        return snapshot / CLIP.files[0] if snapshot else None
    path = Path(os.path.expanduser(config.clip_weights))
    if path.is_dir():
        _require_file(path / CLIP_CONFIG_FILE, "encoder.clip_weights")
        if not any(file for pattern in _CLIP_WEIGHTS_PATTERNS for file in path.glob(pattern)):
            raise EncoderError(
                f"encoder.clip_weights: {path} holds no weights: one of {', '.join(_CLIP_WEIGHTS_PATTERNS)} is needed"
            )
    else:
        _require_file(path, "encoder.clip_weights")
    return path


def find_whisper(config: EncoderConfig) -> Path | None:
    """The CTranslate2 folder of Whisper, from the configuration or the cache; None where there is none.

    Raises EncoderError for a configured path that lacks a file.
    """
    if not config.whisper_weights:
        return _cached_snapshot(WHISPER)
    path = Path(os.path.expanduser(config.whisper_weights))
    require_whisper_files(path)
    return path


def require_whisper_files(folder: Path) -> None:
    """Raise EncoderError that names what the CTranslate2 `folder` lacks.

    faster_whisper would go to the network for a missing tokenizer.
    """
    for name in ("model.bin", "config.json", "tokenizer.json"):
        _require_file(folder / name, "Whisper's weights")
    if not any((folder / name).is_file() for name in ("vocabulary.txt", "vocabulary.json")):
        raise EncoderError(f"Whisper's weights: {folder / 'vocabulary.txt'} (or .json) is missing")


def fingerprint(*files: Path) -> str:
    """12 hex digits that tell contents apart: BLAKE2b of each file's size and first, middle and last 64 KiB."""
    digest = hashlib.blake2b(digest_size=6)
    block = 64 * 1024
    for path in files:
        size = path.stat().st_size
        digest.update(size.to_bytes(8, "big"))
        with path.open("rb") as file:
            for offset in (0, (size - block) // 2, size - block):
                file.seek(max(0, offset))
                digest.update(file.read(block))
    return digest.hexdigest()


def download(model: Model, progress: Callable[[int, int], None]) -> Path:
    """Fetch `model` into the hub's local cache and return its folder; `progress(done, total)` counts bytes.

    Raises EncoderError within a second where the hub cannot be reached, and where the download breaks off.
    """
    if here := _cached_snapshot(model):
        return here
    _require_connection(model)
    import huggingface_hub
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    before = _bytes_in_cache(model)
    fetching = _in_background(lambda: huggingface_hub.snapshot_download(model.repo, allow_patterns=list(model.files)))
    while not wait([fetching], timeout=_PROGRESS_SECONDS).done:
        progress(min(_bytes_in_cache(model) - before, model.size), model.size)
    try:
        fetching.result()
    except Exception as error:  # whatever the hub's client and its transports raise
        raise EncoderError(f"{model.title} was not downloaded from {model.repo}: {error}; try again") from error
    folder = _cached_snapshot(model)
    if folder is None:
        raise EncoderError(f"{model.title}: {model.repo} no longer holds all of {', '.join(model.files)}")
    progress(model.size, model.size)
    return folder


def _require_file(path: Path, whose: str) -> None:
    if not path.is_file():
        raise EncoderError(f"{whose}: {path} is missing")


def _cache_folder(model: Model) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE, "models--" + model.repo.replace("/", "--"))


def _cached_snapshot(model: Model) -> Path | None:
    """The folder of `model`'s newest download, None where that is not whole.

    Follows the hub's documented cache layout: `try_to_load_from_cache` does the same and takes 0.1 s to import.
    """
    folder = _cache_folder(model)
    try:
        commit = (folder / "refs" / "main").read_text().strip()
    except OSError:
        return None
    snapshot = folder / "snapshots" / commit
    return snapshot if all((snapshot / name).is_file() for name in model.files) else None


def _bytes_in_cache(model: Model) -> int:
    try:
        return sum(file.stat().st_size for file in (_cache_folder(model) / "blobs").iterdir())
    except FileNotFoundError:  # before the first file, or one that was just renamed
        return 0


def _require_connection(model: Model) -> None:
    """Raise EncoderError at once where the hub is out of reach; its own client retries for most of a minute."""
    import urllib.parse
    import urllib.request

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise EncoderError(f"{model.title} cannot be downloaded while HF_HUB_OFFLINE is set in the environment")
    url = urllib.parse.urlsplit(constants.ENDPOINT)
    host = url.hostname or ""
    proxy = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(url.scheme)
    if proxy:
        url = urllib.parse.urlsplit(proxy if "//" in proxy else f"//{proxy}")
    address = (url.hostname or "", url.port or (80 if url.scheme == "http" else 443))
    # In a thread, since looking up a host's name obeys no timeout.
    connecting = _in_background(lambda: socket.create_connection(address, _CONNECT_SECONDS).close())
    try:
        connecting.result(_CONNECT_SECONDS)
    except OSError as error:  # TimeoutError is one
        raise EncoderError(
            f"{model.title} cannot be downloaded: no connection to {address[0]} ({str(error) or 'no answer'}); "
            f"or bring the files of huggingface.co/{model.repo} here and name their place in the configuration"
        ) from error


def _in_background(function: Callable[[], T]) -> Future[T]:
    """`function`'s outcome, from a thread that does not keep the process alive."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    return outcome
