"""Prints how quickly many clips are filed in one go, taken back and filed again, and how long keys wait meanwhile.

`python tests/benchmarks/bulk_speed.py [--dir FOLDER] [--clips N] [--filed N ...] [--with-sidecars]`

The clips are small files that nobody reads: only what the filing itself costs is measured, on the disk of FOLDER, with
the real screen, journal and mover. A key waits for as long as the event loop is held: a task that asks to be woken
every two milliseconds measures that.
"""

import argparse
import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tiksort_tui.config import Config, with_overrides
from tiksort_tui.domain import Prediction, Suggestion
from tiksort_tui.library.scan import scan
from tiksort_tui.library.state import state_dir
from tiksort_tui.pipeline.summary import RunSummary, now, save_summary
from tiksort_tui.tui.app import SortApp

CONFIG = with_overrides(Config(), encoder__kind="builtin", player__kind="none")
FOLDERS = ("cats", "cooking", "dogs", "music", "travel")
TICK_SECONDS = 0.002


def make_library(root: Path, clips: int, sidecars: bool) -> None:
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    for number in range(clips):
        (root / f"clip-{number:05}.mp4").write_bytes(number.to_bytes(8, "big") * 128)
        if sidecars:
            (root / f"clip-{number:05}.info.json").write_bytes(b"{}")
    snapshot = scan(root, CONFIG.library, root / ".tiksort")
    predictions = tuple(
        Prediction(video.path, (Suggestion(FOLDERS[place % len(FOLDERS)], 0.9),))
        for place, video in enumerate(snapshot.unsorted)
    )
    summary = RunSummary("", now(), "", "", "", None, None, None, predictions, (), (), 0, 0, {})
    save_summary(state_dir(root), root, summary)


class Loop:
    """For how long the event loop was held, each time that it was, and its own processor time of that; in ms."""

    def __init__(self) -> None:
        self.held: list[float] = []
        self.worked: list[float] = []

    async def watch(self) -> None:
        last, last_worked = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            woken, worked = time.perf_counter(), time.thread_time()
            self.held.append(max(0.0, woken - last - TICK_SECONDS) * 1000)
            self.worked.append((worked - last_worked) * 1000)
            last, last_worked = woken, worked


async def measured(app: SortApp, what: str, words: str, begin) -> None:
    loop = Loop()
    watching = asyncio.create_task(loop.watch())
    began = time.perf_counter()
    begin()
    said: list[str] = []
    while words not in app.sort_screen.said[0]:
        await asyncio.sleep(TICK_SECONDS)
        if app.sort_screen.said[0] not in said[-1:]:
            said.append(app.sort_screen.said[0])
    seconds = time.perf_counter() - began
    # What follows belongs to it, such as the changes that the library's watcher gathers.
    await asyncio.sleep(3)
    watching.cancel()
    print(
        f"  {what}: {seconds:.2f} s; the event loop was held for {max(loop.held):.0f} ms at the longest "
        f"(by its own work for {max(loop.worked):.0f} ms), {sum(1 for one in loop.held if one > 50)} times for more "
        f"than 50 ms; {len(said)} lines of progress",
        flush=True,
    )


async def measure(root: Path, clips: int, count: int, sidecars: bool) -> None:
    make_library(root, clips, sidecars)
    # As when the program begins.
    gc.disable()
    app = SortApp(root, state_dir(root), CONFIG)
    gc.freeze()
    gc.enable()
    app.can_learn = False
    app._unchanged = True
    print(f"{count} of {clips} clips{', each with a sidecar' if sidecars else ''}, in {root.parent}:")
    async with app.run_test(size=(120, 36)):
        await asyncio.sleep(1)
        folders = {path: FOLDERS[i % len(FOLDERS)] for i, path in enumerate(list(app.session.queue)[:count])}

        def file() -> None:
            app.moves.file_all(app.session.file_all(folders))
            app.sort_screen.changed()

        await measured(app, "filed in one go", "in one go", file)
        assert sum(len(list((root / folder).glob("*.mp4"))) for folder in FOLDERS) == count
        await measured(app, "taken back", f"and {count - 1} more", app.moves.undo)
        assert len(list(root.glob("*.mp4"))) == clips == len(app.session.queue)
        app.sort_screen.say("")
        await measured(app, "filed again", f"and {count - 1} more", app.moves.redo)
        assert app.session.remaining == clips - count


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--filed", type=int, nargs="+", default=[2_000, 5_000])
    parser.add_argument("--with-sidecars", action="store_true")
    options = parser.parse_args(arguments)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for count in options.filed:
        with tempfile.TemporaryDirectory(dir=options.dir) as place:
            asyncio.run(measure(Path(place) / "library", max(options.clips, count), count, options.with_sidecars))


if __name__ == "__main__":
    main()
