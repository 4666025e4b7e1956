"""The child process that holds mpv: `python -m tiksort_tui.player.host FD [PROGRAM]`.

FD is a connected socket that mpv serves as its one IPC client; PROGRAM is the mpv program, without it libmpv is used.
It leads a session of its own, and when its stdin ends, as it does however the parent dies, all of that session ends.
Imports nothing of the package: a clip waits for it to start. Exit codes: mpv's own, or NO_LIBMPV.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

NO_LIBMPV = 81
# mpv quits by itself when its client goes; this is for one that hangs.
GRACE_SECONDS = 0.5


def main() -> int:
    """Run mpv until it ends."""
    client, *program = sys.argv[1:]
    # What mpv and its libraries print is for the log, which stderr is.
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return _run_program(program[0], int(client)) if program else _run_libmpv(client)


def _end_with_parent() -> None:
    # One that is closed on this side, too, tells of the parent no more.
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


def _run_program(program: str, client: int) -> int:
    options = ("--idle=yes", "--no-input-terminal", "--msg-level=all=error,ffmpeg=fatal", "--no-msg-color")
    process = subprocess.Popen(
        [program, *options, f"--input-ipc-client=fd://{client}"], stdin=subprocess.DEVNULL, pass_fds=(client,)
    )
    os.close(client)
    return process.wait()


def _run_libmpv(client: str) -> int:
    try:
        import mpv
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return NO_LIBMPV
    # Unlike the program, libmpv has its configuration, controls and keys off until they are asked for.
    player = mpv.MPV(
        log_handler=lambda level, part, text: sys.stderr.write(f"[{part}] {level}: {text}"),
        loglevel="error",
        config=True,
        idle=True,
        osc=True,
        input_default_bindings=True,
        input_vo_keyboard=True,
        input_ipc_client=f"fd://{client}",
    )
    player.wait_for_shutdown()
    player.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
