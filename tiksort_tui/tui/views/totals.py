"""What the panels about the work show: how far it is, what the engine does, where we are, and the closing words."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tiksort_tui.session import Session
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.views.text import MUTED, TITLE, Lines, bar, clock, fit, wrap

NOTHING_HERE = (
    "The clips that are to be sorted lie directly in this folder, and each of its sub-folders is a label. "
    "Put videos here and start again."
)
# The least room for the program's and the library's names.
HEADER_NAME = 20


def header(root: str, progress: Progress, player: str, now: float, width: int, told: bool) -> Content:
    """Where we are, and with what; what the engine does, unless that is `told` elsewhere."""
    parts = [progress.encoder, progress.device, player]
    if not told and progress.stage:
        left = progress.seconds_left(now)
        counts = f" {progress.done}/{progress.total}" if progress.total else ""
        parts.insert(0, progress.stage + counts + (f" {clock(left)}" if left else ""))
    parts = [part for part in parts if part]
    while len(parts) > 1 and cell_len("   ".join(parts)) + HEADER_NAME > width:
        parts.pop()
    right = "   ".join(parts) + " "
    name = fit(root, max(0, width - cell_len(right) - 12)).rstrip()
    gap = width - 10 - cell_len(name) - cell_len(right)
    return Content.assemble((" tiksort  ", "bold"), name, " " * max(1, gap), (right, MUTED))


def remaining(session: Session, seconds_a_clip: float | None, width: int) -> Lines:
    """How much is left to sort."""
    share = 1 - session.remaining / session.total if session.total else 0.0
    lines = [
        Content.styled("PROGRESS", TITLE),
        Content.styled(f"{session.remaining} / {session.total} remaining", "bold"),
        bar(width, share, "█", "▌"),
    ]
    if seconds_a_clip is not None and session.remaining:
        lines.append(Content.styled(f"about {clock(seconds_a_clip * session.remaining)} left", MUTED))
    return lines


def session_totals(filed: int, minutes: float) -> Lines:
    """What this session has done so far."""
    speed = f"   {filed / minutes:.0f} a minute" if filed and minutes > 0.2 else ""
    return [Content.styled(" SESSION", TITLE), Content(f"  {filed} filed{speed}")]


def learning(progress: Progress, notices: Sequence[str], now: float, width: int, height: int) -> Lines:
    """What the engine does, how good the model is, and what the user should know of this machine."""
    lines = [Content.styled("LEARNING", TITLE)]
    if progress.stage == "reading" and progress.total:
        count, rate = f"reading {progress.done}/{progress.total}", f"{progress.rate(now):.1f}/s"
        lines.append(Content(f"{count}{rate:>{width - len(count)}}"))
        lines.append(bar(width, progress.done / progress.total, "█", "▌"))
        left = progress.seconds_left(now)
        lines.append(Content.styled(f"{clock(left)} left, r cancels" if left is not None else "r cancels", MUTED))
    elif progress.stage:
        lines += [Content(f"{progress.stage} …"), Content.styled("r cancels", MUTED)]
    if progress.model:
        accuracy = progress.model.report.accuracy
        right = "not measured" if accuracy is None else f"{accuracy:.0%} right".replace("%", " %")
        lines.append(Content(f"model {right}, {progress.model.report.labelled} clips"))
    elif progress.no_model:
        lines += [Content.styled(line, MUTED) for line in wrap(progress.no_model, width - 1)]
    for notice in notices:
        wrapped = wrap(notice, width - 1)
        # Half a sentence helps nobody.
        if len(lines) + 1 + len(wrapped) <= height:
            lines += [Content(), *(Content.styled(line, "$warning") for line in wrapped)]
    return lines


def finished(session: Session, minutes: float, width: int) -> Lines:
    """The closing words: what was filed where."""
    if not session.total:
        return [Content.styled(line, MUTED) for line in wrap(NOTHING_HERE, width)]
    total = session.filed.total()
    speed = f", {total / minutes:.0f} a minute" if minutes > 0.2 and total else ""
    lines = [Content.styled(f"{total} filed{speed}", "bold"), Content()]
    for name, count in sorted(session.filed.items()):
        if count:
            lines.append(Content(f"{count:>5}  {fit(name, width - 8)}"))
    return [*lines, Content(), Content.styled("u takes the last one back, r learns from them, q quits", MUTED)]
