"""The queue: which of the unsorted clips it shows, in which order, and where the cursor stands. No I/O, no clock.

What the person sees stays calm:

- The clip on screen stays there whatever is learned, ordered or filtered. Only a key, or its leaving the library,
  brings another one.
- A new order or filter begins with the clip that comes next: the clip on screen goes to the head of the queue, and the
  others follow in their order; of those that are alike the ones like the clip on screen come first.
- A clip that the filter leaves out is in the queue only while it is on screen.
- What is learned of clips moves those behind the `IN_SIGHT` next ones, but no clip before these; a clip that the filter
  no longer shows leaves at once, and one that it shows from now on comes in behind them.
- Clips that were put off stand at the end of every order, and so do, by name, those that come into the library later.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from tiksort_tui.ordering import Filter, Known, Order, Show, Suggested

# The clips after the one on screen that the smallest screen shows.
IN_SIGHT = 5

Key = tuple[float, float, float, str, str]


class Queue:
    """All unsorted clips, and those of them that are shown. At first these are all, in the order in which they come."""

    def __init__(self, unsorted: Iterable[Path], known: Known) -> None:
        # A clip is one object here and in `clips`: comparing 20,000 paths takes longer than a key may.
        self.unsorted = {clip: clip for clip in unsorted}
        self._clips = list(self.unsorted)
        self._cursor = 0
        self.order = Order.NAME
        self.filter: Filter = Show.ALL
        self._known = known
        self._keys: dict[Path, Key] = {}
        self._put_off: dict[Path, int] = {}
        self._rounds = itertools.count(1)
        self._news: set[Path] = set()

    @property
    def clips(self) -> list[Path]:
        """The clips that are shown."""
        self._settle()
        return self._clips

    @property
    def cursor(self) -> int:
        self._settle()
        return self._cursor

    @property
    def current(self) -> Path | None:
        """The clip under the cursor, None where no clip is shown."""
        return self.clips[self.cursor] if self.clips else None

    def arrange(self, order: Order, shown: Filter) -> None:
        """Begin a new order and filter."""
        on_screen = self.current
        self.order, self.filter = order, shown
        self._keys = {clip: self._key(clip) for clip in self.unsorted}
        others = [clip for clip in self.unsorted if clip is not on_screen and self._fits(clip)]
        self._clips, self._cursor = [on_screen] if on_screen else [], 0
        self._clips += self._sorted(others)

    def learned(self, clips: Iterable[Path]) -> None:
        """Something new is known of `clips`; they are moved when the queue is looked at next, for many at once."""
        if self.filter is not Show.ALL or self.order not in (Order.NAME, Order.NEWEST):
            self._news.update(clips)

    def walk(self, step: int) -> None:
        """Move the cursor; it stops at both ends."""
        self._turn_to(max(0, min(self.cursor + step, len(self.clips) - 1)))

    def go_to(self, clip: Path) -> None:
        """Bring `clip` on screen, if it is shown."""
        if (place := self._place(clip)) is not None:
            self._turn_to(place)

    def later(self) -> None:
        """Put the clip on screen at the end; the next one comes on screen."""
        if not self.clips:
            return
        clip = self.clips.pop(self.cursor)
        self._put_off.pop(clip, None)
        self._put_off[clip] = next(self._rounds)
        self._keys[clip] = self._key(clip)
        if self._fits(clip):
            self.clips.append(clip)
        if self.cursor >= len(self.clips) - self._fits(clip):
            self._cursor = 0

    def previous(self) -> None:
        """Bring the clip that was put off last back on screen, before the one there; if none is left, walk back."""
        on_screen = self.current
        while self._put_off:
            clip, _ = self._put_off.popitem()
            if clip in self.unsorted:
                self._keys[clip] = self._key(clip)
                if clip != on_screen:
                    self._remove(clip)
                    self.show([clip])
                    return
        self.walk(-1)

    def show(self, clips: Sequence[Path]) -> None:
        """Bring `clips`, which are unsorted, in before the one on screen; the last of them comes on screen.

        It stands before those that come in with it, the first of them behind; one that is in the queue already stays in
        its place.
        """
        for clip in clips:
            self._admit(clip)
        own = [self.unsorted[clip] for clip in clips]
        there = set(map(id, self.clips))
        new = [clip for clip in reversed(own) if id(clip) not in there and (clip is own[-1] or self._fits(clip))]
        place = self.cursor
        if self.clips:
            self._cursor += len(new)
        self.clips[place:place] = new
        self.go_to(own[-1])

    def put_back(self, places: Mapping[Path, int]) -> None:
        """These are unsorted again: each takes its place among the others, if the filter shows it.

        The clip on screen stays.
        """
        for clip in places:
            self._admit(clip)
        there = set(map(id, self.clips))
        back = sorted((place, i, self.unsorted[clip]) for i, (clip, place) in enumerate(places.items()))
        clips: list[Path] = []
        end = ahead = 0
        for place, _, clip in back:
            if id(clip) not in there and self._fits(clip):
                clips += self.clips[end:place]
                clips.append(clip)
                end = place
                ahead += place <= self.cursor
        if self.clips:
            self._cursor += ahead
        self._clips = clips + self.clips[end:]

    def leave(self, clip: Path) -> None:
        """`clip` is unsorted no more. If it is the one on screen, the next one comes, after the last the first."""
        self._remove(clip)
        self.unsorted.pop(clip, None)
        self._keys.pop(clip, None)

    def leave_all(self, clips: Collection[Path]) -> dict[Path, int]:
        """These are unsorted no more; the next that stays comes on screen.

        Returns all of them in their order, those that are not shown last, each with its place among the others.
        """
        # By identity: to look up each of 20,000 paths some times over takes longer than a key may.
        own = {id(clip): clip for clip in map(self.unsorted.get, clips) if clip is not None}
        leaving = [place for place, clip in enumerate(self.clips) if id(clip) in own]
        places = {self.clips[place]: place - before for before, place in enumerate(leaving)}
        before = bisect_left(leaving, self.cursor)
        self._clips = [clip for clip in self.clips if id(clip) not in own]
        self._cursor = self._cursor - before if self._cursor - before < len(self._clips) else 0
        for clip in own.values():
            del self.unsorted[clip]
            self._keys.pop(clip, None)
        return places | {clip: 0 for clip in clips if clip not in places}

    def update(self, unsorted: Sequence[Path], changed: Collection[Path]) -> list[Path]:
        """From now on these clips are unsorted, `changed` are among them; returns those that are new."""
        there, on_screen = set(unsorted), self.current
        new = [clip for clip in unsorted if clip not in self.unsorted]
        self.unsorted = {clip: own for clip, own in self.unsorted.items() if clip in there}
        before = sum(clip in there for clip in self.clips[: self.cursor])
        clips = [clip for clip in self.clips if clip in there]
        for clip in new:
            self._admit(clip)
        self._clips = clips + [clip for clip in new if self._fits(clip)]
        self._cursor = before if on_screen in there or before < len(self._clips) else 0
        if self.order is not Order.NAME:
            self._news.update(new)
        if self.order is not Order.NAME or self.filter is not Show.ALL:
            self._news.update(changed)
        return new

    def folder_renamed(self, old: str, new: str) -> None:
        if self.filter == Suggested(old):
            self.filter = Suggested(new)

    def _settle(self) -> None:
        """Bring the clips of which something new is known to their places, in the calm way."""
        if not self._news:
            return
        changed = [self.unsorted[clip] for clip in self._news if clip in self.unsorted]
        self._news.clear()
        on_screen, edge = self.current, self._cursor + 1 + IN_SIGHT
        self._keys.update((clip, self._key(clip)) for clip in changed)
        # By identity: this takes a third of the time.
        moving = set(map(id, changed))
        stay = [
            clip for clip in self._clips[:edge] if id(clip) not in moving or clip is on_screen or self._fits(clip)
        ]
        behind = [clip for clip in self._clips[edge:] if id(clip) not in moving]
        there = set(map(id, stay))
        behind += [clip for clip in changed if id(clip) not in there and self._fits(clip)]
        self._clips = stay + self._sorted(behind)
        self._cursor = next((place for place, clip in enumerate(stay) if clip is on_screen), 0)

    def _sorted(self, clips: list[Path]) -> list[Path]:
        clips.sort(key=self._keys.__getitem__)
        group = self._known.group(self.current)
        if self.order is not Order.ALIKE or not group:
            return clips
        first, end = (
            bisect_left(clips, (0.0, float(one), 0.0, "", ""), key=self._keys.__getitem__) for one in (group, group + 1)
        )
        return clips[first:end] + clips[:first] + clips[end:]

    def _key(self, clip: Path) -> Key:
        rank, then = self._known.rank(self.order, clip)
        return self._put_off.get(clip, 0), rank, then, clip.name.casefold(), clip.name

    def _fits(self, clip: Path) -> bool:
        return self._known.fits(self.filter, clip)

    def _admit(self, clip: Path) -> None:
        self.unsorted.setdefault(clip, clip)
        self._keys[clip] = self._key(clip)

    def _turn_to(self, place: int) -> None:
        """Bring the clip at `place` on screen; the one that was there leaves if the filter does not show it."""
        before, self._cursor = self.cursor, place
        if place != before and not self._fits(self.clips[before]):
            self._pop(before)

    def _remove(self, clip: Path) -> None:
        if (place := self._place(clip)) is not None:
            self._pop(place)

    def _pop(self, place: int) -> None:
        self.clips.pop(place)
        if place < self.cursor:
            self._cursor -= 1
        elif self.cursor == len(self.clips):
            self._cursor = 0

    def _place(self, clip: Path) -> int | None:
        own = self.unsorted.get(clip)
        return next((place for place, one in enumerate(self.clips) if one is own), None)
