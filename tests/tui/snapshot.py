"""The sorting screen in the middle of an evening, as text: `python -m tests.tui.snapshot` draws the stored ones."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from rich.segment import Segment
from textual.strip import Strip

from tests.tui.helpers import (
    StandInEngine,
    drawn,
    panel,
    pile,
    recording_player,
    sorting,
    trained,
    until,
    until_redrawn,
)
from tiksort_tui.domain import MediaInfo, Prediction, Suggestion, Transcript
from tiksort_tui.pipeline.events import EncodersReady, Predicted, Scanned, VideoExtracted, VideoFailed
from tiksort_tui.player.events import Playback
from tiksort_tui.tui.details import Details
from tiksort_tui.tui.progress import Progress

STORED = Path(__file__).with_name("snapshots")
SIZES = ((80, 24), (120, 36), (200, 60))
FOLDERS = {"cooking": 12, "diy": 9, "funny": 48, "music": 31, "soccer": 45, "tiktok": 27, "travel": 22, "wisdom": 19}
CLIPS = (
    "7016420982914433202.mp4", "7031761661656667700.mkv", "7095674838162784445.mp4", "7117779171118168064.mp4",
    "7157865095876407641.mp4", "7174435162566466288.mp4", "7183148562644494274.mkv", "Juggling a tennis ball [723].mp4",
    "pasta in one pot [7092854140783871749].mp4", *(f"z{number}.mp4" for number in range(14)),
)  # fmt: skip
DETAILS = Details(
    8_100_000,
    "wait for the last one #football #freestyle",
    MediaInfo(31.0, 576, 1024, "h264", "aac"),
    Transcript("so you want to keep your ankle locked, like this, and the second touch comes higher", "en", 0.9),
)


def picture(size: tuple[int, int]) -> str:
    """The screen at `size`, on a library of its own."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, HOME=folder):
        return asyncio.run(_draw(Path(folder) / "videos", size))


async def _draw(root: Path, size: tuple[int, int]) -> str:
    root.mkdir()
    pile(root, CLIPS, tuple(FOLDERS))
    for name, count in FOLDERS.items():
        for number in range(count):
            (root / name / f"{number}.mp4").write_text(f"{name} {number}")
    engine, player = StandInEngine(), recording_player()
    # What depends on the clock, and pictures of a kind that every decoder gives.
    with patch.multiple(Progress, rate=lambda *_: 3.1, seconds_left=lambda *_: 28.0):
        async with sorting(root, engine, player, size) as pilot:
            app = pilot.app

            async def read(path: Path, width: int, height: int) -> Details:
                row = "  ".join(["░▒▓▓▒▒▒░"] * 5)
                return Details(
                    DETAILS.size, DETAILS.caption, DETAILS.info, DETAILS.transcript,
                    tuple(Strip([Segment(row.ljust(width))], width) for _ in range(height)),
                )  # fmt: skip

            app.details.read = read
            engine.tell(
                EncodersReady("CLIP + Whisper", "cuda"), Scanned(tuple(FOLDERS), 213, 23, 53, 160), trained(),
                VideoExtracted(root / CLIPS[0], 72, 160), Predicted(1, tuple(_predictions(root))),
                VideoFailed(root / CLIPS[6], "no picture", 72, 160),
            )  # fmt: skip
            await until(lambda: app.session.failures)
            await pilot.press("enter", "tab")
            await until(lambda: not app.session._in_flight)
            await pilot.press("j", "k")
            app._on_player(Playback(app.session.current, 14.0, 31.0, paused=False, muted=False, volume=80.0, speed=1.0))
            # The clip's words are there, and the folder that was filed into is no longer marked.
            await until(lambda: "Said" in drawn(pilot) and "+" not in panel(pilot, "folders"))
            app.began = time.monotonic()
            await until_redrawn(pilot, lambda: True)
            return "\n".join(line.rstrip() for line in drawn(pilot).splitlines()) + "\n"


def _predictions(root: Path) -> list[Prediction]:
    names = list(FOLDERS)
    shares = (0.94, 0.62, 0.88, 0.97, 0.71, 0.9, 0.55)
    made = []
    for place, clip in enumerate(CLIPS[:9]):
        share, best = shares[place % 7], names[(4 + place) % 8]
        three = (best, share), (names[(5 + place) % 8], (1 - share) * 0.7), (names[(6 + place) % 8], (1 - share) * 0.2)
        near = (root / best / "messi-free-kick.mp4", root / names[place % 8] / "futsal tricks 3.mp4")
        made.append(Prediction(root / clip, tuple(Suggestion(*one) for one in three), near))
    return made


def main() -> None:
    for size in SIZES:
        (STORED / "{}x{}.txt".format(*size)).write_text(picture(size), encoding="utf-8")


if __name__ == "__main__":
    main()
