"""`tiksort-tui doctor`: says what works here, and what to do about the rest.

Each module owns the checks of one part; this one their order and how they are printed. No heavy or native library is
ever imported into this process: children are asked (see `child`), so that a broken one is a finding and hides no
other. Leaves nothing behind but a library's state folder, which every run makes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tiksort_tui.config import Config
from tiksort_tui.doctor.engine import check_codecs, check_engine, check_program, check_weights
from tiksort_tui.doctor.finding import Finding
from tiksort_tui.doctor.player import check_player
from tiksort_tui.doctor.state import check_library, check_state
from tiksort_tui.doctor.terminal import check_terminal
from tiksort_tui.domain import visible
from tiksort_tui.errors import ExitCode

__all__ = ["Finding", "examine", "run_doctor"]


def run_doctor(config: Config, library: Path | None) -> ExitCode:
    """Print each finding as it comes; SOMETHING_MISSING where anything is."""
    result = ExitCode.FINE
    for finding in examine(config, library):
        _print(f"{finding.state:<8} {finding.topic:<9} {finding.text}")
        if finding.advice:
            _print(f"{'':<18} -> {finding.advice}")
        if finding.state == "missing":
            result = ExitCode.SOMETHING_MISSING
    return result


def examine(config: Config, library: Path | None) -> Iterator[Finding]:
    """All checks, the quick ones first: torch takes seconds. `library` adds what concerns its state folder."""
    yield check_program()
    yield from check_terminal()
    yield from (check_state(config.library) if library is None else check_library(library, config))
    yield from check_player(config.player)
    yield check_codecs()
    yield from check_engine(config.encoder)
    yield from check_weights(config.encoder)


def _print(line: str) -> None:
    # What this terminal cannot show must not end the report on it.
    encoding = sys.stdout.encoding
    print(visible(line).encode(encoding, "backslashreplace").decode(encoding), flush=True)
