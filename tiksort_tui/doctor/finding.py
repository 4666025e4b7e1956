"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# "missing": it is needed or was configured, and does not work. "notice": sorting goes on without it.
State = Literal["ok", "notice", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `advice` is one line that can be pasted or done."""

    topic: str
    state: State
    text: str
    advice: str | None = None
