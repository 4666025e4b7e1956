"""Session: the queue, the clip on screen, the folders and what each key means. No Textual, no I/O, no clock.

Only the screen's event loop changes it. A filing is planned here, carried out elsewhere, and its outcome comes back:
until then the clip has left the queue, so that nobody waits for a disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tiksort_tui.domain import Filing, LibrarySnapshot, Prediction
from tiksort_tui.library.state import TRASH_FOLDER

DIGITS = "1234567890"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with its digit, None where these have run out, the user's own key, and how many clips are in it."""

    name: str
    digit: str | None
    own_key: str | None
    count: int

    @property
    def key(self) -> str | None:
        return self.digit or self.own_key


@dataclass(frozen=True, slots=True)
class FilingRequest:
    """A filing that the mover is to carry out; `place` is where the clip stood in the queue."""

    clip: Path
    folder: str
    place: int


class Session:
    """What the person sees and changes. Folders keep their keys and their order as long as it lasts."""

    def __init__(
        self,
        snapshot: LibrarySnapshot,
        predictions: Sequence[Prediction] = (),
        own_keys: Mapping[str, str] | None = None,
    ) -> None:
        self.root = snapshot.root
        self.queue: list[Path] = [video.path for video in snapshot.unsorted]
        self.cursor = 0
        self.generation = 0
        self.predictions: dict[Path, Prediction] = {}
        self.failures: dict[Path, str] = {}
        self.duplicates: dict[Path, Path] = {}
        self.filed: Counter[str] = Counter()
        self._own_keys = dict(own_keys or {})
        self._counts = Counter(video.folder for video in snapshot.labelled)
        self._names: list[str] = list(snapshot.folders)
        self.links = snapshot.links
        self._in_flight: dict[Path, FilingRequest] = {}
        self._filed_here: set[Path] = set()
        self._passed: list[Path] = []
        self.apply(0, predictions)

    @property
    def current(self) -> Path | None:
        """The clip under the cursor, which is the one that plays; None when all are sorted."""
        return self.queue[self.cursor] if self.queue else None

    @property
    def folders(self) -> list[Folder]:
        own = {folder: key for key, folder in self._own_keys.items()}
        digits = [*DIGITS, *[None] * len(self._names)]
        return [
            Folder(name, digit, own.get(name), self._counts[name])
            for name, digit in zip(self._names, digits, strict=False)
        ]

    @property
    def remaining(self) -> int:
        return len(self.queue)

    @property
    def total(self) -> int:
        """The clips that were unsorted when the session began, or became so by undoing."""
        return len(self.queue) + self.filed.total()

    @property
    def busy(self) -> bool:
        """Whether filings are under way."""
        return bool(self._in_flight)

    def upcoming(self, count: int) -> list[Path]:
        """The clip on screen and those after it: what is worth reading first."""
        return self.queue[self.cursor : self.cursor + count]

    def prediction(self, clip: Path | None) -> Prediction | None:
        return self.predictions.get(clip) if clip else None

    def folder_of_key(self, key: str) -> str | None:
        own = self._own_keys.get(key)
        if own is not None:
            return own if own in self._names else None
        return next((folder.name for folder in self.folders if folder.digit == key), None)

    def suggestion(self, rank: int) -> str | None:
        """The folder that the model puts at `rank` (1 is the best) for the clip on screen."""
        prediction = self.prediction(self.current)
        if prediction is None or rank > len(prediction.suggestions):
            return None
        return prediction.suggestions[rank - 1].folder

    def walk(self, step: int) -> None:
        """Move the cursor; it stops at both ends."""
        self.cursor = max(0, min(self.cursor + step, len(self.queue) - 1))

    def go_to(self, clip: Path) -> None:
        """Bring `clip` on screen, if it is in the queue."""
        if clip in self.queue:
            self.cursor = self.queue.index(clip)

    def later(self) -> None:
        """Put the clip on screen at the end of the queue; the next one comes on screen."""
        if self.queue:
            clip = self.queue.pop(self.cursor)
            self.queue.append(clip)
            self._passed.append(clip)
            if self.cursor == len(self.queue) - 1:
                self.cursor = 0

    def previous(self) -> None:
        """Bring the clip that was put off last back, before the one on screen; where none is left, walk back by one."""
        on_screen = self.current
        while self._passed:
            clip = self._passed.pop()
            if on_screen and clip != on_screen and clip in self.queue:
                self.queue.remove(clip)
                self.cursor = self.queue.index(on_screen)
                self.queue.insert(self.cursor, clip)
                return
        self.walk(-1)

    def file(self, folder: str) -> FilingRequest | None:
        """Plan to file the clip on screen; the next one comes on screen. None where there is no such clip or folder."""
        return self._plan(folder) if folder in self._names else None

    def trash(self) -> FilingRequest | None:
        """Plan to put the clip on screen in the trash; the next one comes on screen. None where there is no clip."""
        return self._plan(TRASH_FOLDER)

    def moved(self, request: FilingRequest) -> None:
        """The filing is done."""
        self._in_flight.pop(request.clip, None)
        self.duplicates.pop(request.clip, None)

    def move_failed(self, request: FilingRequest, duplicate_of: Path | None = None) -> None:
        """The clip is where it was: bring it back to its place. The clip on screen stays."""
        self._in_flight.pop(request.clip, None)
        if duplicate_of is not None:
            self.duplicates[request.clip] = duplicate_of
        self._filed_here.discard(request.clip)
        self._counts[request.folder] -= 1
        self.filed[request.folder] -= 1
        place = min(request.place, len(self.queue))
        self.queue.insert(place, request.clip)
        if place <= self.cursor and len(self.queue) > 1:
            self.cursor += 1

    def undone(self, filing: Filing) -> None:
        """A filing was taken back, also one of an earlier session: its clip, if unsorted again, comes on screen."""
        clip, folder = filing.source, self._top(filing.target)
        self._counts[folder] -= 1
        if clip in self._filed_here:
            self._filed_here.remove(clip)
            self.filed[folder] -= 1
        if clip.parent != self.root:
            self._counts[self._top(clip)] += 1
        elif clip in self.queue:
            self.cursor = self.queue.index(clip)
        else:
            self.queue.insert(self.cursor, clip)

    def redone(self, filing: Filing) -> None:
        """A filing was done again: its clip, if it was unsorted, leaves the queue."""
        clip, folder = filing.source, self._top(filing.target)
        self._counts[folder] += 1
        if clip.parent != self.root:
            self._counts[self._top(clip)] -= 1
        elif clip in self.queue:
            self._leave(self.queue.index(clip))
            self._filed_here.add(clip)
            self.filed[folder] += 1

    def gone(self, clip: Path) -> None:
        """The clip is no longer in the library's root: another program moved it or deleted it."""
        if clip in self.queue:
            self._leave(self.queue.index(clip))

    def rescan(self, snapshot: LibrarySnapshot) -> None:
        """Take over what a new listing of the library found, taken while no move was half done.

        New clips come at the end, those that are gone leave, new folders take the next keys; the clip on screen stays
        if it is still there. Filings that are still to be carried out count as done.
        """
        on_screen = self.current
        unsorted = [video.path for video in snapshot.unsorted if video.path not in self._in_flight]
        there, known = set(unsorted), set(self.queue)
        before = [clip for clip in self.queue[: self.cursor] if clip in there]
        self.queue = [clip for clip in self.queue if clip in there] + [clip for clip in unsorted if clip not in known]
        self.cursor = len(before) if on_screen in there or len(before) < len(self.queue) else 0
        self._counts = Counter(video.folder for video in snapshot.labelled)
        self._counts.update(request.folder for request in self._in_flight.values())
        for name in snapshot.folders:
            self.add_folder(name)
        self.links = snapshot.links

    def add_folder(self, name: str) -> None:
        """A new folder takes the next free key, after all others."""
        if name not in self._names:
            self._names.append(name)

    def folder_renamed(self, old: str, new: str) -> None:
        """The folder keeps its key, its place and its clips; what the model says of it holds."""
        self._names = [new if name == old else name for name in self._names]
        for counts in (self._counts, self.filed):
            counts[new] += counts.pop(old, 0)
        for path, prediction in self.predictions.items():
            suggestions = [replace(one, folder=new) if one.folder == old else one for one in prediction.suggestions]
            self.predictions[path] = replace(prediction, suggestions=tuple(suggestions))

    def apply(self, generation: int, predictions: Iterable[Prediction]) -> None:
        """Take over predictions, unless a newer model has spoken. The clip on screen stays."""
        if generation >= self.generation:
            self.generation = generation
            self.predictions.update((prediction.path, prediction) for prediction in predictions)

    def _plan(self, folder: str) -> FilingRequest | None:
        clip = self.current
        if clip is None:
            return None
        request = FilingRequest(clip, folder, self.cursor)
        self._leave(self.cursor)
        self._in_flight[clip] = request
        self._filed_here.add(clip)
        self._counts[folder] += 1
        self.filed[folder] += 1
        return request

    def _leave(self, place: int) -> None:
        """Take a clip out of the queue. If it is the one on screen, the next one comes, after the last the first."""
        self.queue.pop(place)
        if place < self.cursor:
            self.cursor -= 1
        elif self.cursor == len(self.queue):
            self.cursor = 0

    def _top(self, path: Path) -> str:
        """The folder that counts a clip at `path`."""
        return path.relative_to(self.root).parts[0]
