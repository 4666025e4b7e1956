"""Where a clip's file is for an mpv on another machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tiksort_tui.errors import ConfigError


class MediaMap:
    """Folders here and the same folders there, from texts of the form HERE=THERE. Empty: the same paths there.

    Raises ConfigError that names the text it cannot use.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._folders: list[tuple[Path, str]] = []
        for text in texts:
            here, _, there = text.partition("=")
            if not os.path.isabs(here) or not there:
                raise ConfigError(
                    f"--media-map {text!r}: must be HERE=THERE, the library's full path on this machine "
                    "and on the one that runs mpv"
                )
            self._folders.append((Path(os.path.normpath(here)), there))
        # The longest prefix first: it is the one that is meant.
        self._folders.sort(key=lambda pair: len(pair[0].parts), reverse=True)

    def translate(self, path: Path) -> str | None:
        """The name that an absolute path has for mpv; None where the map has folders, but none that holds it."""
        if not self._folders:
            return str(path)
        path = Path(os.path.normpath(path))
        for here, there in self._folders:
            if path.is_relative_to(here):
                return f"{there.rstrip('/')}/{path.relative_to(here)}"
        return None
