"""One run over a library as a generator of events: scan → extract → train → predict. Stopping it is cancelling it.

A model is trained as soon as the labelled clips are in the cache; what is extracted later is predicted at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from tiksort_tui.cache import CacheDamaged, EmbeddingCache, set_cache_aside
from tiksort_tui.domain import Failure, Transcript, Video
from tiksort_tui.encoders import EncoderPlan, choose_encoders
from tiksort_tui.encoders.base import Encoders
from tiksort_tui.errors import LibraryError
from tiksort_tui.learning import FeaturesError, StorageError
from tiksort_tui.library.scan import scan
from tiksort_tui.pipeline import artifacts
from tiksort_tui.pipeline.events import (
    EncodersReady,
    Event,
    ExtractionStarted,
    Finished,
    NoModel,
    Noticed,
    RunRequest,
    Scanned,
    Trained,
    VideoExtracted,
    VideoFailed,
)
from tiksort_tui.pipeline.extract import Clip, ClipFailed, ClipStarted, Step, extract
from tiksort_tui.pipeline.summary import CACHE, RunSummary, fingerprint, now, save_summary
from tiksort_tui.pipeline.table import identify
from tiksort_tui.pipeline.teaching import Teacher, timed


def run(
    request: RunRequest,
    load: Callable[[EncoderPlan], Encoders],
    wanted: Callable[[], Sequence[Path]] = tuple,
    taught: Callable[[], bool] = bool,
) -> Iterator[Event]:
    """Run once. `load` gives the encoders of a plan; `wanted` names the clips that are to be read next.

    `taught` says, once each time, whether somebody has filed clips meanwhile, which the model then learns from.

    Raises LibraryError, EncoderError, and ReadingHung (see `extract`).
    """
    plan = choose_encoders(request.config)
    encoders = load(plan)
    yield EncodersReady(encoders.name, encoders.device)
    if not request.only_learn:
        # Who only learns holds no lock: another process may be writing them just now.
        artifacts.clear_leftovers(request.state)

    def attempt() -> Iterator[Event]:
        bound = request.config.extraction.strip_cache_mb * 1024 * 1024
        with closing(EmbeddingCache(request.state / CACHE, bound)) as cache:
            if not request.only_learn:
                cache.check()
            yield from _Run(request, plan, encoders, cache, wanted, taught).events()

    try:
        yield from attempt()
    except CacheDamaged as damage:
        # None: another process has set it aside, and has said so.
        if kept := set_cache_aside(damage):
            yield Noticed(
                f"the cache of what was read of each clip is damaged ({damage.reason}): it is kept as {kept}, and the "
                "clips are read again"
            )
        yield from attempt()


class _Run:
    """The state of one run: what it has found so far."""

    def __init__(
        self,
        request: RunRequest,
        plan: EncoderPlan,
        encoders: Encoders,
        cache: EmbeddingCache,
        wanted: Callable[[], Sequence[Path]],
        taught: Callable[[], bool],
    ) -> None:
        self._request = request
        self._plan = plan
        self._encoders = encoders
        self._cache = cache
        self._wanted = wanted
        self._taught = taught
        self._seconds = dict.fromkeys(("scan_s", "extract_s", "train_s", "predict_s"), 0.0)
        self._teacher = Teacher(request, encoders, cache, self._seconds)
        self._failed: dict[Path, str] = {}
        self._passing = False
        self._relearned = False
        self._notes: dict[Path, str] = {}

    def events(self) -> Iterator[Event]:
        with timed(self._seconds, "scan_s"):
            unreadable = self._list()
            clips, remembered = self._to_extract()
        cached = len(set(self._ids.values())) - len(clips) - len({self._ids[failure.path] for failure in remembered})
        if self._request.only_learn:
            clips = []
        labelled, unsorted = self._snapshot.labelled, self._snapshot.unsorted
        yield Scanned(self._snapshot.folders, len(labelled), len(unsorted), cached, len(clips))
        closed = [Failure(folder, "this folder cannot be listed") for folder in self._snapshot.unreadable]
        self._passing = bool(closed or unreadable)
        if not self._request.only_learn:
            for failure in (*closed, *unreadable, *remembered):
                yield self._fail(failure.path, failure.reason, 0, len(clips))

        try:
            last = artifacts.load_model(self._request.state, self._encoders.id)
            if last and not self._request.only_learn:
                # Until there is a new model, the last run's is better than none.
                yield from self._teacher.guess(last)
        except (StorageError, FeaturesError):
            last = None
            model = self._request.state / artifacts.MODEL
            if not self._request.only_learn:
                yield Noticed(f"{model}: is damaged, or not this library's; it is not used, and a new one is learned")
        if self._request.only_learn:
            yield from self._teacher.train(last)
            yield Finished(0, cached)
            return

        extracted = 0
        for event in self._extract_and_train(clips):
            extracted += isinstance(event, VideoExtracted)
            yield event
        if extracted:
            # One by one they were not ranked among each other.
            yield from self._teacher.predict(self._snapshot.unsorted)
        try:
            self._write(extracted, cached)
        except (OSError, StorageError) as error:
            raise LibraryError(f"the results cannot be written to {self._request.state}: {error}") from error
        yield Finished(extracted, cached)

    def _list(self) -> list[Failure]:
        """See what is in the library now; returns what cannot be read."""
        self._snapshot = scan(self._request.library, self._request.config.library, self._request.state)
        self._ids, unreadable = identify(self._snapshot.videos, self._cache)
        self._teacher.see(self._snapshot, self._ids)
        return unreadable

    def _to_extract(self) -> tuple[list[Clip], list[Failure]]:
        """The clips that the cache lacks, labelled ones first, and those that it knows to fail."""
        if self._request.retry:
            self._cache.forgive(self._ids.values())
        for failure in self._request.quarantined:
            if failure.path in self._ids:
                self._cache.put_failure(self._ids[failure.path], self._encoders.id, failure.reason)
        complete = self._cache.complete([modality.encoder_id for modality in self._encoders.modalities])
        failures = self._cache.failures(self._encoders.id)
        clips: dict[str, Clip] = {}
        remembered = []
        for video in (*self._snapshot.labelled, *self._snapshot.unsorted):
            video_id = self._ids.get(video.path)
            if video_id in failures:
                remembered.append(Failure(video.path, failures[video_id]))
            elif video_id is not None and video_id not in complete:
                clips.setdefault(video_id, Clip(video_id, video.path, video.stamp))
        return list(clips.values()), remembered

    def _extract_and_train(self, clips: Sequence[Clip]) -> Iterator[Event]:
        videos: dict[str, list[Video]] = {}
        for video in self._snapshot.videos:
            if video.path in self._ids:
                videos.setdefault(self._ids[video.path], []).append(video)
        labels_missing = {clip.video_id for clip in clips if any(video.folder for video in videos[clip.video_id])}
        if not labels_missing:
            yield from self._teacher.train()
        done = 0
        for step in self._extract(clips):
            if isinstance(step, ClipStarted):
                yield ExtractionStarted(step.clip.path)
                continue
            done += 1
            copies = videos[step.clip.video_id]
            if isinstance(step, ClipFailed):
                self._passing |= step.passing
                for video in copies:
                    yield self._fail(video.path, step.reason, done, len(clips))
            else:
                if step.note:
                    self._notes.update((video.path, step.note) for video in copies)
                yield VideoExtracted(step.clip.path, done, len(clips), step.note)
            if step.clip.video_id in labels_missing:
                labels_missing.remove(step.clip.video_id)
                if not labels_missing:
                    yield from self._teacher.train()
            elif not labels_missing:
                yield from self._teacher.predict([video for video in copies if video.folder is None])
            if not labels_missing and self._taught():
                self._relearned = True
                self._list()
                yield from self._teacher.train(self._teacher.model)

    def _extract(self, clips: Sequence[Clip]) -> Iterator[Step]:
        """`extract`, and the time that it takes; clips that are to be read alone go first, one at a time."""
        alone = [clip for clip in clips if clip.path in self._request.alone]
        others = [clip for clip in clips if clip.path not in self._request.alone]
        config = self._request.config.extraction
        for some, in_flight in ((alone, 1), (others, None)):
            steps = extract(some, self._encoders, self._cache, config, self._wanted, in_flight)
            with closing(steps):
                while True:
                    with timed(self._seconds, "extract_s"):
                        step = next(steps, None)
                    if step is None:
                        break
                    yield step

    def _write(self, extracted: int, cached: int) -> None:
        state, root, config = self._request.state, self._snapshot.root, self._request.config
        teacher, trained = self._teacher, self._teacher.trained
        summary = RunSummary(
            # What could not be read just now may be readable next time, though nothing that is compared has changed.
            # And what was learned from filings while clips were read holds for no state of the library as a whole.
            fingerprint="" if self._passing or self._relearned else fingerprint(self._snapshot, config, self._plan),
            finished=now(),
            encoder_kind=self._encoders.kind,
            encoder_name=self._encoders.name,
            encoder_id=self._encoders.id,
            notice=self._plan.notice,
            model=trained if isinstance(trained, Trained) else None,
            reason=trained.reason if isinstance(trained, NoModel) else None,
            predictions=tuple(sorted(teacher.predictions.values(), key=lambda prediction: prediction.path)),
            failed=tuple(Failure(path, reason) for path, reason in self._failed.items()),
            notes=tuple(Failure(path, note) for path, note in self._notes.items()),
            extracted=extracted,
            cached=cached,
            timing={stage: round(seconds, 3) for stage, seconds in self._seconds.items()},
        )
        artifacts.write_embeddings(state, root, teacher.labelled, teacher.table(self._snapshot.unsorted))
        artifacts.write_model(state, teacher.model, self._encoders.id, teacher.labelled.features.shape[1])
        artifacts.write_predictions(state, root, summary.predictions)
        # A copy of a clip that is sorted already would be nobody's decision.
        known = set(teacher.labelled.ids)
        ids = {self._ids[one.path]: one.folder for one in summary.predictions if one.audited}
        audited = {one: folder for one, folder in ids.items() if one not in known}
        artifacts.write_audit(state, audited | artifacts.read_audit(state))
        artifacts.write_transcripts(state, self._transcripts())
        save_summary(state, root, summary)

    def _transcripts(self) -> dict[str, Transcript]:
        """What is said in each clip, by its path in the library."""
        if not self._encoders.transcriber:
            return {}
        said = self._cache.transcripts(self._encoders.transcriber.id)
        root = self._snapshot.root
        return {str(path.relative_to(root)): said[one] for path, one in self._ids.items() if one in said}

    def _fail(self, path: Path, reason: str, done: int, total: int) -> VideoFailed:
        self._failed[path] = reason
        return VideoFailed(path, reason, done, total)
