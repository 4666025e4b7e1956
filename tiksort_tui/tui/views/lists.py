"""The two lists: the folders, and the queue around the cursor."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from textual.content import Content

from tiksort_tui.domain import Suggestion, visible
from tiksort_tui.session import Session
from tiksort_tui.tui.keymap import shown
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.views.text import ACCENT, DOUBT, FLASH, MUTED, TITLE, KeyOf, Lines, fit, paragraph, percent

UNDER_WAY = {"starting", "reading", "learning"}
# A folder in the queue, and what stands beside it: a confidence, and its mark.
NARROWEST_COLUMN, WIDEST_COLUMN, SURE = 8, 24, 9
# With so much room for names, also the second folder is told, so far from the first.
NAMES_BEFORE_SECONDS, BETWEEN = 44, 2


def folders(session: Session, flashed: str | None, key: KeyOf, width: int, height: int) -> Lines:
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
        lines.append(_more_folders(more, key("choose"), width))
    elif not rows:
        lines.append(Content.styled("  none yet", MUTED))
    for link in session.links[: max(0, height - len(lines) - 4)]:
        lines.append(Content.styled(f"  →  {fit(link, width - 11)} link", MUTED))
    hints = [Content.assemble("  ", (key("new_folder"), "bold"), ("  new folder", MUTED))]
    if rows:
        what = "type a folder name" if width > 22 else "type a name"
        hints.insert(0, Content.assemble("  ", (key("choose"), "bold"), (f"  {what}", MUTED)))
    if len(lines) + 1 + len(hints) <= height:
        lines += [Content(), *hints]
    return lines


def queue(session: Session, progress: Progress, key: KeyOf, width: int, height: int) -> Lines:
    """The clips around the cursor, with what the model says of each: its best folder, and where there is room also the
    second one. A dot stands where that is to come."""
    kept = "" if session.fits_filter else " (not this one)"
    # What is left out goes before how it is ordered.
    told = [f"{session.order}, {session.filter}{kept}", f"{session.filter}{kept}", f"{session.filter}"]
    arranged = next((one for one in told if cell_len(one) <= width - 8), fit(told[-1], width - 8)).rstrip()
    lines = [Content.styled("QUEUE  " + " " * (width - 8 - cell_len(arranged)) + arranged, TITLE)]
    room = height - 1
    others = f"{key('filter')}, then “all”, shows them."
    none = f"None of the {session.remaining} unsorted clips is here: {session.filter}. {others}"
    if not session.queue:
        return lines + [Content.styled(line, MUTED) for line in paragraph(none, width, room)]
    first = max(0, min(session.cursor - room // 3, len(session.queue) - room))
    keys = {folder.name: folder.key for folder in session.folders}
    longest = max((cell_len(visible(name)) for name in keys), default=0)
    column = min(max(NARROWEST_COLUMN, longest + 2), WIDEST_COLUMN, width // 3)
    one_more = column + SURE + BETWEEN
    seconds = width - 2 - column - SURE - one_more >= NAMES_BEFORE_SECONDS
    names = width - 2 - column - SURE - (one_more if seconds else 0)
    for place in range(first, min(first + room, len(session.queue))):
        path = session.queue[place]
        prediction = session.predictions.get(path)
        style, second = "", ""
        trouble = "not readable" if path in session.failures else ""
        if path in session.duplicates:
            trouble = f"same as in {session.duplicates[path].parent.name}"
        if trouble:
            # A long word takes of the name's room.
            said = f" {fit(trouble, max(column + SURE - 4, min(cell_len(visible(trouble)), width // 3)))} ! "
        elif prediction:
            style = MUTED
            told = [_suggested(one, keys, column) for one in prediction.suggestions[: 1 + seconds]]
            said = told[0] + ("?" if prediction.confidence < session.doubt else " ")
            second = "".join(f"{' ' * BETWEEN}{one} " for one in told[1:])
        else:
            said, style = (" ·" if progress.stage in UNDER_WAY else "").ljust(column + SURE), MUTED
        on_screen = "bold" if place == session.cursor else ""
        name = ("▸ " if on_screen else "  ") + fit(path.name, names - max(0, cell_len(said) - column - SURE))
        lines.append(Content.assemble((name, on_screen), (said, on_screen or style), (second, MUTED)))
    below = len(session.queue) - first - room
    if below > 0 and room > 1:
        lines[-1] = Content.styled(f"  … {below + 1} more", MUTED)
    if kept and len(session.queue) == 1:
        lines += [Content.styled(f"  {line}", MUTED) for line in paragraph(none, width - 2, room - 1)]
    return lines


def _more_folders(more: int, key: str, width: int) -> Content:
    told = Content.assemble("  ", (f"… {more} more, ", MUTED), (key, "bold"), (" finds them", MUTED))
    if told.cell_length <= width:
        return told
    return Content.assemble("  ", (key, "bold"), (f"  finds {more} more", MUTED))


def _suggested(one: Suggestion, keys: Mapping[str, str | None], column: int) -> str:
    """A folder in `column` cells and its confidence, in SURE cells less one."""
    label = fit(f"{keys.get(one.folder) or ' '} {one.folder}", column)
    return f" {label} {percent(one.confidence):>{SURE - 3}}"
