"""One writer at a time: who comes second is told by whom the library is sorted; and four at once lose nothing."""

import os
import random
import subprocess
import sys

import pytest

from tests.company import company
from tiksort_tui.errors import ExitCode
from tiksort_tui.library.lock import WriterLock
from tiksort_tui.library.state import state_dir

SECONDS = float(os.environ.get("TIKSORT_COMPANY_SECONDS", "8"))


def tiksort(*arguments):
    command = [sys.executable, "-m", "tiksort_tui", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_who_would_change_a_library_that_is_being_sorted_is_refused(library):
    clip = library / "new 0 dots.mp4"
    with WriterLock(state_dir(library)):
        for arguments in (
            ["file", clip, "dots", library],
            ["undo", library],
            ["redo", library],
            ["--batch", "--move", "--encoder", "builtin", library],
        ):
            done = tiksort(*arguments)
            assert (done.returncode, done.stdout) == (ExitCode.LIBRARY_UNUSABLE, ""), arguments
            assert f"process {os.getpid()} on " in done.stderr
        # To look is allowed.
        for arguments in (["status", library], ["history", library], ["--batch", "--encoder", "builtin", library]):
            assert tiksort(*arguments).returncode == ExitCode.FINE, arguments
    assert clip.exists()
    assert tiksort("file", clip, "dots", library).returncode == ExitCode.FINE


@pytest.mark.timeout(120 + 3 * SECONDS)
def test_two_screens_and_two_batches_at_once_lose_nothing(library):
    done = company(library, SECONDS, seed=random.randrange(1 << 32))
    assert done["screens"]
    assert sum(done[what] for what in done if what not in ("screens", "clips"))
