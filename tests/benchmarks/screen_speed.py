"""Prints how quick the screen is in a real terminal over a large library, against its targets.

`python tests/benchmarks/screen_speed.py [--media DIR] [--clips N] [--keys N]`

The unsorted clips are real but tiny, so that the engine has hundreds of events a second to tell; each is another
content. The labelled ones are those of the media folder. Needs ffmpeg.
"""

import argparse
import json
import os
import pty
import random
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tiksort_tui.config import Config
from tiksort_tui.domain import LibrarySnapshot, Prediction, Suggestion
from tiksort_tui.library.scan import scan
from tiksort_tui.ordering import Order, Show
from tiksort_tui.pipeline.summary import RunSummary, now, save_summary
from tiksort_tui.session import Session
from tiksort_tui.tui.views.text import percent

HEAVY = ("torch", "sklearn", "open_clip", "faster_whisper", "libav")
SOURCES = 16
STARTS = 9
SEEN_SECONDS = 0.3
# As many as the engine tells at once.
PREDICTIONS_AT_ONCE = 500


class Screen:
    """The program in a pseudo-terminal of 120 x 36."""

    def __init__(self, library: Path) -> None:
        self.master, slave = pty.openpty()
        os.system(f"stty -F {os.ttyname(slave)} cols 120 rows 36")
        command = [sys.executable, "-m", "tiksort_tui", "--encoder", "builtin", "--player", "none", str(library)]
        self.began = time.perf_counter()
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        # What pip installs is compiled once, and so is this.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
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

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @property
    def busy_seconds(self) -> float:
        """What it has taken of the processors."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def many_clips(media: Path, folder: Path, count: int) -> list[str]:
    """The library, and `count` unsorted clips of different content: tiny ones with a few bytes at their end."""
    shutil.copytree(media / "library", folder, copy_function=shutil.copyfile)
    for clip in folder.glob("*.m*"):
        clip.unlink()
    sources = []
    for i in range(SOURCES):
        picture = f"testsrc2=size=96x160:rate=8:duration=1,hue=h={i * 360 // SOURCES}"
        tiny = folder.parent / "tiny.mp4"
        command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", str(tiny)]
        subprocess.run(command, check=True)
        sources.append(tiny.read_bytes())
    names = [f"clip-{i:05}.mp4" for i in range(count)]
    for i, name in enumerate(names):
        (folder / name).write_bytes(sources[i % SOURCES] + i.to_bytes(8, "big"))
    return names


def predictions(snapshot: LibrarySnapshot) -> tuple[Prediction, ...]:
    """What a model might say of all unsorted clips, at random."""
    chance = random.Random(0)
    made = []
    for place, video in enumerate(snapshot.unsorted):
        best = chance.random()
        said = zip(chance.sample(snapshot.folders, 3), (best, (1 - best) / 2, (1 - best) / 3), strict=True)
        suggestions = tuple(Suggestion(folder, round(share, 4)) for folder, share in said)
        nearest = tuple(one.path for one in chance.sample(snapshot.labelled, 2))
        group = chance.randrange(500)
        places = {"least_sure": place, "most_different": -place, "group": group}
        made.append(Prediction(video.path, suggestions, nearest, outlier=group == 0, **places))
    return tuple(made)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure_start(library: Path, first: str, what: str, *suggestion: str) -> None:
    """The time to the first screen, which must show the `suggestion` for its clip, if there is one.

    The files are in the system's memory, and the program is compiled: the first start of all is not counted.
    """
    starts, busy, memory = [], [], 0
    for counted in [False, *[True] * STARTS]:
        screen = Screen(library)
        seconds = screen.wait_for("FOLDERS", "street", first, *suggestion) - screen.began
        if counted:
            starts.append(seconds)
            busy.append(screen.busy_seconds)
            memory = max(memory, screen.megabytes)
        screen.kill()
    print(
        f"first screen, {what}: quickest {min(starts):.2f} s, median {statistics.median(starts):.2f} s, slowest "
        f"{max(starts):.2f} s "
        f"(target 0.8), of the processor {statistics.median(busy):.2f} s; {memory} MB then (target 200)"
    )


def measure_keys(library: Path, names: list[str], keys: int, what: str) -> None:
    """File `keys` clips by a key each, while the engine reads the others; the clips leave the library's root."""
    screen = Screen(library)
    screen.wait_for("FOLDERS", names[0])
    screen.drain(5.0)
    maps = Path(f"/proc/{screen.process.pid}/maps").read_text()
    print(f"loaded in the screen's process: {[name for name in HEAVY if f'/{name}' in maps] or 'nothing heavy'}")
    times = []
    began = time.perf_counter()
    for following in names[1 : keys + 1]:
        pressed = screen.press(b"5")
        times.append((screen.wait_for(following) - pressed) * 1000)
        # A key that comes sooner would not count: the clip must have been seen.
        screen.drain(SEEN_SECONDS)
    seconds = time.perf_counter() - began
    memory = screen.megabytes
    screen.press(b"q")
    while screen.process.poll() is None:
        # What nobody reads would hold it up.
        screen.drain(0.1)
    filed = sum((library / "street" / name).exists() for name in names[:keys])
    print(
        f"key to next clip while clips are read, {what}, {len(times)} keys in {seconds:.0f} s: "
        f"median {statistics.median(times):.0f} ms, p95 {percentile(times, 0.95):.0f} ms (target 50), "
        f"slowest {max(times):.0f} ms; {filed} filed"
    )
    print(f"memory of the screen's process at its most: {memory} MB (target 200)")
    run = json.loads((library / ".tiksort" / "run.lock").read_text())
    print(f"the engine's run when the screen was left: {run['result']}")


