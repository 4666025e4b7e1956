"""All that is known of one clip, as a page of text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.content import Content

from tiksort_tui.domain import visible
from tiksort_tui.session import Session
from tiksort_tui.tui.details import Details
from tiksort_tui.tui.views.text import DOUBT, MUTED, Lines, clock, file_size, percent, wrap

LABEL = 14


def known(session: Session, clip: Path, details: Details | None, sidecars: Sequence[str], width: int) -> Lines:
    """The page on `clip`; `details` is None as long as its file is not looked at."""
    told = [("", clip.name, "bold"), ("Path", str(clip), "")]
    if details is None:
        told.append(("", "looking at it …", MUTED))
    else:
        told += [*_of_file(details), *[("Goes with it", name, "") for name in sidecars]]
    if clip in session.failures:
        told.append(("Not readable", session.failures[clip], DOUBT))
    if clip in session.duplicates:
        told.append(("Same as", str(session.duplicates[clip].relative_to(session.root)), DOUBT))
    if details:
        told += _words(details)
    told += _of_model(session, clip)
    lines: Lines = []
    before = ""
    for label, text, style in told:
        if label in ("Caption", "Suggestion") and before != label:
            lines.append(Content())
        for row, line in enumerate(_wrapped(text, max(1, width - LABEL) if label else width)):
            head = label if not row and label != before else ""
            lines.append(Content.assemble((head.ljust(LABEL) if label else "", MUTED), (line, style)))
        before = label
    return lines


def _of_file(details: Details) -> list[tuple[str, str, str]]:
    if details.size is None:
        return [("File", "gone: another program moved or deleted it", DOUBT)]
    told = [("Size", file_size(details.size), "")]
    if info := details.info:
        told += [
            ("Duration", clock(info.duration) if info.duration else "not told by the file", ""),
            ("Picture", f"{info.width}x{info.height}, {info.video_codec}", ""),
            ("Sound", info.audio_codec or "none", ""),
        ]
        told += [("Note", info.note, DOUBT)] if info.note else []
    return told


def _words(details: Details) -> list[tuple[str, str, str]]:
    told = [("Caption", details.caption, "")] if details.caption else []
    if (transcript := details.transcript) and transcript.text.strip():
        told.append(("Said", f"“{transcript.text}”", ""))
        told.append(("Said", f"in {transcript.language}, {percent(transcript.confidence)} sure of the words", MUTED))
    return told


def _of_model(session: Session, clip: Path) -> list[tuple[str, str, str]]:
    prediction = session.prediction(clip)
    if prediction is None:
        return []
    keys = {folder.name: folder.key for folder in session.folders}
    told = [
        ("Suggestion", f"{percent(one.confidence):>5}  {keys.get(one.folder) or ' '} {visible(one.folder)}", "")
        for one in prediction.suggestions
    ]
    if prediction.outlier:
        told.append(("Note", "it fits into no folder", DOUBT))
    told += [("Looks like", f"{path.parent.name}/{path.name}", "") for path in prediction.nearest]
    return told


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of `text`, which may have several of its own."""
    return [line for part in text.splitlines() or [""] for line in wrap(part, width)]
