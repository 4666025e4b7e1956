"""What the model says of itself, as pages of text: the summary, and the table of its folders."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tiksort_tui.domain import visible
from tiksort_tui.pipeline.events import Past, Trained
from tiksort_tui.report import FEWEST_CLIPS, Audit, CandidateScore, ModalityLift, Report
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.views.text import ACCENT, DOUBT, MUTED, TITLE, KeyOf, Lines, beside, fit, percent, wrap

# Longer lines are hard to read.
WIDEST = 110
# From here on the summary stands in two columns.
TWO_COLUMNS_FROM, BETWEEN_COLUMNS = 150, 4
KINDS = {
    "knn": "nearest neighbours",
    "logistic": "logistic regression",
    "mlp": "neural network",
    "ensemble": "all three together",
    "names": "the folders' names alone",
}
HEIGHTS = "▁▂▃▄▅▆▇█"
PAST_CELL = 8


def no_model(progress: Progress, key: KeyOf, width: int) -> Lines:
    """Why there is nothing to tell of."""
    how = "" if progress.stage else f"Nothing was learned yet: {key('retrain')} reads the clips and learns."
    told = [progress.no_model or how]
    if progress.stage:
        counts = f" {progress.done}/{progress.total}" if progress.total else ""
        told.append(f"A run is going on ({progress.stage}{counts}): its model is shown here when it is there.")
    lines = [Content.styled("No model yet", "bold"), Content()]
    return lines + [line for text in told if text for line in said(text, width)]


def summary(model: Trained, few_colours: bool, width: int) -> Lines:
    """Which model it is, how good and how honest, what it may file by itself, and how it came to be."""
    report, whole, columns = model.report, min(width, WIDEST), width >= TWO_COLUMNS_FROM
    width = (width - BETWEEN_COLUMNS) // 2 if columns else whole
    head = said(f"{_capital(_kind(report.kind))}, from {_clips(report.labelled)} in {_folders(report)}", whole, "bold")
    tried = [
        *_part("CANDIDATES", _candidates(report.candidates, report.kind, width)),
        *_part("PROMISE", said(f"{_capital(model.promise)}.", width) + _audit(model.audit, report, width)),
    ]
    more = [
        *_part("WHAT IT GOES BY", _modalities(report, width)),
        *_part("SO FAR", _so_far(model, few_colours, width)),
        *_part("NOTES", [line for note in report.remarks for line in said(note, width)]),
    ]
    both = beside(tried, more, width + BETWEEN_COLUMNS) if columns else tried + more
    return [*head, *_accuracy(model, whole), *both]


def folder_table(report: Report, width: int) -> Lines:
    """Each folder's clips, recall and precision, and whether anything is ever filed into it without a person."""
    cells = 36 if width >= TWO_COLUMNS_FROM else 16 if width >= 100 else 8 if width >= 76 else 0
    column = 7 + cells
    names = max((cell_len(visible(score.folder)) for score in report.folders), default=0)
    name = max(8, min(names, width - 7 - 2 * (column + 2) - 16))
    explained = (
        "Recall: how many of a folder's own clips came back to it. Precision: how many of the clips that were put "
        "into it belong there. Both of clips that the model had not seen."
    )
    head = f"{fit('FOLDER', name)}{'CLIPS':>7}  {'RECALL'.ljust(column)}  {'PRECISION'.ljust(column)}"
    lines = [*said(explained, min(width, WIDEST), MUTED), Content(), Content.styled(head.rstrip(), TITLE)]
    for score in report.folders:
        lines.append(
            Content.assemble(
                f"{fit(score.folder, name)}{score.clips:>7}  ",
                *_share(score.recall, cells),
                *_share(score.precision, cells),
                ("only suggested" if score.suggestion_only else "", DOUBT),
            )
        )
    if any(score.suggestion_only for score in report.folders):
        why = f"Only suggested: with fewer than {FEWEST_CLIPS} clips nothing is filed into a folder without you."
        lines += [Content(), *said(why, min(width, WIDEST), MUTED)]
    return lines


def _share(share: float | None, cells: int) -> list[tuple[str, str]]:
    """A bar of `cells` cells with its percentage, or a dash, and what keeps it from the next column."""
    drawn = ("━" * round((share or 0.0) * cells)).ljust(cells)
    return [(drawn, "$primary"), (f"{'-' if share is None else percent(share):>6}   ", "")]


def _accuracy(model: Trained, width: int) -> Lines:
    report = model.report
    if report.accuracy is None:
        return said("How good it is was not measured: there are too few sorted clips to hold some out.", width, DOUBT)
    lines = said(f"{percent(report.accuracy)} right on clips that it had not seen (cross-validated)", width, ACCENT)
    if report.calibration_error is not None:
        error = report.calibration_error
        low, high = (round(100 * max(0.0, min(1.0, 0.8 + sign * error))) for sign in (-1, 1))
        meant = f"between {low} and {high}" if high > low else f"{low}"
        told = f"When it says 80 %, {meant} of 100 are right: on average it is off by {100 * error:.0f} in 100."
        lines += said(told, width)
    if model.refitted or report.labelled != report.selected_on:
        since = "it has learned from others since. The next run measures anew."
        told = f"Measured on {_clips(report.selected_on)}; {since}"
        lines += said(told, width, MUTED)
    return lines


