"""Prints how long a scan of 10,000 files and a batch run take: `batch_speed.py [--media DIR]`."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tiksort_tui.config import LibraryConfig
from tiksort_tui.library.scan import scan


def scan_of_many(folder: Path) -> None:
    for i in range(10_000):
        path = folder / (f"label {i % 20}" if i % 2 else ".") / f"clip {i}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for run in ("first", "warm"):
        began = time.perf_counter()
        found = len(scan(folder, LibraryConfig()).videos)
        print(f"scan of {found} files, {run}: {time.perf_counter() - began:.3f} s")


def batch(library: Path, what: str) -> None:
    command = [sys.executable, "-m", "tiksort_tui", "--batch", "--encoder", "builtin", "--json", str(library)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    document = json.loads(done.stdout)
    counts = f"{document['extracted']} read, {document['cached']} known, {len(document['failed'])} failed"
    print(f"batch, {what}: {seconds:.2f} s ({counts}; {document['timing']})")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--media", type=Path, default=Path(__file__).parents[3] / "shared" / "media")
    media = parser.parse_args().media
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        scan_of_many(Path(folder) / "many")
        library = Path(shutil.copytree(media / "library", Path(folder) / "library"))
        batch(library, "from nothing")
        batch(library, "unchanged")
        truth = json.loads((media / "library-truth.json").read_text())
        first, second = list(truth)[:2]
        (library / first).rename(library / truth[first] / first)
        (library / second).rename(library / f"renamed {second}")
        batch(library, "one filed by hand, one renamed")


if __name__ == "__main__":
    main()
