"""The child that may break: `python -m tiksort_tui.doctor.answers QUESTION` loads what is asked about.

Answers with one JSON value on stdout, or not at all: then the last line on stderr says why. The libraries are imported
by name, since each has another door in this program, and this is none to use it by.
"""

from __future__ import annotations

import ctypes.util
import json
import os
import sys
import warnings
from importlib import import_module
from typing import Any

# Decoders that need no special hardware: libav's own "av1" opens everywhere, and decodes on some graphics cards only.
DECODERS = {
    "h264": ("h264",),
    "hevc": ("hevc",),
    "av1": ("libdav1d", "libaom-av1"),
    "vp9": ("vp9", "libvpx-vp9"),
    "aac": ("aac",),
    "opus": ("opus", "libopus"),
}


def libmpv() -> str:
    """Its version, from a player without a window."""
    if ctypes.util.find_library("mpv") is None:
        sys.exit("the library is not installed")
    player = import_module("mpv").MPV(vo="null", ao="null")
    version = str(player.mpv_version)
    player.terminate()
    return version


def codecs() -> dict[str, bool]:
    """Each codec, and whether a decoder for it opens."""
    av = import_module("av")

    def opens(decoder: str) -> bool:
        try:
            av.CodecContext.create(decoder, "r").open()
        except (av.FFmpegError, ValueError):
            return False
        return True

    return {codec: any(map(opens, decoders)) for codec, decoders in DECODERS.items()}


def engine() -> dict[str, Any]:
    """Import what the engine needs, and have every graphics processor that torch finds add two numbers."""
    import_module("tiksort_tui.pipeline.runner")
    torch = import_module("torch")
    # Of a driver that is too old torch only warns.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        there = [name for name in ("cuda", "mps") if getattr(torch, name).is_available()]
    working, failing = {}, {}
    for name in there:
        try:
            torch.ones(1, device=name).add(1).item()
            working[name] = _description(torch, name)
        except Exception as error:  # drivers and kernels raise what they like
            failing[name] = _first_line(error)
    warning = _first_line(caught[-1].message) if caught else None
    return {"torch": torch.__version__, "working": working, "failing": failing, "warning": warning}


def clip() -> None:
    """Import CLIP's library."""
    import_module("tiksort_tui.encoders.clip").import_open_clip()


def whisper() -> None:
    """Import Whisper's library."""
    import_module("tiksort_tui.encoders.whisper")


def _description(torch: Any, name: str) -> str:
    if name == "mps":
        return f"Apple's, {torch.mps.recommended_max_memory() >> 30} GiB"
    return f"{torch.cuda.get_device_name(0)}, {torch.cuda.get_device_properties(0).total_memory >> 30} GiB"


def _first_line(error: Exception | Warning | str) -> str:
    return str(error).partition("\n")[0]


def main() -> None:
    """Answer the one question."""
    answer = {answer.__name__: answer for answer in (libmpv, codecs, engine, clip, whisper)}[sys.argv[1]]
    # What libraries print on stdout must not come between.
    with os.fdopen(os.dup(1), "w") as stdout:
        os.dup2(2, 1)
        json.dump(answer(), stdout)


if __name__ == "__main__":
    main()
