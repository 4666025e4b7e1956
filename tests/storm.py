"""The storm: a process that files, trashes, renames, undoes and redoes at random, one clip or many in one go, is
killed, again and again.

    python -m tests.storm [--rounds 500] [--seed N] [--on one|two|poor] [--dir FOLDER]

Each round a process works on one library until SIGKILL ends it, either at a random moment or, by its own hand, before
a random line of the code that moves files. Then one `tiksort-tui status` must leave every content exactly once, what
belongs together in one folder, and nothing unsettled. At the end, undoing everything must give the first tree back.

The library lies on one file system; on two (one of its folders is a mounted tmpfs); or on a poor one, without hard
links and without renames that refuse to overwrite: an image of FAT or exFAT, or where none can be mounted, one that
plays it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import file_system, interrupted
from tiksort_tui.errors import LibraryError, MoveError
from tiksort_tui.library import bunch
from tiksort_tui.library.journal import Journal
from tiksort_tui.library.moves import Mover

REPOSITORY = Path(__file__).parents[1]
KILL_STEP = "TIKSORT_STORM_KILL_STEP"
POOR = "TIKSORT_STORM_POOR"
FOLDERS = ("cats", "dogs", "elsewhere")
NAMES = ("a.mp4", "b.mp4", "c.mp4", "long " + "x" * 240 + ".mp4")
SIDECARS = (".info.json", ".en.vtt")
# What makes one, and what mounts it: the system's own, or a program of the user's space.
POOR_FILE_SYSTEMS = {"mkfs.vfat": "vfat", "mkfs.exfat": "exfat-fuse"}
OPERATIONS = {
    "f": "filings",
    "b": "bulk actions",
    "t": "trashed",
    "n": "renamings",
    "u": "undos",
    "U": "bulk undos",
    "r": "redos",
    "R": "bulk redos",
}


class CannotMountError(Exception):
    """This file system is not to be had here."""


class StormError(AssertionError):
    """A promise was broken."""


@dataclass
class Report:
    """What a storm did."""

    file_system: str = ""
    rounds: int = 0
    killed_between_steps: int = 0
    killed_at_a_moment: int = 0
    settled: int = 0
    undone_at_the_end: int = 0
    seconds: float = 0.0
    operations: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        operations = ", ".join(f"{self.operations[letter]} {name}" for letter, name in OPERATIONS.items())
        return (
            f"on {self.file_system}: {self.rounds} rounds in {self.seconds:.0f} s "
            f"({self.rounds / self.seconds:.1f}/s); killed before a line of the moving code "
            f"{self.killed_between_steps}, at a random moment {self.killed_at_a_moment}; "
            f"{operations}; {self.settled} interrupted moves settled; {self.undone_at_the_end} undone at the end"
        )


@contextmanager
def library_on(kind: str, folder: Path) -> Iterator[tuple[Path, dict[str, str], str]]:
    """A library's empty root on such a file system, the environment that its programs need, and what it lies on."""
    root = folder / "library"
    root.mkdir()
    with ExitStack() as mounted:
        environment, lies_on = dict(os.environ), "one file system"
        if kind == "two":
            (root / "elsewhere").mkdir()
            mounted.enter_context(_mount(root / "elsewhere", "-t", "tmpfs", "storm"))
            lies_on = "two file systems"
        if kind == "poor":
            for make, file_system in POOR_FILE_SYSTEMS.items():
                with suppress(CannotMountError):
                    image = str(_image(folder, make))
                    mounted.enter_context(_mount(root, "-t", file_system, "-o", "loop", image))
                    lies_on = f"an image of {file_system}"
                    break
            else:
                environment[POOR], lies_on = "1", "one that plays a poor one"
        for name in FOLDERS:
            (root / name).mkdir(exist_ok=True)
        yield root, environment, lies_on


@contextmanager
def _mount(point: Path, *arguments: str) -> Iterator[None]:
    program = shutil.which("mount")
    if program is None:
        raise CannotMountError("there is no mount program")
    done = subprocess.run([program, *arguments, str(point)], capture_output=True, text=True)
    if done.returncode:
        raise CannotMountError(done.stderr.strip())
    try:
        yield
    finally:
        subprocess.run(["umount", str(point)], check=True)


