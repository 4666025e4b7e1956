"""What stands in the place of a clip's pictures where there are none: why, what to do, and at first what was found."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tiksort_tui.session import Session
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.views.text import DOUBT, MUTED, KeyOf, Lines, paragraph, wrap

# Lines that are longer are hard to read.
WIDEST = 100
UNREADABLE = (
    "It is filed by its key like any other; {trash} puts it in the trash. If it does not play either, download it "
    "again: {retrain} reads the new one."
)
GONE = "This file is gone: another program moved or deleted it. {retrain} looks at the library again."
NO_MPV = "mpv is not here: sorting goes on by the pictures. `tiksort-tui doctor` says how to get it."


def instead_of_pictures(
    session: Session,
    progress: Progress,
    player: str,
    notices: Sequence[str],
    gone: bool,
    key: KeyOf,
    width: int,
    height: int,
) -> Lines:
    """The lines for a place of `width` by `height` cells; `gone` says that the clip's file is not there any more."""
    clip = session.current
    if gone:
        told = [(GONE.format(retrain=key("retrain")), DOUBT)]
    elif clip in session.failures:
        what_next = UNREADABLE.format(trash=key("trash"), retrain=key("retrain"))
        told = [(f"! This clip cannot be read: {session.failures[clip]}", DOUBT), (what_next, MUTED)]
    elif first := first_words(session, progress, player, notices, key, width, height):
        return first
    else:
        waits = "Its pictures come when it has been read."
        told = [(waits if progress.stage else f"Not read yet: {key('retrain')} reads it.", MUTED)]
    return _drawn(told, width, height)


def first_words(
    session: Session, progress: Progress, player: str, notices: Sequence[str], key: KeyOf, width: int, height: int
) -> Lines:
    """What was found, and what is done about it; nothing any more when there is a model, or a reason why not."""
    if progress.model or progress.no_model or session.predictions:
        return []
    return _drawn(_found(session, progress, player, notices, key), width, height)


def _found(
    session: Session, progress: Progress, player: str, notices: Sequence[str], key: KeyOf
) -> list[tuple[str, str]]:
    folders, examples = session.folders, sum(folder.count for folder in session.folders)
    clips = "1 clip" if session.remaining == 1 else f"{session.remaining} clips"
    in_folders = "1 folder" if len(folders) == 1 else f"{len(folders)} folders"
    when = "as clips are read" if progress.stage else f"when {key('retrain')} has read the clips"
    told = [
        (f"{clips} to sort, {examples} in {in_folders} to learn from.", "bold"),
        (f"Sort at once: suggestions come {when}.", ""),
    ]
    if not folders:
        how = f"{key('new_folder')} makes a folder; {key('choose')} files into a new one."
        told = [(f"{clips} to sort, and no folders yet.", "bold"), (how, "")]
    if progress.encoder and progress.stage:
        on_card = progress.device not in ("", "cpu")
        graphics = f"on the graphics card ({progress.device})" if on_card else "without a graphics card"
        told.append((f"Reading with {progress.encoder}, {graphics}.", MUTED))
    told += [(notice, "$warning") for notice in notices]
    if player == "no mpv":
        told.append((NO_MPV, MUTED))
    return told


def _drawn(told: Sequence[tuple[str, str]], width: int, height: int) -> Lines:
    """Whole sentences only, but for the first: half of one helps nobody."""
    width = min(width, WIDEST)
    (first, style), *others = told
    wrapped = [(paragraph(first, width, height), style), *((wrap(text, width), style) for text, style in others)]
    gap = 1 if sum(len(rows) + 1 for rows, _ in wrapped) <= height + 1 else 0
    lines: Lines = []
    for rows, style in wrapped:
        if len(lines) + gap * bool(lines) + len(rows) <= height:
            lines += [Content()] * (gap * bool(lines)) + [Content.styled(row, style) for row in rows]
    return lines
