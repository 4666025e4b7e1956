"""Getting an mpv: at a socket that was given, libmpv in a child process, or the mpv program in one.

Owns the child process. Nothing of mpv is ever loaded into this one, and no child outlives it (see `host`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tiksort_tui.config import PlayerConfig
from tiksort_tui.errors import PlayerError
from tiksort_tui.player.host import NO_LIBMPV
from tiksort_tui.player.ipc import Ipc, Refused

# -P: a module in the user's current folder must not stand in for one of ours.
HOST = (sys.executable, "-P", "-m", "tiksort_tui.player.host")
START_SECONDS = 10.0
CONNECT_SECONDS = 3.0
END_SECONDS = 1.0


@dataclass(frozen=True)
class Mpv:
    """An mpv that has answered. `process` is the child that holds it, None where a socket was given."""

    ipc: Ipc
    name: str
    process: Process | None = None

    async def end(self) -> int | None:
        """Leave a given mpv; end one's own, whatever state it is in, and return its exit code."""
        self.ipc.close()
        return None if self.process is None else await _end(self.process)


async def get_mpv(config: PlayerConfig, log: Path, new_ipc: Callable[[], Ipc]) -> Mpv:
    """The mpv that the configuration asks for. A given socket goes before all else; `log` takes what a child prints.

    Raises PlayerError that says in one line why there is none.
    """
    if config.socket:
        return await _at_socket(Path(config.socket).expanduser(), new_ipc())
    _need_display(os.environ)
    reasons = []
    if config.kind == "libmpv" or (config.kind == "auto" and _libmpv_has_windows()):
        try:
            return await _in_child("libmpv", (), log, new_ipc())
        except PlayerError as error:
            reasons.append(str(error))
    if config.kind != "libmpv":
        program = shutil.which("mpv")
        try:
            if program is None:
                raise PlayerError("the mpv program is not on the PATH; install mpv")
            return await _in_child("mpv", (program,), log, new_ipc())
        except PlayerError as error:
            reasons.append(str(error))
    raise PlayerError(f"no mpv: {', '.join(reasons)}")


def _libmpv_has_windows() -> bool:
    # On macOS a window needs the main thread's event loop, which python-mpv does not run.
    return sys.platform != "darwin"


def _need_display(environment: Mapping[str, str]) -> None:
    if sys.platform != "darwin" and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        raise PlayerError("no mpv: this machine has no display; --mpv-socket plays on another one")


async def _at_socket(path: Path, ipc: Ipc) -> Mpv:
    try:
        await ipc.open(path, CONNECT_SECONDS)
        # A forwarded socket accepts with nobody behind it: only an answer shows that there is an mpv.
        await ipc.command("get_property", "mpv-version", timeout=CONNECT_SECONDS)
    except (PlayerError, Refused) as error:
        ipc.close()
        raise PlayerError(f"no mpv at {path}: {error}") from error
    return Mpv(ipc, f"mpv at {path}")


async def _in_child(way: str, program: tuple[str, ...], log: Path, ipc: Ipc) -> Mpv:
    try:
        ours, theirs = socket.socketpair()
    except OSError as error:
        raise PlayerError(f"{way} cannot be started: {error}") from error
    try:
        with theirs, log.open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                *HOST,
                str(theirs.fileno()),
                *program,
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=stderr,
                # Where no display can be reached mpv comes to SDL, whose other drivers would play to nobody.
                env={"SDL_VIDEODRIVER": "wayland,x11", **os.environ},
                pass_fds=(theirs.fileno(),),
                # A session of its own: Ctrl-C in the terminal is the parent's to handle.
                start_new_session=True,
            )
    except BaseException as error:
        ours.close()
        if isinstance(error, OSError):
            raise PlayerError(f"{way} cannot be started: {error}") from error
        raise
    try:
        await ipc.open(ours, CONNECT_SECONDS)
        version = await ipc.command("get_property", "mpv-version", timeout=START_SECONDS)
    except BaseException as error:
        ipc.close()
        code = await _end(process)
        if code == NO_LIBMPV:
            raise PlayerError("libmpv is not installed") from error
        if isinstance(error, PlayerError | Refused):
            raise PlayerError(f"{way} did not start ({log} says why)") from error
        raise
    return Mpv(ipc, f"{way} {str(version).removeprefix('mpv ')}", process)


async def _end(process: Process) -> int:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(END_SECONDS):
            return await process.wait()
    except TimeoutError:
        pass
    finally:
        # All of its session: an mpv whose host was killed, or one that is stopped.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return await process.wait()
