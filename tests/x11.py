"""A real X server for real mpv windows, and a home in which every mpv can be listened to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import need_tool


@contextmanager
def x_server() -> Iterator[str]:
    """Xvfb on a free display; gives the display's name."""
    read, write = os.pipe()
    server = subprocess.Popen(
        [need_tool("Xvfb"), "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with open(read) as number:
        yield f":{number.readline().strip()}"
    server.terminate()
    server.wait()


def mpv_home(folder: Path, display: str) -> dict[str, str]:
    """The environment of a user whose mpv.conf has every mpv serve a second socket, `folder`/spy.

    By that the tests see what mpv really does, and press its keys.
    """
    conf = folder / "config" / "mpv" / "mpv.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(f"input-ipc-server={folder}/spy\nvo=x11\nao=null\nloop-file=no\npause=yes\nosd-level=2\n")
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    return {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_RUNTIME_DIR": str(runtime), "DISPLAY": display}