def _candidates(candidates: Sequence[CandidateScore], chosen: str, width: int) -> Lines:
    label = 2 + max((cell_len(_kind(one.kind)) for one in candidates), default=0)
    room = max(0, width - label - 2 - 17)
    lines = []
    for one in candidates:
        mark, style = ("▸ ", ACCENT) if one.kind == chosen else ("  ", "")
        score = f" {100 * one.accuracy:>5.1f} ± {100 * one.standard_error:.1f} %"
        drawn = _error_bar(one, room)
        lines.append(Content.assemble((f"{mark}{fit(_kind(one.kind), label)}", style), (drawn, style or MUTED), score))
    if lines:
        lines += said("▸ is used: it is the least surprised by clips that it had not seen.", width, MUTED)
    return lines


def _error_bar(one: CandidateScore, width: int) -> str:
    """The accuracy as a bar, and over its end one standard error to each side."""
    low, at, high = (
        max(0, min(width - 1, round((one.accuracy + sign * one.standard_error) * width) - 1)) for sign in (-1, 0, 1)
    )
    cells = ["━" if cell <= at else " " for cell in range(width)]
    cells[low : high + 1] = "─" * (high + 1 - low)
    for cell, mark in ((low, "├"), (high, "┤"), (at, "┼")):
        cells[cell : cell + 1] = mark
    return "".join(cells)


def _audit(audit: Audit | None, report: Report, width: int) -> Lines:
    if audit is None or not audit.clips or audit.precision is None:
        return []
    told = (
        f"Of {audit.clips} sure clips that were left to you, you put {percent(audit.precision)} where it would have: "
        f"the truth lies between {percent(audit.lower)} and {percent(audit.upper)}."
    )
    target = percent(report.promise.target)
    kept = f"That agrees with {target}." if audit.kept else f"! That is less than the {target} that it promises."
    return said(told, width) + said(kept, width, "" if audit.kept else DOUBT)


def _modalities(report: Report, width: int) -> Lines:
    rows = [("folder names", report.text_weight > 0, f"{percent(report.text_weight)} of what counts")]
    if report.kind != "names":
        rows = [("pictures", True, "always"), *((one.name, one.used, _lift(one)) for one in report.modalities), *rows]
    label = 2 + max(cell_len(name) for name, _, _ in rows)
    lines = []
    for name, used, how in rows:
        state, style = ("used      ", "") if used else ("not used  ", MUTED)
        told = how if used or name != "folder names" else ""
        lines.append(Content.styled(fit(fit(name, label) + state + told, width).rstrip(), style))
    return lines


def _lift(one: ModalityLift) -> str:
    """In plain words first: `lift` nats make a clip's own folder exp(lift) times as likely."""
    likelier = 100 * (math.exp(one.lift) - 1)
    how = f"{abs(likelier):.1f} % {'likelier' if likelier >= 0 else 'less likely'}"
    return f"right folder {how} ({one.lift:+.3f} ± {one.standard_error:.3f} nats)"


def _so_far(model: Trained, few_colours: bool, width: int) -> Lines:
    """The accuracy of one model after the other, the last ones where not all fit, over the clips that it was from."""
    now = model.report.accuracy
    models = [*model.past, *([Past(model.report.selected_on, now)] if now is not None else [])]
    models = models[-max(1, (width - 7) // PAST_CELL) :]
    if not models:
        return []
    cells = [_past_cell(one.accuracy, few_colours) for one in models]
    counts = "".join(f"{one.labelled:>{PAST_CELL - 1}} " for one in models)
    # A blank after each, so that their grounds do not touch.
    parts = [part for cell in cells for part in (cell, (" ", ""))]
    return [Content.assemble(("right  ", MUTED), *parts), Content.styled(f"clips  {counts}".rstrip(), MUTED)]


def _past_cell(accuracy: float, few_colours: bool) -> tuple[str, str]:
    """A cell that says `accuracy` by its number, by a mark's height, and, with colours, by its ground."""
    height = HEIGHTS[min(len(HEIGHTS) - 1, int(max(0.0, accuracy) * len(HEIGHTS)))]
    return f"{height} {percent(accuracy):>5}", ground(accuracy, few_colours)


def ground(share: float, few_colours: bool, colour: str = "$primary") -> str:
    """A coloured ground, the stronger the larger `share`; text on it can be read. Few colours have no shades."""
    return "" if few_colours else f"on {colour} {round(5 + 50 * max(0.0, min(1.0, share)))}%"


def _part(title: str, lines: Lines) -> Lines:
    return [Content(), Content.styled(title, TITLE), *lines] if lines else []


def said(text: str, width: int, style: str = "") -> Lines:
    """A paragraph of one style."""
    return [Content.styled(line, style) for line in wrap(text, width)]


def _kind(kind: str) -> str:
    return KINDS.get(kind, kind)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _clips(count: int) -> str:
    return "1 sorted clip" if count == 1 else f"{count} sorted clips"


def _folders(report: Report) -> str:
    return "1 folder" if len(report.folders) == 1 else f"{len(report.folders)} folders"
