"""What each panel shows, as lines of styled text: functions of the session and of what is known, without state."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tiksort_tui.domain import MediaInfo, Transcript, visible
from tiksort_tui.player.events import Playback
from tiksort_tui.session import Session
from tiksort_tui.tui.progress import Progress

# Below this the suggestion is a question.
SURE = 0.7
UNDER_WAY = {"starting", "reading", "learning"}
NOTHING_HERE = (
    "The clips that are to be sorted lie directly in this folder, and each of its sub-folders is a label. "
    "Put videos here and start again."
)
# Beyond this a name and what is said of it come too far apart.
WIDEST_QUEUE = 100
# The least room for the program's and the library's names.
HEADER_NAME = 20
EIGHTHS = " ▏▎▍▌▋▊▉"

TITLE = "bold $foreground-muted"
MUTED = "$foreground-muted"
ACCENT = "bold $primary"
DOUBT = "bold $warning"

Lines = list[Content]


def fit(text: str, width: int) -> str:
    """`text` with control characters visible, in exactly `width` cells; an ellipsis stands for a long one's middle.

    Names that are alike at their beginning are told apart by their end.
    """
    text = visible(text)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    tail = text[-max(0, (width - 1) // 3) :] if width > 4 else ""
    while tail and cell_len(tail) > (width - 1) // 3:
        tail = tail[1:]
    return set_cell_size(text, width - 1 - cell_len(tail)) + "…" + tail if width > 0 else ""


def message(text: str, width: int) -> str:
    """A message in at most `width` cells: names are shortened before what is said of them is cut."""
    text = visible(text)
    words = sorted(re.findall(r"\S*\.\w{2,4}\b|'[^']+'", text), key=len, reverse=True)
    for word in words:
        if cell_len(text) > width:
            text = text.replace(word, fit(word, max(12, cell_len(word) - (cell_len(text) - width))))
    return fit(text, min(width, cell_len(text)))


def folders(session: Session, width: int, height: int) -> Lines:
    """Folders with key and count; the suggested one is framed, dashed where the suggestion is a question."""
    prediction = session.prediction(session.current)
    lines = [Content.styled(" FOLDERS", TITLE)]
    if height > len(session.folders) + 4:
        lines.append(Content())
    rows = session.folders
    room = height - len(lines)
    if len(rows) > room:
        suggested = [folder for folder in rows[room - 1 :] if prediction and folder.name == prediction.folder]
        shown = rows[: room - 1 - len(suggested)] + suggested
        rows, more = shown, len(rows) - len(shown)
    else:
        more = 0
    for folder in rows:
        text = f"{folder.key or ' '}  {fit(folder.name, width - 11)} {folder.count:>4}"
        if prediction and folder.name == prediction.folder:
            edge, style = ("┃", ACCENT) if prediction.confidence >= SURE else ("╎", DOUBT)
            lines.append(Content.assemble(" ", (f"{edge}{text}{edge}", style)))
        else:
            lines.append(Content.assemble("  ", (text[:1], "bold"), text[1:]))
    if more:
        lines.append(Content.styled(f"     … {more} more", MUTED))
    elif not rows:
        lines.append(Content.styled("  none yet", MUTED))
    hints = [Content.assemble("  ", ("n", "bold"), ("  new folder", MUTED))]
    if rows:
        hints.insert(0, Content.assemble("  ", ("/", "bold"), ("  by its name", MUTED)))
    if len(lines) + 1 + len(hints) <= height:
        lines += [Content(), *hints]
    return lines


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


def queue(session: Session, progress: Progress, width: int, height: int) -> Lines:
    """The clips around the cursor, with what the model says of each."""
    width = min(width, WIDEST_QUEUE)
    lines = [Content.styled("QUEUE" + "by name".rjust(width - 6), TITLE)]
    room = height - 1
    first = max(0, min(session.cursor - room // 3, len(session.queue) - room))
    keys = {folder.name: folder.key for folder in session.folders}
    column = min(20, width // 3)
    for place in range(first, min(first + room, len(session.queue))):
        path = session.queue[place]
        prediction = session.predictions.get(path)
        style = ""
        if path in session.failures:
            said, sure = "not readable", "! "
        elif prediction:
            said = f"{keys.get(prediction.folder) or ' '} {prediction.folder}"
            doubt = prediction.confidence < SURE
            sure, style = f"{prediction.confidence:.0%}".replace("%", " %") + ("?" if doubt else " "), MUTED
        else:
            said, sure = (f"{progress.stage}…" if progress.stage in UNDER_WAY else ""), ""
        on_screen = place == session.cursor
        mark = "▸ " if on_screen else "  "
        name = fit(path.name, width - column - 11)
        right = f" {fit(said, column)} {sure:>7}"
        style = "bold" if on_screen else style
        lines.append(Content.assemble((mark + name, "bold" if on_screen else ""), (right, style)))
    below = len(session.queue) - first - room
    if below > 0 and room > 1:
        lines[-1] = Content.styled(f"  … {below + 1} more", MUTED)
    return lines


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
        accuracy = progress.model.cv_accuracy
        right = "not measured" if accuracy is None else f"{accuracy:.0%} right".replace("%", " %")
        lines.append(Content(f"model {right}, {progress.model.labelled} clips"))
    elif progress.no_model:
        lines += [Content.styled(line, MUTED) for line in wrap(progress.no_model, width - 1)]
    for notice in notices:
        wrapped = wrap(notice, width - 1)
        # Half a sentence helps nobody.
        if len(lines) + 1 + len(wrapped) <= height:
            lines += [Content(), *(Content.styled(line, "$warning") for line in wrapped)]
    return lines


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


def bar(width: int, share: float, full: str, edge: str) -> Content:
    """A bar of `width` cells, `share` of it full."""
    cells = round(max(0.0, min(1.0, share)) * width * 2)
    done = full * (cells // 2) + (edge if cells % 2 else "")
    return Content.assemble((done, "$primary"), ("─" * (width - len(done)), MUTED))


def blocks(width: int, share: float) -> str:
    """`share` of `width` cells in blocks, exact to an eighth of a cell."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def clock(seconds: float) -> str:
    """m:ss, or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken between words where they fit."""
    return [line.plain.rstrip() for line in Content(visible(text)).wrap(max(1, width))]
