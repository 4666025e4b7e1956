"""The engine's real worker with files that do harm: the name of a clip says which.

Stands for faults inside native libraries, which no file can be made to cause at will.
"""

import os
import signal
import time
from pathlib import Path

from tiksort_tui import media
from tiksort_tui.engine import worker

real = media.sample_frames


def sample_frames(path: Path, *arguments):
    if "kills" in path.name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hangs" in path.name:
        time.sleep(1000)
    if "freezes" in path.name:
        os.kill(os.getpid(), signal.SIGSTOP)
    if "prints" in path.name:
        os.write(1, b"a native library speaks\n")
    if "slow" in path.name:
        time.sleep(0.3)
    return real(path, *arguments)


media.sample_frames = sample_frames
# One that is silent is to be known by it soon.
worker.HEARTBEAT_SECONDS = 0.5
worker.main()