def measure_session(snapshot: LibrarySnapshot) -> None:
    """What single operations cost the screen's event loop, in processor time: the median of 20, and the slowest."""
    said = predictions(snapshot)
    rest = random.Random(1).sample(said, len(said))

    def measured(what: str, does, *arguments) -> None:
        times = []
        for round_ in range(20):
            given = [argument(round_) if callable(argument) else argument for argument in arguments]
            began = time.thread_time()
            does(*given)
            times.append((time.thread_time() - began) * 1000)
        print(f"  {what}: {statistics.median(times):.1f} ms, slowest {max(times):.1f} ms")

    print(f"session operations, {len(snapshot.unsorted)} clips:")
    session = Session(snapshot, said)
    both = ((Order.NAME, Show.ALL), (Order.SUREST, Show.ALL), (Order.ALIKE, Show.ALL), (Order.NAME, Show.UNSURE))
    for order, shown in both:
        measured(f"arrange {order}, {shown}", session.arrange, order, shown)

        def chunk(i: int) -> tuple[Prediction, ...]:
            return rest[i * PREDICTIONS_AT_ONCE % len(rest) :][:PREDICTIONS_AT_ONCE]

        measured(f"{PREDICTIONS_AT_ONCE} predictions, {order}, {shown}", session.apply, 1, chunk)
        measured(f"file, {order}, {shown}", session.file, snapshot.folders[0])
        measured(f"later, {order}, {shown}", session.later)
        measured(f"previous, {order}, {shown}", session.previous)
        measured(f"gone, {order}, {shown}", session.gone, lambda i: [snapshot.unsorted[-1 - i].path])
    measured("rescan", session.rescan, snapshot)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--media", type=Path, default=Path(__file__).parents[3] / "shared" / "media")
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--session-only", action="store_true")
    parser.add_argument("--keys", type=int, default=100)
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {options.clips} clips")
    with tempfile.TemporaryDirectory() as place:
        library = Path(place) / "library"
        names = many_clips(options.media, library, options.clips)
        state = library / ".tiksort"
        state.mkdir()
        snapshot = scan(library, Config().library, state)
        measure_session(snapshot)
        if options.session_only:
            return
        measure_start(library, names[0], "nothing known")
        measure_keys(library, names, options.keys, "nothing known")
        # As after a run over all of it, but for the fingerprint: the engine goes on reading.
        said = predictions(snapshot)
        save_summary(state, library, RunSummary("", now(), "", "", "", None, None, None, said, (), (), 0, 0, {}))
        names = names[options.keys :]
        measure_start(library, names[0], "all predicted", percent(said[options.keys].confidence))
        measure_keys(library, names, options.keys, "all predicted")


if __name__ == "__main__":
    main()
