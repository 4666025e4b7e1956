"""What the panels about the clip on screen show: the file, its words, the suggestions, and what it looks like."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tiksort_tui.domain import MediaInfo, Transcript, visible
from tiksort_tui.player.events import Playback
from tiksort_tui.session import Session
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.views.text import (
    ACCENT,
    DOUBT,
    MUTED,
    TITLE,
    KeyOf,
    Lines,
    bar,
    blocks,
    clock,
    file_size,
    fit,
    paragraph,
    percent,
)


def clip(session: Session, info: MediaInfo | None, size: int | None, playback: Playback | None, width: int) -> Lines:
    """The clip on screen: its name, what is known of the file, and where the playing stands."""
    if session.current is None:
        none = "All sorted" if session.total else "No unsorted clips"
        return [Content.styled(fit("No clip to show" if session.remaining else none, width), "bold $success")]
    facts = []
    duration = (playback.duration if playback else None) or (info.duration if info else None)
    if duration:
        position = f"{clock(playback.position or 0)} / " if playback else ""
        facts.append(position + clock(duration))
    if info:
        facts.append(f"{info.width}x{info.height}")
    if size is not None:
        facts.append(file_size(size))
    state = ""
    if playback:
        sound = "muted" if playback.muted else f"vol {playback.volume:.0f}"
        state = f"x{playback.speed:.1f}  {sound}  {'paused' if playback.paused else 'playing'}"
    share = (playback.position or 0) / duration if playback and duration else 0.0
    return [
        Content.styled(fit(session.current.name, width), "bold"),
        Content.styled(_facts(facts, width - cell_len(state)) + state, MUTED),
        bar(width, share, "━", "╸") if playback else Content(),
    ]


def _facts(facts: Sequence[str], width: int) -> str:
    """As many of `facts` as are whole in `width` cells with a blank after them, the first one by all means."""
    some = list(facts)
    while len(some) > 1 and cell_len("  ".join(some)) > width - 1:
        some.pop()
    return fit("  ".join(some), max(0, width - 1)) + " "


def words(caption: str, transcript: Transcript | None, note: str | None, width: int, height: int) -> Lines:
    """What there is to read of the clip: what is odd about it, its caption, and what is said in it."""
    said = f"“{transcript.text}”" if transcript and transcript.text.strip() else ""
    told = [(name, text) for name, text in (("Note", note or ""), ("Said", said), ("Caption", caption)) if text]
    # What matters most keeps its place; the caption stands before what is said.
    told = sorted(told[:height], key=lambda one: ("Note", "Caption", "Said").index(one[0]))
    label = 2 + max((len(name) for name, _ in told), default=0)
    lines: Lines = []
    for place, (name, text) in enumerate(told):
        room = height - len(lines) if place == len(told) - 1 else max(1, height // 3)
        style = DOUBT if name == "Note" else ""
        for row, line in enumerate(paragraph(visible(" ".join(text.split())), width - label, room)):
            lines.append(Content.assemble((("" if row else name).ljust(label), MUTED), (line, style)))
    return lines


def suggestion(
    session: Session,
    progress: Progress,
    takes: Sequence[str],
    beside: str,
    told: bool,
    key: KeyOf,
    width: int,
    tall: bool,
) -> Lines:
    """The three best folders with their confidence, and the keys that take them (`takes`).

    Where there are none: why, but for what is `told` elsewhere. What stands `beside` the title needs a line of its own
    where that is too long.
    """
    prediction = session.prediction(session.current)
    lines: Lines = []
    if tall:
        title = f"SUGGESTION: none of these? {key('choose')}" if prediction and prediction.outlier else "SUGGESTION"
        gap = width - cell_len(title) - cell_len(beside)
        lines = [Content.assemble((title, TITLE), (" " * gap + beside if gap > 1 else "", MUTED))]
        lines.append(Content.styled("" if gap > 1 else fit(beside, width).rstrip(), MUTED))
    if prediction is None:
        why = paragraph(_why_none(session, progress, told, tall, key), width, 8 if tall else 3)
        return lines + [Content.styled(line, MUTED) for line in why]
    of_folders = {folder.name: folder.key for folder in session.folders}
    for place, (take, one) in enumerate(zip(takes, prediction.suggestions, strict=False)):
        sure = one.confidence >= session.doubt
        style = "" if place else ACCENT if sure else DOUBT
        said = percent(one.confidence) + ("?" if not place and not sure else "")
        label = f"{of_folders.get(one.folder) or ' '} {one.folder}"
        if tall:
            lines.append(Content.styled(fit(label, width - 7) + said.rjust(7), style))
            lines.append(Content.styled(blocks(width, one.confidence), style or MUTED))
            lines += [Content.styled(f"  {take}", MUTED), Content()]
        else:
            head = fit(label, max(8, width // 3))
            room = width - 7 - cell_len(head) - 9
            drawn = set_cell_size(blocks(room, one.confidence), room)
            parts = ((f"{fit(take, 6)} ", MUTED), (f"{head} ", style), (drawn, style or MUTED), (f" {said:>7}", style))
            lines.append(Content.assemble(*parts))
    return lines


def alike(session: Session, width: int, height: int) -> Lines:
    """The sorted clips that are most like the one on screen, and where they are."""
    prediction = session.prediction(session.current)
    if prediction is None or not prediction.nearest:
        return []
    keys = {folder.name: folder.key for folder in session.folders}
    lines = [Content.styled("LOOKS LIKE", TITLE)]
    for path in prediction.nearest[: height - 1]:
        folder = path.parent.name
        label = f"{keys.get(folder) or ' '} {folder}"
        room = max(10, width // 3, width - 1 - cell_len(visible(path.stem)))
        label = fit(label, min(room, cell_len(visible(label))))
        name = fit(path.stem, width - 1 - cell_len(label))
        lines.append(Content.assemble(name, " ", (label, MUTED)))
    return lines


def _why_none(session: Session, progress: Progress, told: bool, titled: bool, key: KeyOf) -> str:
    """What there is none of is said by the title, or here."""
    none = "none" if titled else "No suggestion"
    if session.current is None:
        return ""
    if session.current in session.failures:
        if told:
            return f"{none}: it cannot be read" if titled else ""
        return f"{none}: it cannot be read ({session.failures[session.current]})"
    if progress.failed and not progress.stage:
        return f"{none}: {progress.failed}" if not told else f"{none} yet"
    if progress.no_model:
        how = "" if session.folders else f" ({key('new_folder')} makes a folder)"
        return (f"{none} yet" if told else progress.no_model) + how
    return f"{progress.stage} …" if progress.stage else f"{none} yet: {key('retrain')} reads it"
