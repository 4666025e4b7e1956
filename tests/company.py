"""Four at once: two screens and two batches that file, undo and redo at random in one library.

    python -m tests.company [--seconds 60] [--seed N] LIBRARY

LIBRARY is a small library of real clips; its copy is worked on. The screens are real ones, each in a terminal of its
own, and are left and begun again; one at a time may file. Afterwards one `tiksort-tui status` must leave every content
exactly once and nothing unsettled, and nobody may have said "Traceback".
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pty
import random
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

from tiksort_tui.errors import ExitCode

TIKSORT = (sys.executable, "-m", "tiksort_tui")
REPOSITORY = Path(__file__).parents[1]
KEYS = ["1", "2", "u", "u", "U", "d", "s", "j", "k", "\r", "\t", "r", "?", "q"]
# What may come of a batch, an undo or a redo in such company.
EXPECTED = {ExitCode.FINE, ExitCode.LIBRARY_UNUSABLE, ExitCode.CLIPS_FAILED, ExitCode.MOVE_REFUSED}
TRACEBACK = "Traceback (most recent call last)"


def company(library: Path, seconds: float, seed: int) -> Counter[str]:
    """Work on `library` for so long; gives what was done, by its name. Raises AssertionError."""
    before = _contents(library)
    done: Counter[str] = Counter()
    problems: list[str] = []
    until = time.monotonic() + seconds
    work = [_screens, _screens, _batches, _batches]
    threads = [
        threading.Thread(target=one, args=(library, until, random.Random(f"{seed} {number}"), done, problems))
        for number, one in enumerate(work)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    status = _tiksort("status", "--json", str(library))
    assert status.returncode == ExitCode.FINE, status.stderr
    problems += [message for message in json.loads(status.stdout)["settled"] if "could not" in message]
    log = (library / ".tiksort" / "tiksort.log").read_text(errors="replace")
    if TRACEBACK in log:
        problems.append(log[log.index(TRACEBACK) :][:3000])
    assert not problems, "\n\n".join(problems)
    after = _contents(library)
    assert after == before, f"lost {before - after}, doubled {after - before}"
    done["clips"] = before.total()
    return done


def _screens(library: Path, until: float, chance: random.Random, done: Counter[str], problems: list[str]) -> None:
    while time.monotonic() < until:
        master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, pack("HHHH", 24, 80, 0, 0))
        command = [*TIKSORT, "--encoder", "builtin", "--player", "none", str(library)]
        screen = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, cwd=REPOSITORY
        )
        os.close(slave)
        written = bytearray()
        leaves = min(until, time.monotonic() + chance.uniform(3, 15))
        while screen.poll() is None:
            leaving = time.monotonic() > leaves
            if leaving or (b"FOLDERS" in written and chance.random() < 0.9):
                with suppress(OSError):
                    os.write(master, ("q" if leaving else chance.choice(KEYS)).encode())
            if time.monotonic() > leaves + 30:
                screen.kill()
                problems.append("a screen did not leave")
            _read(master, written, chance.uniform(0.1, 0.4))
        _read(master, written, 0)
        os.close(master)
        done["screens"] += 1
        done["screens that only looked"] += b"only look" in written
        if screen.returncode or TRACEBACK.encode() in written:
            problems.append(f"a screen ended with {screen.returncode}: {bytes(written[-2000:])!r}")


def _read(master: int, written: bytearray, seconds: float) -> None:
    """All that comes within so long."""
    end = time.monotonic() + seconds
    with suppress(OSError):
        while select.select([master], [], [], max(0.0, end - time.monotonic()))[0]:
            written += os.read(master, 65536)


def _batches(library: Path, until: float, chance: random.Random, done: Counter[str], problems: list[str]) -> None:
    while time.monotonic() < until:
        filing = ["--batch", "--move", "--threshold", "0", "--encoder", "builtin"]
        what = chance.choice((filing, ["--batch"], ["undo"], ["redo"]))
        ended = _tiksort(*what, str(library))
        refused = ended.returncode == ExitCode.LIBRARY_UNUSABLE
        done[" ".join(what[:2]) + (" refused" if refused else "")] += 1
        if ended.returncode not in EXPECTED or TRACEBACK in ended.stderr:
            problems.append(f"{what} ended with {ended.returncode}: {ended.stderr}")
        time.sleep(chance.uniform(0, 0.5))


def _tiksort(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TIKSORT, *arguments], capture_output=True, text=True, timeout=120, cwd=REPOSITORY)


def _contents(library: Path) -> Counter[str]:
    return Counter(
        hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in library.rglob("*")
        if path.is_file() and ".tiksort" not in path.parts
    )


def main() -> None:
    """Run for a while and print what was done."""
    parser = argparse.ArgumentParser(description="Two screens and two batches at once in one library.")
    parser.add_argument("library", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "library"
        shutil.copytree(options.library, copy, ignore=shutil.ignore_patterns(".tiksort"))
        print(f"seed {options.seed}:", dict(company(copy, options.seconds, options.seed)))


if __name__ == "__main__":
    main()
