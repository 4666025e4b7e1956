"""Makes the README's picture from the demo library: `python -m tests.tui.picture`."""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tiksort_tui.config import Config, with_overrides
from tiksort_tui.library.state import state_dir
from tiksort_tui.tui.app import SortApp

PICTURE = Path(__file__).with_name("screen.svg")
CONFIG = with_overrides(Config(), encoder__kind="builtin", player__kind="none")


async def draw(root: Path) -> str:
    app = SortApp(root, state_dir(root), CONFIG)
    async with app.run_test(size=(120, 36)) as pilot:
        while app.progress.stage:
            await pilot.pause(0.1)
        for _ in range(3):
            await pilot.pause(0.3)
            await pilot.press("enter")
        await pilot.pause(0.5)
        return app.export_screenshot(title="tiksort-tui")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "videos"
        subprocess.run([sys.executable, "-m", "tiksort_tui.demo", str(root)], check=True)
        # So that the picture says ~/videos.
        os.environ.update(HOME=folder, TERM="xterm-256color", COLORTERM="truecolor")
        os.environ.pop("NO_COLOR", None)
        PICTURE.write_text(asyncio.run(draw(root)), encoding="utf-8")


if __name__ == "__main__":
    main()
