"""What a model's numbers come from: which folders it mixes up, how true its confidence is, and what it doubts."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tiksort_tui.domain import visible
from tiksort_tui.pipeline.events import Misfiled, Trained
from tiksort_tui.report import ReliabilityBin, Report
from tiksort_tui.tui.views.model import WIDEST, ground, said
from tiksort_tui.tui.views.text import ACCENT, DOUBT, MUTED, TITLE, Lines, beside, fit, line, percent

# The heat map's cells hold "[100]", broader ones also a name above them.
CELL, NAMED_CELL, BROADEST_CELL = 5, 9, 24
NUMBER = 5
TOTAL = 7
SHADES = " ░▒▓█"
PAIRS = 10
FEW = "Too few sorted clips to hold some out: nothing was measured."
# What the list of folders that are mixed up needs beside the matrix, and the cells between the two.
BESIDE_FROM, BETWEEN = 48, 6
# A tenth with fewer predictions says little; a larger gap is named.
TELLING, GAP = 10, 0.05


def confusion(report: Report, few_colours: bool, width: int) -> Lines:
    """The confusion matrix as a heat map, of the most confused folders where not all fit, and who is mixed up."""
    counts, names = report.confusion, [score.folder for score in report.folders]
    if not any(map(sum, counts)):
        return said(FEW, width, MUTED)
    longest = _longest(names)
    label = max(12, min(longest + 5, 28, width // 4))
    room = (width - label - TOTAL) // CELL
    # What is not shown has a column of its own.
    places = list(range(len(names))) if len(names) <= room else _most_confused(counts, max(1, room - 1))
    rest = len(places) < len(names)
    cell = (width - label - TOTAL) // (len(places) + rest)
    cell = max(CELL, min(cell, max(longest + 2, NAMED_CELL), BROADEST_CELL))
    # Names that are told apart by what is cut out of them tell nothing.
    unlike = len({fit(names[place], min(cell - 1, label - 2)) for place in places}) == len(places)
    named = cell >= NAMED_CELL and unlike
    # A number would be taken for the folder's key.
    letters = {place: _letters(number) for number, place in enumerate(places)}
    heads = [visible(names[place]) if named else letters[place] for place in places]
    heads += ["rest"] if rest else []
    widths = _widths(heads, cell, width - label - TOTAL)
    heads = [fit(head, cells - 1).rstrip() for head, cells in zip(heads, widths, strict=True)]
    heads = [" " * (cells - cell_len(head)) + head for head, cells in zip(heads, widths, strict=True)]
    matrix = [Content.styled(f"{' ' * label}{''.join(heads)}   CLIPS", TITLE)]
    for own in places:
        total = sum(counts[own])
        row = [counts[own][other] for other in places]
        of_rest = [(total - sum(row), False)] if rest else []
        counted = [*((count, own == other) for other, count in zip(places, row, strict=True)), *of_rest]
        cells = [
            _cell(count, total, right, cell, few_colours) for (count, right), cell in zip(counted, widths, strict=True)
        ]
        head = f" {fit(names[own], label - 2)} " if named else f"{letters[own]:>3} {fit(names[own], label - 5)} "
        matrix.append(Content.assemble(head, *cells, f"{total:>{TOTAL}}"))
    told = "Each row is a folder's clips; the columns say where the model put them, in % of the row. [ ] is right."
    lines = [*said(told, min(width, WIDEST), MUTED), Content()]
    if rest:
        lines = said(f"The {len(places)} of {len(names)} folders that are mixed up the most.", width) + lines
    # Beside the matrix where that leaves enough room, else below it.
    column = matrix[0].cell_length + BETWEEN
    if width - column >= BESIDE_FROM:
        return lines + beside(matrix, _mixed_up(counts, names, width - column), column)
    return [*lines, *matrix, Content(), *_mixed_up(counts, names, min(width, WIDEST))]


def _letters(number: int) -> str:
    """a to z, then aa and so on."""
    rest, last = divmod(number, 26)
    return (_letters(rest - 1) if rest else "") + chr(ord("a") + last)


def _widths(heads: Sequence[str], cell: int, room: int) -> list[int]:
    """The cells of each column, `cell` where all heads fit into that: else short names leave theirs to long ones, if
    that is enough for all of them."""
    needed = [max(NAMED_CELL, cell_len(head) + 1) for head in heads]
    return needed if max(needed) > cell and sum(needed) <= room else [cell] * len(heads)


def _cell(count: int, total: int, right: bool, cell: int, few_colours: bool) -> tuple[str, str]:
    share = count / total if total else 0.0
    number = f"{100 * share:.0f}" if count else "·" if total else "-"
    text = f"[{number}]" if right else f"{number} "
    if few_colours and count:
        # Without colours the shade is a mark before the number, as long in all cells.
        free = cell - NUMBER
        gap = 1 if free > 2 else 0
        mark = SHADES[max(1, round(share * (len(SHADES) - 1)))] * max(1 - gap, free - 2 * gap)
        room = cell - len(gap * " " + mark)
        text = " " * gap + mark + text.rjust(room) if len(text) <= room else text
    text = text.rjust(cell)
    if not count:
        return text, MUTED
    return text, ground(share, few_colours, "$primary" if right else "$warning") or ("bold" if right else "")


def _most_confused(counts: Sequence[Sequence[int]], most: int) -> list[int]:
    """The places, in their order, of those folders that had clips of others, or whose clips others had."""
    wrong = [
        sum(row) + sum(other[place] for other in counts) - 2 * row[place] for place, row in enumerate(counts)
    ]
    return sorted(sorted(range(len(counts)), key=lambda place: -wrong[place])[:most])


def _mixed_up(counts: Sequence[Sequence[int]], names: Sequence[str], width: int) -> Lines:
    pairs = sorted(
        (
            (-count, own, other)
            for own, row in enumerate(counts)
            for other, count in enumerate(row)
            if count and own != other
        )
    )
    if not pairs:
        return said("No clip was put into another folder.", width)
    lines = [Content.styled("MIXED UP MOST", TITLE)]
    name = max(8, min(_longest(names), (width - 18) // 2))
    for count, own, other in pairs[:PAIRS]:
        told = f"{-count} of {sum(counts[own])}"
        lines.append(Content.assemble(fit(names[own], name), (" → ", DOUBT), fit(names[other], name), f" {told:>14}"))
    return lines


def reliability(report: Report, width: int) -> Lines:
    """The reliability diagram: a bar of how many were right for each tenth of confidence, and where it should end."""
    if not any(one.count for one in report.reliability):
        return said(FEW, width, MUTED)
    told = (
        "How many clips were right (bars) of those of which the model was so sure. Where all it says is true, each "
        "bar ends at its ┃, which is what it said. A clip counts each time that it was held out."
    )
    lines = [*said(told, min(width, WIDEST), MUTED), Content()]
    room = max(10, width - 12 - 26)
    lines.append(Content.styled(f"{'IT SAID'.ljust(11)}{'RIGHT'.ljust(room)}{'CLIPS':>16}", TITLE))
    for place, one in reversed(list(enumerate(report.reliability))):
        lines.append(_bin(place, one, room))
    return lines


def _bin(place: int, one: ReliabilityBin, room: int) -> Content:
    label = f"{10 * place:>3}-{10 * place + 10:>3} %  "
    said = one.confidence if one.count else place / 10 + 0.05
    mark = min(room - 1, int(said * room))
    drawn = line(room, one.accuracy if one.count else 0.0).ljust(room)
    if not one.count:
        return Content.styled(f"{label}{drawn[:mark]}┃{drawn[mark + 1 :]}      -        -", MUTED)
    gap = one.accuracy - one.confidence
    judged = "" if one.count < TELLING or abs(gap) < GAP else "too shy" if gap > 0 else "too sure"
    numbers = f"  {percent(one.accuracy):>5} {one.count:>8}  "
    bar = ((drawn[:mark], "$primary"), ("┃", "bold"), (drawn[mark + 1 :], "$primary"))
    return Content.assemble(f"{label}", *bar, numbers, (judged, DOUBT))


def misfilings(model: Trained, rows: Sequence[Misfiled], cursor: int, width: int, height: int) -> Lines:
    """The sorted clips that the model would put elsewhere, around the `cursor`; `rows` are those still undecided."""
    if not rows:
        if model.misfiled:
            told = "All decided: no other sorted clip looks as if it belonged elsewhere."
        elif model.report.accuracy is None:
            told = FEW
        else:
            told = "None found: no sorted clip looks as if it belonged elsewhere."
        return said(told, width, MUTED)
    column = max(10, min(_longest([folder for one in rows for folder in (one.folder, one.better)]), (width - 10) // 4))
    title = "SORTED CLIP, the surest first"
    name = min(max(len(title), _longest([one.path.name for one in rows])), width - 2 * column - 14)
    title = title if len(title) <= name else title.partition(",")[0]
    head = f"  {fit(title, name)}  {fit('IS IN', column)}   {fit('LOOKS LIKE', column)}   SURE"
    lines = [Content.styled(fit(head, width), TITLE)]
    room = max(1, height - 1)
    first = max(0, min(cursor - room // 3, len(rows) - room))
    for place, one in enumerate(rows[first : first + room], start=first):
        mark, style = ("▸ ", "bold") if place == cursor else ("  ", "")
        lines.append(
            Content.assemble(
                (f"{mark}{fit(one.path.name, name)}  {fit(one.folder, column)}", style),
                (" → ", DOUBT),
                (fit(one.better, column), ACCENT if place == cursor else style),
                (f" {percent(one.confidence):>6}", style),
            )
        )
    below = len(rows) - first - room
    if below > 0 and room > 1:
        lines[-1] = Content.styled(f"  … {below + 1} more", MUTED)
    return lines


def misfiled_osd(one: Misfiled) -> str:
    """The same of one clip, for mpv's window."""
    return f"{one.path.name}\n{one.folder} → {one.better} {percent(one.confidence)}: Enter moves it, x leaves it"


def _longest(names: Sequence[str]) -> int:
    return max(cell_len(visible(name)) for name in names)


def tabs(names: Sequence[str], chosen: int, width: int) -> Content:
    """The pages' names with their keys, the chosen one marked; only that one where not all fit."""
    labels = [f"{place + 1} {name}" for place, name in enumerate(names)]
    parts = [
        (f"▸{label} ", "bold reverse") if place == chosen else (f" {label} ", MUTED)
        for place, label in enumerate(labels)
    ]
    title = " MODEL  "
    if cell_len(title) + sum(cell_len(text) for text, _ in parts) > width:
        parts = [parts[chosen], (f" {chosen + 1} of {len(names)}", MUTED)]
    return Content.assemble((title, "bold"), *parts)

