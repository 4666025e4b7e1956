"""What the screen of the sure clips shows: the promise, the clips by folder with their ticks, and the keys."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.selection import Selection, clips
from tiksort_tui.tui.views.text import ACCENT, DOUBT, MUTED, TITLE, KeyOf, Lines, fit, paragraph

KEYS = ("Enter files {}", "Space ticks", "a ticks the folder", "< > confidence", "p plays", "Esc leaves")
# Those that mean something where no clip is over the confidence, and where there is none at all.
KEYS_FOR_LESS, KEYS_FOR_NONE = KEYS[3:4] + KEYS[-1:], KEYS[-1:]


def headline(selection: Selection, width: int) -> Lines:
    """How many clips there are and what is promised of them, the model's promise in words, and a rule."""
    over = "alike, " if selection.group else ""
    right = f"{over}over {_percent(selection.over)}" if selection.over else "alike" if selection.group else "all"
    head = fit(_count(selection), max(0, width - cell_len(right) - 2))
    told = f"The model {selection.model.promise}." if selection.model else "No model promises anything."
    return [
        Content.assemble(" ", (head, "bold"), (right, TITLE)),
        *(Content.styled(" " + line, MUTED) for line in paragraph(told, max(1, width - 2), 2)),
        Content.styled("─" * width, MUTED),
    ]


def listed(selection: Selection, places: range, keys: dict[str, str | None], width: int, row: int) -> Lines:
    """The clips at `places`, in `row` lines each, under their folders with these `keys`, and how many come below."""
    lines: Lines = []
    for place in places:
        one = selection.clips[place]
        if place == places[0] or selection.begins_folder(place):
            of_folder = selection.of_folder(one.folder)
            share = f"  {sum(map(selection.is_ticked, of_folder))} of {len(of_folder)}"
            name = fit(f"{keys.get(one.folder) or ' '} {one.folder}", width - 1 - cell_len(share)).rstrip()
            lines.append(Content.assemble((f" {name}", ACCENT), (share, MUTED)))
        here, ticked = place == selection.cursor, selection.is_ticked(one)
        mark = f"{'▸' if here else ' '} [{'x' if ticked else ' '}] "
        why = selection.held_back.get(one.path, "")
        why = fit(why, min(cell_len(why), width // 3))
        right = f" {_percent(one.confidence):>7}"
        name = fit(one.path.name, width - cell_len(mark + why + right) - 1)
        style = "bold" if here else "" if ticked else MUTED
        lines.append(Content.assemble((f"{mark}{name} ", style), (why, DOUBT), (right, style)))
        lines += [Content()] * (row - 1)
    if places and (below := len(selection.clips) - places.stop):
        # Where a clip has lines for its pictures, in the last one of these.
        lines[len(lines) - (row > 1) - (row > 2) :] = [Content.styled(f"    … {below} more", MUTED)]
    return lines


def none_listed(selection: Selection, progress: Progress, key: KeyOf, width: int, height: int) -> Lines:
    """Why no clip is listed, and how to get some."""
    if selection.all:
        surest = max(one.confidence for one in selection.all)
        why = f"No clip is over {_percent(selection.over)}: the surest is at {_percent(surest)}. < asks for less."
    elif not selection.unsorted:
        why = "No clip is left to be sorted."
    else:
        why = progress.no_model or "There is no prediction of an unsorted clip yet"
        why += f". Esc, then {key('retrain')}, reads and learns."
    return [Content(" " + line) for line in paragraph(why.replace("..", "."), width - 2, height)]


def keys(selection: Selection, width: int) -> Content:
    """What the keys do, as far as there is room; those that do nothing now are not told."""
    ticked = len(selection.ticked)
    told = KEYS if selection.clips else KEYS_FOR_LESS if selection.all else KEYS_FOR_NONE
    hints = [hint.format(ticked) for hint in told]
    while len(hints) > 2 and cell_len("   ".join(hints)) > width - 2:
        hints.pop(-2)
    return Content.styled(" " + fit("   ".join(hints), max(0, width - 1)), MUTED)


def osd(selection: Selection) -> str:
    """How many clips there are, and the one under the cursor, for mpv's window."""
    one, head = selection.current, f"{_count(selection)}; Enter files {len(selection.ticked)}"
    if one is None:
        return head
    tick = "x" if selection.is_ticked(one) else " "
    return f"{head}\n[{tick}] {one.path.name} → {one.folder} {_percent(one.confidence)}"


def _count(selection: Selection) -> str:
    listed, promised = len(selection.clips), sum(one.sure for one in selection.clips)
    if not listed:
        return "No clips"
    if not promised or selection.model is None:
        return f"{clips(listed)}: nothing is promised of {'it' if listed == 1 else 'them'}"
    right = f"at least {_percent(selection.model.report.promise.target)} right"
    return f"{clips(listed)}, {right}" if promised == listed else f"{clips(listed)}, {promised} of them {right}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
