"""A clip's caption, as downloaders keep it in a file beside the clip. Reads, never writes."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection
from pathlib import Path

# yt-dlp writes all formats and headers of a clip into its `.info.json`.
MOST_BYTES = 4_000_000
MOST_CHARACTERS = 5_000


def read_caption(clip: Path, kinds: Collection[str]) -> str:
    """The caption of `clip`, cut at 5,000 characters: `description`, or else `title`, of its `.info.json`, or else its
    `.description`; empty where there is none that can be read. Only files of these `kinds` are looked at."""
    caption = ""
    if "info.json" in kinds:
        caption = _of_document(_content(clip.with_name(f"{clip.stem}.info.json")))
    if not caption and "description" in kinds:
        caption = _content(clip.with_name(f"{clip.stem}.description")).decode("utf-8", "replace")
    return caption[:MOST_CHARACTERS].strip()


def _of_document(content: bytes) -> str:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    values = [document.get(key) for key in ("description", "title")] if isinstance(document, dict) else []
    return next((value for value in values if isinstance(value, str) and value.strip()), "")


def _content(path: Path) -> bytes:
    """What is in a regular file; nothing of one that is too large, or is no file: a pipe would be waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (OSError, ValueError):
        return b""
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            return b""
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MOST_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
