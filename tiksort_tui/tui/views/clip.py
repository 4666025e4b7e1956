"""What the panels about the clip on screen show: the file, what is said in it, and the suggestions."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tiksort_tui.domain import MediaInfo, Transcript, visible
from tiksort_tui.player.events import Playback
from tiksort_tui.session import Session
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.views.text import ACCENT, DOUBT, MUTED, TITLE, Lines, bar, blocks, clock, fit, wrap

# Below this the suggestion is a question.
SURE = 0.7


def clip(session: Session, info: MediaInfo | None, size: int | None, playback: Playback | None, width: int) -> Lines:
    """The clip on screen: its name, what is known of the file, and where the playing stands."""
    if session.current is None:
        return [Content.styled(fit("All sorted" if session.total else "No unsorted clips", width), "bold $success")]
    facts = []
    duration = (playback.duration if playback else None) or (info.duration if info else None)
    if duration:
        position = f"{clock(playback.position or 0)} / " if playback else ""
        facts.append(position + clock(duration))
    if info:
        facts.append(f"{info.width}x{info.height}")
    if size is not None:
        facts.append(f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB")
    state = ""
    if playback:
        sound = "muted" if playback.muted else f"vol {playback.volume:.0f}"
        state = f"x{playback.speed:.1f}  {sound}  {'paused' if playback.paused else 'playing'}"
    share = (playback.position or 0) / duration if playback and duration else 0.0
    return [
        Content.styled(fit(session.current.name, width), "bold"),
        Content.styled(fit("  ".join(facts), width - cell_len(state)) + state, MUTED),
        bar(width, share, "━", "╸") if playback else Content(),
    ]


def said(transcript: Transcript | None, width: int, height: int) -> Lines:
    """What is said in the clip."""
    if transcript is None:
        return []
    first, *rest = wrap(f"“{visible(transcript.text)}”", width - 6) or [""]
    lines = [Content.assemble(("Said  ", MUTED), first), *(Content("      " + line) for line in rest)]
    if len(lines) > height:
        last = lines[height - 1].plain[: width - 2].rstrip()
        lines = [*lines[: height - 1], Content(f"{last} …")]
    return lines


def suggestion(session: Session, progress: Progress, width: int, tall: bool) -> Lines:
    """The three best folders with their confidence and their keys."""
    prediction = session.prediction(session.current)
    lines = [Content.styled("SUGGESTION", TITLE), Content()] if tall else []
    if prediction is None:
        return lines + [Content.styled(line, MUTED) for line in wrap(_why_none(session, progress), width)][:3]
    keys = {folder.name: folder.key for folder in session.folders}
    for name, one in zip(("Enter", "Tab", "S-Tab"), prediction.suggestions, strict=False):
        percent = f"{one.confidence:.0%}".replace("%", " %")
        first = name == "Enter"
        style = "" if not first else ACCENT if one.confidence >= SURE else DOUBT
        label = f"{keys.get(one.folder) or ' '} {one.folder}"
        if first and one.confidence < SURE:
            percent += "?"
        if tall:
            lines.append(Content.styled(fit(label, width - 7) + percent.rjust(7), style))
            lines.append(Content.styled(blocks(width, one.confidence), style or MUTED))
            lines += [Content.styled(f"    {name}", MUTED), Content()]
        else:
            head = fit(label, max(8, width // 3))
            room = width - 7 - cell_len(head) - 9
            drawn = set_cell_size(blocks(room, one.confidence), room)
            parts = ((f"{name:<7}", MUTED), (f"{head} ", style), (drawn, style or MUTED), (f" {percent:>7}", style))
            lines.append(Content.assemble(*parts))
    return lines


def _why_none(session: Session, progress: Progress) -> str:
    if session.current is None:
        return ""
    if session.current in session.failures:
        return f"this clip cannot be read: {session.failures[session.current]}"
    if progress.no_model:
        return f"{progress.no_model} (n makes a folder)"
    return f"{progress.stage} …" if progress.stage else "no suggestion yet: r reads it"