def _image(folder: Path, make: str) -> Path:
    program = shutil.which(make, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise CannotMountError(f"there is no {make}")
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run([program, str(image)], check=True, capture_output=True)
    return image


def fill(root: Path, chance: random.Random) -> None:
    """Clips of the same names in every folder, no two with the same content, and sidecars for some."""
    for folder in (root, *(root / name for name in FOLDERS)):
        for name in NAMES:
            clip = folder / name
            clip.write_bytes(chance.randbytes(chance.randrange(1, 300_000)))
            if len(name) < 10 and chance.random() < 0.6:
                for suffix in SIDECARS:
                    clip.with_name(clip.stem + suffix).write_bytes(chance.randbytes(200))


def tree(root: Path) -> dict[str, str]:
    """The hash of the content of each file, and its time; the program's own state apart."""
    return {
        str(path.relative_to(root)): f"{hashlib.blake2b(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"
        for path in root.rglob("*")
        if path.is_file() and ".tiksort" not in path.relative_to(root).parts
    }


def storm(kind: str, rounds: int, folder: Path, seed: int) -> Report:
    """Raises StormError where a promise is broken, and CannotMountError."""
    chance = random.Random(seed)
    report = Report()
    with library_on(kind, folder) as (root, environment, report.file_system):
        fill(root, chance)
        first = tree(root)
        began = time.monotonic()
        for number in range(rounds):
            _work(root, environment, chance, report)
            if chance.random() < 0.25:
                # Also what puts things right at the start is cut short.
                _kill_itself(root, environment, chance.randrange(1, 150), chance)
            report.settled += _check(root, environment, first, f"round {number}")
            report.rounds += 1
        report.undone_at_the_end = _undo_all(root, environment)
        if tree(root) != first:
            raise StormError(f"undoing everything did not give the first tree back, but {sorted(tree(root))}")
        report.seconds = time.monotonic() - began
    return report


def _work(root: Path, environment: dict[str, str], chance: random.Random, report: Report) -> None:
    if chance.random() < 0.5:
        report.killed_between_steps += 1
        said = _kill_itself(root, environment, int(10 ** chance.uniform(1, 3.7)), chance)
    else:
        report.killed_at_a_moment += 1
        with _start(root, environment, chance) as child:
            assert child.stdout is not None
            said = child.stdout.readline()
            time.sleep(chance.uniform(0, 0.2))  # Any moment is a good one to be killed at.
            child.kill()
            said += child.stdout.read()
    report.operations.update(said.removeprefix("working\n"))


def _kill_itself(root: Path, environment: dict[str, str], step: int, chance: random.Random) -> str:
    with _start(root, environment | {KILL_STEP: str(step)}, chance) as child:
        said = child.communicate(timeout=120)[0]
    if child.returncode != -signal.SIGKILL:
        raise StormError(f"the working process ended by itself: {child.returncode}")
    return said


def _start(root: Path, environment: dict[str, str], chance: random.Random) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.storm", "work", str(root), str(chance.random())]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=REPOSITORY)


def _check(root: Path, environment: dict[str, str], first: dict[str, str], when: str) -> int:
    settled = json.loads(_tiksort(environment, "status", "--json", str(root)))["settled"]
    for message in settled:
        if "could not be settled" in message or "was given up" in message:
            raise StormError(f"{when}: {message}")
    now = tree(root)
    if Counter(now.values()) != Counter(first.values()):
        lost, new = Counter(first.values()) - Counter(now.values()), Counter(now.values()) - Counter(first.values())
        raise StormError(f"{when}: {len(lost)} contents are lost, {len(new)} too many: {settled}, {sorted(now)}")
    places = {content: Path(name) for name, content in now.items()}
    for name, content in first.items():
        for suffix in SIDECARS:
            sidecar = first.get(str(Path(name).with_suffix("")) + suffix)
            if sidecar and name.endswith(".mp4"):
                place = places[content]
                if places[sidecar] != place.with_name(place.stem + suffix):
                    raise StormError(f"{when}: {places[sidecar]} is not beside {place}: {settled}")
    with closing(Journal(root / ".tiksort" / "journal.sqlite3")) as journal:
        if journal.unsettled():
            raise StormError(f"{when}: the journal has unsettled entries")
    return len(settled)


def _undo_all(root: Path, environment: dict[str, str]) -> int:
    return _tiksort(environment, "undo", "-n", "1000000", str(root)).count("\n")


def _tiksort(environment: dict[str, str], *arguments: str) -> str:
    module = "tests.storm" if POOR in environment else "tiksort_tui"
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, cwd=REPOSITORY)
    if done.returncode:
        raise StormError(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def work(root: Path, seed: str) -> None:
    """Do anything at random until killed; a letter on stdout for each thing that was done."""
    chance = random.Random(seed)
    mover = Mover(root, Journal(root / ".tiksort" / "journal.sqlite3"))
    # So that what is done in one go is one bunch, or some.
    bunch.BUNCH = chance.randrange(2, 9)

    def forever() -> None:
        mover.reconcile()
        print("working", flush=True)
        while True:
            letter = chance.choices("fbtnur", (8, 5, 2, 1, 5, 4))[0]
            with suppress(MoveError):
                os.write(1, operate(letter).encode())

    def operate(letter: str) -> str:
        folders = [path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
        clips = [path for path in root.rglob("*.mp4") if ".tiksort" not in path.parts]
        match letter:
            case "f":
                mover.file(chance.choice(clips), chance.choice(folders))
            case "b":
                asked = [(clip, chance.choice(folders)) for clip in chance.sample(clips, chance.randrange(2, 13))]
                for outcome in mover.file_all(asked, lambda done, of: chance.random() < 0.9):
                    if isinstance(outcome, LibraryError):
                        raise outcome
            case "t":
                mover.trash(chance.choice(clips))
            case "n":
                mover.rename_folder(chance.choice(folders), chance.choice((*FOLDERS, "Cats", "mice")))
            case "u":
                actions = chance.randrange(1, 4)
                if len(mover.undo(actions).filings) > actions:
                    return "U"
            case "r":
                actions = chance.randrange(1, 4)
                if len(mover.redo(actions).filings) > actions:
                    return "R"
        return letter

    step = int(os.environ.get(KILL_STEP, "0"))
    interrupted(forever, step, lambda: os.kill(os.getpid(), signal.SIGKILL)) if step else forever()


def main() -> None:
    if sys.argv[1:2] and not sys.argv[1].startswith("-"):
        with file_system("placeholder" if POOR in os.environ else "rename"):
            if sys.argv[1] == "work":
                work(Path(sys.argv[2]), sys.argv[3])
            from tiksort_tui.cli import main as tiksort

            tiksort()
    parser = argparse.ArgumentParser(description="A storm over the code that moves files.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--on", choices=("one", "two", "poor"), action="append")
    parser.add_argument("--dir", type=Path)
    options = parser.parse_args()
    for kind in options.on or ("one", "two", "poor"):
        with tempfile.TemporaryDirectory(dir=options.dir) as folder:
            print(f"{kind}, seed {options.seed}: ", end="", flush=True)
            try:
                print(storm(kind, options.rounds, Path(folder), options.seed), flush=True)
            except CannotMountError as error:
                print(f"not to be had here: {error}")


if __name__ == "__main__":
    main()
