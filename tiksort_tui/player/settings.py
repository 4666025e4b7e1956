"""What any mpv is set to, once it answers: the user's mpv.conf counts for all the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tiksort_tui.config import PlayerConfig
from tiksort_tui.errors import PlayerError
from tiksort_tui.player.ipc import Ipc, Refused

# The name of our key section in mpv, and the first word of the messages that its keys send.
NAME = "tiksort"
OBSERVED = ("duration", "pause", "mute", "volume", "speed", "ontop", "force-window")


async def apply_settings(ipc: Ipc, config: PlayerConfig, keys: Sequence[str], timeout: float) -> None:
    """Set one window for all clips, the looping, the user's [player] settings and our keys; observe OBSERVED.

    Raises PlayerError where mpv does not take the user's geometry, or does not answer.
    """
    settings: list[tuple[str, Any]] = [
        # Each of the two is known to some versions only: a new window leaves the keyboard to the terminal.
        ("focus-on", "never"),
        ("focus-on-open", False),
        ("idle", True),
        ("force-window", True),
        ("loop-file", "inf"),
        ("keep-open", True),
        ("volume", config.volume),
        ("speed", config.speed),
    ]
    if config.fullscreen:
        settings.append(("fullscreen", True))
    for name, value in settings:
        ipc.send("set_property", name, value)
    if config.geometry:
        try:
            await ipc.command("set_property", "geometry", config.geometry, timeout=timeout)
        except Refused:
            raise PlayerError(f"mpv does not understand player.geometry {config.geometry!r}") from None
    ipc.send(*bindings(keys))
    ipc.send("enable-section", NAME, "allow-hide-cursor+allow-vo-dragging")
    for number, name in enumerate(OBSERVED, start=1):
        ipc.send("observe_property", number, name)


def bindings(keys: Sequence[str]) -> list[str]:
    """mpv's command that has `keys`, and no others, tell that they were pressed."""
    lines = (f"{key} script-message {NAME} {json.dumps(key, ensure_ascii=False)}" for key in keys)
    # "force": before mpv's and the user's own keys. The section goes when the connection does, however that ends.
    return ["define-section", NAME, "\n".join(lines), "force"]
