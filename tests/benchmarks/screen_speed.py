"""Prints how quick the screen is in a real terminal: its first picture, and key → next clip while clips are read.

`python tests/benchmarks/screen_speed.py [--media DIR] [--clips N] [--keys N]`
"""

import argparse
import json
import os
import pty
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAVY = ("torch", "sklearn", "open_clip", "faster_whisper", "libav")


class Screen:
    """The program in a pseudo-terminal of 120 x 36."""

    def __init__(self, library: Path) -> None:
        self.master, slave = pty.openpty()
        os.system(f"stty -F {os.ttyname(slave)} cols 120 rows 36")
        command = [sys.executable, "-m", "tiksort_tui", "--encoder", "builtin", "--player", "none", str(library)]
        self.began = time.perf_counter()
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )

    def wait_for(self, *texts: str, seconds: float = 20.0) -> float:
        """Read until all of `texts` were drawn; returns the time."""
        seen = b""
        missing = {text.encode() for text in texts}
        deadline = time.perf_counter() + seconds
        while missing:
            if not select.select([self.master], [], [], max(0.0, deadline - time.perf_counter()))[0]:
                raise SystemExit(f"{missing} was not drawn within {seconds} s")
            seen += os.read(self.master, 65536)
            missing = {text for text in missing if text not in seen}
        return time.perf_counter()

    def drain(self, seconds: float) -> None:
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                os.read(self.master, 65536)

    def press(self, key: bytes) -> float:
        os.write(self.master, key)
        return time.perf_counter()


def many_clips(media: Path, folder: Path, count: int) -> list[str]:
    """The library, and `count` unsorted clips of different content: copies with a few bytes at their end."""
    shutil.copytree(media / "library", folder, copy_function=shutil.copyfile)
    for clip in folder.glob("*.m*"):
        clip.unlink()
    sources = sorted((media / "library").glob("*.m*"))
    names = [f"clip-{i:05}.mp4" for i in range(count)]
    for i, name in enumerate(names):
        (folder / name).write_bytes(sources[i % len(sources)].read_bytes() + i.to_bytes(8, "big"))
    return names


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--media", type=Path, default=Path(__file__).parents[3] / "shared" / "media")
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--keys", type=int, default=100)
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as place:
        library = Path(place) / "library"
        names = many_clips(options.media, library, options.clips)
        starts = []
        for _ in range(5):
            screen = Screen(library)
            starts.append(screen.wait_for("FOLDERS", "street", names[0]) - screen.began)
            screen.process.send_signal(signal.SIGKILL)
            screen.process.wait()
        median = statistics.median(starts)
        print(f"first screen: median {median:.2f} s, slowest {max(starts):.2f} s ({len(names)} clips)")

        screen = Screen(library)
        screen.wait_for("FOLDERS", names[0])
        screen.drain(3.0)
        maps = Path(f"/proc/{screen.process.pid}/maps").read_text()
        print(f"loaded in the screen's process: {[name for name in HEAVY if f'/{name}' in maps] or 'nothing heavy'}")
        times = []
        for following in names[1 : options.keys + 1]:
            pressed = screen.press(b"5")
            times.append((screen.wait_for(following) - pressed) * 1000)
            screen.drain(0.13)
        status = Path(f"/proc/{screen.process.pid}/status").read_text()
        memory = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
        screen.press(b"q")
        screen.process.wait(timeout=20)
        filed = len(list((library / "street").glob("clip-*")))
        print(
            f"key to next clip while clips are read, {len(times)} keys: median {statistics.median(times):.0f} ms, "
            f"p95 {percentile(times, 0.95):.0f} ms, slowest {max(times):.0f} ms; {filed} filed"
        )
        print(f"memory of the screen's process: {int(memory) // 1024} MB")
        run = json.loads((library / ".tiksort" / "run.lock").read_text())
        print(f"the engine's run when the screen was left: {run['result']}")


if __name__ == "__main__":
    main()
