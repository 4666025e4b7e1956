"""The two lists: the folders, and the queue around the cursor."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from tiksort_tui.session import Session
from tiksort_tui.tui.keymap import shown
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.views.text import ACCENT, DOUBT, FLASH, MUTED, TITLE, Lines, fit, paragraph

UNDER_WAY = {"starting", "reading", "learning"}
# Beyond this a name and what is said of it come too far apart.
WIDEST_QUEUE = 100


def folders(session: Session, width: int, height: int, flashed: str | None = None) -> Lines:
    """Folders with key and count; the suggested one is framed, dashed where the suggestion is a question.

    The one `flashed`, into which a clip has just been filed, stands between plus signs.
    """
    prediction = session.prediction(session.current)
    lines = [Content.styled(" FOLDERS", TITLE)]
    if height > len(session.folders) + 4:
        lines.append(Content())
    rows = session.folders
    room = height - len(lines)
    if len(rows) > room:
        suggested = [folder for folder in rows[room - 1 :] if prediction and folder.name == prediction.folder]
        some = rows[: room - 1 - len(suggested)] + suggested
        rows, more = some, len(rows) - len(some)
    else:
        more = 0
    for folder in rows:
        keys = f"{folder.digit or ' '}{shown(folder.own_key) if folder.own_key else ' '}"
        text = f"{fit(keys, 2)} {fit(folder.name, width - 11)} {folder.count:>4}"
        if folder.name == flashed:
            lines.append(Content.assemble(" ", (f"+{text}+", FLASH)))
        elif prediction and folder.name == prediction.folder:
            edge, style = ("┃", ACCENT) if prediction.confidence >= session.doubt else ("╎", DOUBT)
            lines.append(Content.assemble(" ", (f"{edge}{text}{edge}", style)))
        else:
            lines.append(Content.assemble("  ", (text[:2], "bold"), text[2:]))
    if more:
        lines.append(Content.styled(f"     … {more} more", MUTED))
    elif not rows:
        lines.append(Content.styled("  none yet", MUTED))
    for link in session.links[: max(0, height - len(lines) - 4)]:
        lines.append(Content.styled(f"  →  {fit(link, width - 11)} link", MUTED))
    hints = [Content.assemble("  ", ("n", "bold"), ("  new folder", MUTED))]
    if rows:
        what = "type a folder name" if width > 22 else "type a name"
        hints.insert(0, Content.assemble("  ", ("/", "bold"), (f"  {what}", MUTED)))
    if len(lines) + 1 + len(hints) <= height:
        lines += [Content(), *hints]
    return lines


def queue(session: Session, progress: Progress, width: int, height: int) -> Lines:
    """The clips around the cursor, with what the model says of each."""
    width = min(width, WIDEST_QUEUE)
    arranged = fit(f"{session.order}, {session.filter}", width - 8).rstrip()
    lines = [Content.styled("QUEUE  " + " " * (width - 8 - cell_len(arranged)) + arranged, TITLE)]
    room = height - 1
    if not session.queue:
        none = f"None of the {session.remaining} unsorted clips is here: {session.filter}. w, then “all”, shows them."
        return lines + [Content.styled(line, MUTED) for line in paragraph(none, width, room)]
    first = max(0, min(session.cursor - room // 3, len(session.queue) - room))
    keys = {folder.name: folder.key for folder in session.folders}
    column = min(20, width // 3)
    for place in range(first, min(first + room, len(session.queue))):
        path = session.queue[place]
        prediction = session.predictions.get(path)
        style = ""
        if path in session.duplicates:
            said, sure = f"same as in {session.duplicates[path].parent.name}", "! "
        elif path in session.failures:
            said, sure = "not readable", "! "
        elif prediction:
            said = f"{keys.get(prediction.folder) or ' '} {prediction.folder}"
            doubt = prediction.confidence < session.doubt
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
