"""What the panels about the work show: how far it is, what the engine does, where we are, and the closing words."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tiksort_tui.domain import Filing, FolderRename, LastAction, visible
from tiksort_tui.session import Session
from tiksort_tui.tui.progress import CANCELLING, READING, Progress
from tiksort_tui.tui.views.text import (
    DOUBT,
    MUTED,
    TITLE,
    KeyOf,
    Lines,
    bar,
    called,
    clock,
    fit,
    line,
    paragraph,
    percent,
    wrap,
)

NOTHING_HERE = (
    "The clips that are to be sorted lie directly in this folder, and each of its sub-folders is a label. "
    "Put videos here, and {retrain} finds them."
)
NONE_YET = "files none by itself yet"
# The longest bar of what a folder has gained.
BAR = 30
# The least room for the library's name.
HEADER_NAME = 24


def header(root: str, remark: str, progress: Progress, player: str, now: float, width: int, told: bool) -> Content:
    """Where we are, and with what; what the engine does, unless that is `told` elsewhere.

    The `remark` on what can be done here is never cut.
    """
    stage = ""
    if not told and progress.stage:
        counts = f" {progress.done}/{progress.total}" if _is_reading(progress) else ""
        left = _left(progress, now)
        stage = progress.stage + counts + (f" {left}" if left else "")
    parts = [stage, progress.encoder, progress.device, player]
    beside = f"  {remark}" if remark else ""
    room = width - 13 - min(HEADER_NAME, cell_len(visible(root))) - cell_len(beside)
    # What is known best gives way first.
    for spare in (progress.device, player, progress.encoder):
        if cell_len("   ".join(filter(None, parts))) > room:
            parts.remove(spare)
    right = "   ".join(filter(None, parts)) + " "
    name = fit(root, max(0, width - cell_len(right) - 12 - cell_len(beside))).rstrip() + beside
    gap = width - 10 - cell_len(name) - cell_len(right)
    return Content.assemble((" tiksort  ", "bold"), name, " " * max(1, gap), (right, MUTED))


def remaining(session: Session, pace: float | None, width: int) -> Lines:
    """How much is left to sort, and how long that takes at a `pace` of so many seconds a clip."""
    share = 1 - session.remaining / session.total if session.total else 0.0
    count = f"{session.remaining} / {session.total}"
    lines = [
        Content.styled("PROGRESS", TITLE),
        Content.styled(f"{count} remaining" if len(count) + 10 <= width else f"{count} left", "bold"),
        bar(width, share, "█", "▌"),
    ]
    if pace and session.remaining:
        lines.append(Content.styled(f"about {clock(pace * session.remaining)} left", MUTED))
    return lines


def session_totals(
    session: Session,
    takes: Sequence[tuple[str, int]],
    last: LastAction | None,
    pace: float | None,
    key: KeyOf,
    width: int,
) -> Lines:
    """What this session has done so far: the filings and how many seconds one takes (`pace`), the keys with which
    suggestions were taken, and what can be taken back next."""
    total = session.filed.total()
    speed = f"   {_speed(pace)}" if pace and total else ""
    taken = [f"{count} x {key}" for key, count in takes if count]
    rest: list[str] = []
    while cell_len(", ".join(taken)) > width - 2:
        rest.insert(0, taken.pop())
    filed = f"  {total} filed{speed}"
    filed = filed if cell_len(filed) <= width else f"  {total} filed"
    lines = [Content.styled(" SESSION", TITLE), Content(filed)]
    # The second one is free where one is enough.
    lines += [Content(f"  {', '.join(some)}".rstrip()) for some in (taken, rest)]
    if last:
        lines += [
            Content.styled(" LAST", TITLE),
            Content(f"  {_moved(last.what, width - 2) if last.count == 1 else f'{last.count} clips in one go'}"),
            Content.assemble("  ", (key("undo"), "bold"), ("  undo", MUTED)),
        ]
    return lines


def learning(progress: Progress, now: float, key: KeyOf, width: int, height: int) -> Lines:
    """What the engine does, how good the model is, and what it may file by itself."""
    cancels = f"{key('retrain')} cancels"
    lines = [Content.styled("LEARNING", TITLE)]
    if _is_reading(progress):
        count = f"{progress.stage} {progress.done}/{progress.total}"
        rate = f"{progress.rate(now):.1f}/s" if progress.rate(now) else ""
        lines.append(Content(f"{count}{rate:>{max(0, width - cell_len(count))}}"))
        lines.append(bar(width, progress.done / progress.total, "█", "▌"))
        left = _left(progress, now)
        lines.append(Content.styled(f"{left} left, {cancels}" if left else cancels, MUTED))
    elif progress.stage:
        lines.append(Content(f"{progress.stage} …"))
        if progress.done < progress.total:
            # It goes on with reading: what is below stays where it is.
            lines.append(Content())
        if progress.stage != CANCELLING:
            lines.append(Content.styled(cancels, MUTED))
    if progress.model:
        accuracy = progress.model.report.accuracy
        right = "not measured" if accuracy is None else f"{percent(accuracy)} right"
        lines += [Content(line) for line in wrap(f"model {right}, {progress.model.report.labelled} clips", width)]
        # Why it may file none changes with every clip; the model's own page tells it.
        promised = progress.model.report.promise.threshold is not None
        promise = wrap(progress.model.promise if promised else NONE_YET, width)
        if len(lines) + len(promise) <= height:
            lines += [Content.styled(line, MUTED) for line in promise]
    elif progress.no_model:
        lines += [Content.styled(line, MUTED) for line in paragraph(progress.no_model, width, 3)]
    if not progress.stage and progress.failed:
        why = f"The last run failed: {progress.failed}. {key('retrain')} tries again."
        return [lines[0], *(Content.styled(line, DOUBT) for line in paragraph(why, width, height - 1))]
    if not progress.stage and len(lines) < height:
        lines.append(Content.styled(f"{key('retrain')} looks for new clips", MUTED))
    return lines


def finished(session: Session, pace: float | None, key: KeyOf, width: int, height: int) -> Lines:
    """The closing words: what was filed where, in how many seconds a filing (`pace`), and what can still be done."""
    if not session.total:
        told = NOTHING_HERE.format(retrain=key("retrain"))
        return [Content.styled(line, MUTED) for line in paragraph(told, width, height)]
    total = session.filed.total()
    speed = f", {_speed(pace)}" if pace and total else ""
    filed = ((called(name), count) for name, count in session.filed.most_common())
    gains = [(name, count) for name, count in filed if count > 0]
    last, learn, leave = key("undo"), key("retrain"), key("quit")
    hints = wrap(f"{last} undoes the last one, {learn} learns from them, {leave} quits", width)
    room = max(0, height - 3 - len(hints))
    some = gains if len(gains) <= room else gains[: max(0, room - 1)]
    lines = [Content.styled(f"{total} filed{speed}", "bold"), Content()]
    column = min(max((cell_len(visible(name)) for name, _ in some), default=0), max(0, width - 8))
    for name, count in some:
        drawn = line(min(BAR, width - column - 9), count / gains[0][1])
        lines.append(Content.assemble(f"{count:>5}  {fit(name, column)}  ", (drawn, "$primary")))
    if len(some) < len(gains):
        lines.append(Content.styled(f"       … {len(gains) - len(some)} more folders", MUTED))
    return [*lines, Content(), *(Content.styled(hint, MUTED) for hint in hints)]


def small(smallest: tuple[int, int], width: int) -> Lines:
    """The word that this window has no room for everything."""
    text = "Small window: {} x {} shows all".format(*smallest)
    return [Content.styled(line, MUTED) for line in paragraph(text, width, 1)]


def _moved(what: Filing | FolderRename, width: int) -> str:
    """From where to where it went: a clip into a folder, or a folder's old name and its new one."""
    if isinstance(what, Filing):
        old, new = what.source.name, what.target.parent.name
    else:
        old, new = what.old, what.new
    where = fit(called(new), width // 2 + 1).rstrip()
    return f"{fit(old, width - 3 - cell_len(where)).rstrip()} > {where}"


def _is_reading(progress: Progress) -> bool:
    """Whether the counts, the rate and the time that is left are those of what is done just now."""
    return progress.stage == READING and progress.done < progress.total


def _left(progress: Progress, now: float) -> str:
    """How long the reading takes, where that is known and more than a moment."""
    left = progress.seconds_left(now) if _is_reading(progress) else None
    return clock(left) if left and left >= 1 else ""


def _speed(pace: float) -> str:
    a_minute = 60 / pace
    return f"{a_minute:.0f} a minute" if a_minute >= 2 else f"{a_minute:.1f} a minute"
