"""Checks of mpv: at the socket that is configured, as a program, as a library. Sorting itself needs none of them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tiksort_tui.config import PlayerConfig
from tiksort_tui.doctor.child import Broken, ask, output
from tiksort_tui.doctor.finding import Finding, State

MPV_SECONDS = 5.0


def check_player(config: PlayerConfig) -> Iterator[Finding]:
    """What could play the clips; "missing" only where the configuration demands what does not work."""
    if config.socket:
        yield _mpv_at(Path(config.socket).expanduser())
        return
    if config.kind == "none":
        yield Finding("mpv", "ok", 'not used: player.kind is "none"')
        return
    state: State = "notice" if config.kind == "auto" else "missing"
    ways: dict[str, Callable[[], str]] = {"libmpv": lambda: str(ask("libmpv")), "mpv": _mpv_version}
    problems = {}
    asked = tuple(ways) if config.kind == "auto" else (config.kind,)
    for way in asked:
        try:
            yield Finding(way, "ok", ways[way]())
        except Broken as error:
            problems[way] = str(error)
    for way, problem in problems.items():
        if len(problems) < len(asked):
            yield Finding(way, "ok", f"{problem}; the other one plays")
        else:
            yield Finding(way, state, problem, _install(way))
    if sys.platform != "darwin" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        advice = "forward the socket of an mpv on the machine before you (ssh -R), and name it as player.socket"
        yield Finding("display", state, "none: mpv can open no window here", advice)


def _mpv_version() -> str:
    program = shutil.which("mpv")
    if program is None:
        raise Broken("the program is not on the PATH")
    words = output([program, "--no-config", "--version"], MPV_SECONDS).split()
    return f"{' '.join(words[:2])} at {program}"


def _install(way: str) -> str:
    if sys.platform == "darwin":
        return "brew install mpv"
    return f"apt install {'libmpv2' if way == 'libmpv' else 'mpv'}   (or by your system's own package manager)"


def _mpv_at(path: Path) -> Finding:
    try:
        return Finding("mpv", "ok", f"{_version_at(path)} at {path}")
    except (OSError, ValueError) as error:
        problem = (isinstance(error, OSError) and error.strerror) or str(error)
        advice = f"mpv --idle --input-ipc-server={path}   (on the machine before you, where ssh forwards the socket)"
        return Finding("mpv", "missing", f"player.socket is {path}: {problem}", advice)


def _version_at(path: Path) -> str:
    """The version of the mpv behind a socket; raises OSError or ValueError where none answers.

    A forwarded socket accepts with nobody behind it: only an answer shows that there is an mpv.
    """
    request = {"command": ["get_property", "mpv-version"], "request_id": 1}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(MPV_SECONDS)
        connection.connect(str(path))
        connection.sendall(json.dumps(request).encode() + b"\n")
        for line in connection.makefile("rb"):
            answer = json.loads(line)
            if isinstance(answer, dict) and answer.get("request_id") == 1:
                return str(answer.get("data"))
    raise ValueError("no mpv answers")
