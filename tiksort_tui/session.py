"""Session: the queue, the clip on screen, the folders and what each key means. No Textual, no I/O, no clock.

Only the screen's event loop changes it. A filing is planned here, carried out elsewhere, and its outcome comes back:
until then the clip has left the queue, so that nobody waits for a disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tiksort_tui.config import ScreenConfig
from tiksort_tui.domain import FileStamp, Filing, Folder, LibrarySnapshot, Prediction
from tiksort_tui.labels import Labels
from tiksort_tui.library.state import TRASH_FOLDER
from tiksort_tui.ordering import Filter, Known, Order
from tiksort_tui.queue import Queue

DOUBT = ScreenConfig().doubt


@dataclass(frozen=True, slots=True)
class FilingRequest:
    """A filing that the mover is to carry out; `place` is where the clip stood in the queue."""

    clip: Path
    folder: str
    place: int


class Session:
    """What the person sees and changes. Folders keep keys and order as long as it lasts; below `doubt` is unsure."""

    def __init__(
        self,
        snapshot: LibrarySnapshot,
        predictions: Sequence[Prediction] = (),
        own_keys: Mapping[str, str] | None = None,
        doubt: float = DOUBT,
    ) -> None:
        self.root = snapshot.root
        self.doubt = doubt
        self.generation = 0
        # Also of clips that are filed: undoing brings them back as they were.
        known = self._known = Known(doubt, {video.path: video.stamp for video in snapshot.videos})
        self.predictions, self.failures, self.duplicates = known.predictions, known.failures, known.duplicates
        self.renamed = known.renamed
        self._labels = Labels(snapshot.folders, own_keys or {})
        self._labels.clips.update(video.folder for video in snapshot.labelled)
        self.filed = self._labels.filed
        self.links = snapshot.links
        self._queue = Queue([video.path for video in snapshot.unsorted], known)
        self._in_flight: dict[Path, FilingRequest] = {}
        self.set_aside: set[Path] = set()
        """Sorted clips that are not, or no longer, to be shown as misfiled: moved, or meant to be where they are."""
        self.apply(0, predictions)

    @property
    def queue(self) -> Sequence[Path]:
        """The clips that are shown, in their order: those that the filter shows, and the one on screen."""
        return self._queue.clips

    @property
    def cursor(self) -> int:
        """The place of the clip on screen in the queue."""
        return self._queue.cursor

    @property
    def unsorted(self) -> Collection[Path]:
        """All clips that are to be sorted, also those that the filter does not show."""
        return self._queue.unsorted.keys()

    @property
    def current(self) -> Path | None:
        """The clip under the cursor, which is the one that plays; None when none is shown."""
        return self._queue.current

    @property
    def order(self) -> Order:
        return self._queue.order

    @property
    def filter(self) -> Filter:
        return self._queue.filter

    @property
    def folders(self) -> list[Folder]:
        return self._labels.folders

    @property
    def fits_filter(self) -> bool:
        """Whether the clip on screen, if there is one, is one that the filter shows."""
        return self.current is None or self._known.fits(self.filter, self.current)

    @property
    def remaining(self) -> int:
        return len(self._queue.unsorted)

    @property
    def total(self) -> int:
        """The clips that were unsorted when the session began, or became so by undoing."""
        return self.remaining + self.filed.total()

    def upcoming(self, count: int) -> list[Path]:
        """The clip on screen and those after it: what is worth reading first."""
        return self._queue.clips[self.cursor : self.cursor + count]

    def prediction(self, clip: Path | None) -> Prediction | None:
        return self.predictions.get(clip) if clip else None

    def folder_of_key(self, key: str) -> str | None:
        return self._labels.of_key(key)

    def suggestion(self, rank: int) -> str | None:
        """The folder that the model puts at `rank` (1 is the best) for the clip on screen."""
        prediction = self.prediction(self.current)
        if prediction is None or rank > len(prediction.suggestions):
            return None
        return prediction.suggestions[rank - 1].folder

    def arrange(self, order: Order, shown: Filter) -> None:
        """Begin another order and filter; the clip on screen stays."""
        self._queue.arrange(order, shown)

    def walk(self, step: int) -> None:
        """Move the cursor; it stops at both ends."""
        self._queue.walk(step)

    def go_to(self, clip: Path) -> None:
        """Bring `clip` on screen, if it is in the queue."""
        self._queue.go_to(clip)

    def later(self) -> None:
        """Put the clip on screen at the end of the queue; the next one comes on screen."""
        self._queue.later()

    def previous(self) -> None:
        """Bring the clip that was put off last back, before the one on screen; where none is left, walk back by one."""
        self._queue.previous()

    def file(self, folder: str) -> FilingRequest | None:
        """Plan to file the clip on screen; the next one comes on screen. None where there is no such clip or folder."""
        return self._plan(folder) if folder in self._labels.names else None

    def file_all(self, folders: Mapping[Path, str]) -> list[FilingRequest]:
        """Plan to file these clips, each into its folder, without what is gone; the next that stays comes on screen."""
        names = self._labels.names
        there = {clip: folder for clip, folder in folders.items() if clip in self.unsorted and folder in names}
        requests = [FilingRequest(clip, there[clip], place) for clip, place in self._queue.leave_all(there).items()]
        for request in requests:
            self._begin(request)
        return requests

    def trash(self) -> FilingRequest | None:
        """Plan to put the clip on screen in the trash; the next one comes on screen. None where there is no clip."""
        return self._plan(TRASH_FOLDER)

    def moved(self, request: FilingRequest) -> None:
        """The filing is done."""
        self._in_flight.pop(request.clip, None)
        self.duplicates.pop(request.clip, None)

    def move_failed(self, requests: Sequence[FilingRequest], duplicates: Mapping[Path, Path]) -> None:
        """These clips are where they were: bring them back to their places. The clip on screen stays.

        `duplicates` are those of them that are in their folder already: each with the other one.
        """
        self.duplicates.update(duplicates)
        for request in requests:
            planned = self._in_flight.pop(request.clip, request)
            self._labels.take_back(request.clip, planned.folder)
        self._queue.put_back({request.clip: request.place for request in requests})

    def refiled(self, filing: Filing) -> None:
        """A sorted clip was brought from one folder into another."""
        self._labels.refile(self._top(filing.source), self._top(filing.target))
        self.set_aside.add(filing.source)

    def undone(self, filings: Sequence[Filing]) -> None:
        """Filings were taken back, also some of an earlier session.

        Those of their clips that are unsorted again come in before the one on screen, and the last of them on screen.
        """
        stamps, unsorted = self._known.stamps, []
        for filing in filings:
            folder = self._top(filing.target)
            if self._is_in_root(filing.source):
                clip = self._labels.take_back(filing.source, folder)
                if clip not in stamps and (stamp := stamps.get(filing.target)):
                    stamps[clip] = stamp
                unsorted.append(clip)
                self._known.leave_group(clip)
            else:
                self._labels.refile(folder, self._top(filing.source))
                self.set_aside.discard(filing.source)
        if unsorted:
            self._queue.show(unsorted)

    def redone(self, filings: Sequence[Filing]) -> None:
        """Filings were done again: their clips, where they were unsorted, leave the queue."""
        leaving = []
        for filing in filings:
            folder = self._top(filing.target)
            if not self._is_in_root(filing.source):
                self.refiled(filing)
            elif clip := self._queue.unsorted.get(filing.source):
                self._labels.file(clip, folder)
                leaving.append(clip)
            else:
                self._labels.clips[folder] += 1
        self.gone(leaving)

    def gone(self, clips: Collection[Path]) -> None:
        """The clips are no longer in the library's root: another program moved them or deleted them."""
        if clips:
            self._queue.leave_all(clips)

    def knows(self, clip: Path, stamp: FileStamp) -> bool:
        """Whether the clip is unsorted, and still the file that it was."""
        return clip in self.unsorted and self._known.is_same(clip, stamp)

    def rescan(self, snapshot: LibrarySnapshot) -> list[Path]:
        """Take over what a new listing of the library found, taken while no move was half done.

        New clips come into the queue, those that are gone leave, and so do folders; new ones take the next keys. The
        clip on screen stays if it is still there. Filings that are still to be carried out count as done. What was
        known of a file that is another one now under the same name is forgotten. Returns the clips that are new or
        another.
        """
        # By the queue's own paths: to compare 20,000 with others again and again takes longer than a key may.
        own = self._queue.unsorted
        stamps = {own.get(video.path, video.path): video.stamp for video in snapshot.unsorted}
        unsorted = [clip for clip in stamps if clip not in self._in_flight]
        changed = [clip for clip in unsorted if not self.knows(clip, stamps[clip])]
        self._known.forget(changed)
        self._known.stamps.update({video.path: video.stamp for video in snapshot.labelled} | stamps)
        self._queue.update(unsorted, changed)
        self._labels.clips = Counter(video.folder for video in snapshot.labelled)
        self._labels.clips.update(request.folder for request in self._in_flight.values())
        self._labels.update(snapshot.folders)
        self.links = snapshot.links
        return changed

    def add_folder(self, name: str) -> None:
        """A new folder takes the next free key, after all others."""
        self._labels.add(name)

    def folder_renamed(self, old: str, new: str) -> None:
        """The folder keeps its key, its place and its clips; what the model says of it holds."""
        self._labels.folder_renamed(old, new)
        self._queue.folder_renamed(old, new)
        self._known.folder_renamed(self.root, old, new)
        for clip, request in self._in_flight.items():
            if request.folder == old:
                self._in_flight[clip] = replace(request, folder=new)

    def apply(self, generation: int, predictions: Collection[Prediction]) -> None:
        """Take over predictions, unless a newer model has spoken. The clip on screen stays."""
        if generation >= self.generation:
            self.generation = generation
            self._queue.learned(self._known.predict(predictions))

    def run_begins(self) -> None:
        """What the engine tells from now on is of the clips as they were found last."""
        self._known.replaced.clear()

    def no_predictions(self) -> None:
        """There is no model any more, and what it said does not hold."""
        self._queue.learned(self.predictions)
        self.predictions.clear()

    def read(self, clip: Path, failure: str = "") -> None:
        """The clip was read, or cannot be for the reason `failure`."""
        if self._known.read(clip, failure):
            self._queue.learned([clip])

    def _plan(self, folder: str) -> FilingRequest | None:
        clip = self.current
        if clip is None:
            return None
        request = FilingRequest(clip, folder, self.cursor)
        self._queue.leave(clip)
        self._begin(request)
        return request

    def _begin(self, request: FilingRequest) -> None:
        self._in_flight[request.clip] = request
        self._labels.file(request.clip, request.folder)

    def _is_in_root(self, path: Path) -> bool:
        return len(path.parts) == len(self.root.parts) + 1

    def _top(self, path: Path) -> str:
        """The folder that counts a clip at `path`."""
        return path.parts[len(self.root.parts)]
