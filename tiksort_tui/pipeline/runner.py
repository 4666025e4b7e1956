"""One run over a library as a generator of events: scan → extract → train → predict. Stopping it is cancelling it.

A model is trained as soon as the labelled clips are in the cache; what is extracted later is predicted at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tiksort_tui.cache import CacheDamaged, EmbeddingCache, set_cache_aside
from tiksort_tui.domain import Failure, Prediction, Suggestion, Transcript, Video
from tiksort_tui.encoders import EncoderPlan, choose_encoders
from tiksort_tui.encoders.base import Encoders
from tiksort_tui.errors import LibraryError
from tiksort_tui.learning import Classifier, FeaturesError, NotEnoughLabels, StorageError, block_slices, fit
from tiksort_tui.library.scan import scan
from tiksort_tui.pipeline import artifacts
from tiksort_tui.pipeline.events import (
    EncodersReady,
    Event,
    ExtractionStarted,
    Finished,
    FolderRecall,
    NoModel,
    Noticed,
    Predicted,
    RunRequest,
    Scanned,
    Trained,
    TrainingStarted,
    VideoExtracted,
    VideoFailed,
)
from tiksort_tui.pipeline.extract import Clip, ClipFailed, ClipStarted, Step, extract
from tiksort_tui.pipeline.summary import CACHE, RunSummary, fingerprint, now, save_summary
from tiksort_tui.pipeline.table import Table, identify, table

# Decoding a larger event would hold up the screen.
PREDICTIONS_AT_ONCE = 500


def run(
    request: RunRequest, load: Callable[[EncoderPlan], Encoders], wanted: Callable[[], Sequence[Path]] = tuple
) -> Iterator[Event]:
    """Run once. `load` gives the encoders of a plan; `wanted` names the clips that are to be read next.

    Raises LibraryError, EncoderError, and ReadingHung (see `extract`).
    """
    plan = choose_encoders(request.config)
    encoders = load(plan)
    yield EncodersReady(encoders.name, encoders.device)
    artifacts.clear_leftovers(request.state)

    def attempt() -> Iterator[Event]:
        bound = request.config.extraction.strip_cache_mb * 1024 * 1024
        with closing(EmbeddingCache(request.state / CACHE, bound)) as cache:
            cache.check()
            yield from _Run(request, plan, encoders, cache, wanted).events()

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
    ) -> None:
        self._request = request
        self._plan = plan
        self._encoders = encoders
        self._cache = cache
        self._wanted = wanted
        self._seconds = dict.fromkeys(("scan_s", "extract_s", "train_s", "predict_s"), 0.0)
        self._failed: dict[Path, str] = {}
        self._passing = False
        self._notes: dict[Path, str] = {}
        self._predictions: dict[Path, Prediction] = {}
        self._model: Classifier | None = None
        self._trained: Trained | NoModel | None = None

    def events(self) -> Iterator[Event]:
        with self._timed("scan_s"):
            self._snapshot = scan(self._request.library, self._request.config.library, self._request.state)
            self._ids, unreadable = identify(self._snapshot.videos, self._cache)
            clips, remembered = self._to_extract()
        cached = len(set(self._ids.values())) - len(clips) - len({self._ids[failure.path] for failure in remembered})
        labelled, unsorted = self._snapshot.labelled, self._snapshot.unsorted
        yield Scanned(self._snapshot.folders, len(labelled), len(unsorted), cached, len(clips))
        closed = [Failure(folder, "this folder cannot be listed") for folder in self._snapshot.unreadable]
        self._passing = bool(closed or unreadable)
        for failure in (*closed, *unreadable, *remembered):
            yield self._fail(failure.path, failure.reason, 0, len(clips))

        # Until there is a new model, the last run's is better than none.
        try:
            if last := artifacts.load_model(self._request.state, self._encoders.id):
                yield from self._predict(last, unsorted, self._request.generation - 1)
                self._predictions.clear()
        except (StorageError, FeaturesError):
            model = self._request.state / artifacts.MODEL
            yield Noticed(f"{model}: is damaged, or not this library's; it is not used, and a new one is learned")

        extracted = 0
        for event in self._extract_and_train(clips):
            extracted += isinstance(event, VideoExtracted)
            yield event
        try:
            self._write(extracted, cached)
        except (OSError, StorageError) as error:
            raise LibraryError(f"the results cannot be written to {self._request.state}: {error}") from error
        yield Finished(extracted, cached)

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
            yield from self._train()
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
                    yield from self._train()
            elif self._model and not labels_missing:
                unsorted = [video for video in copies if video.folder is None]
                yield from self._predict(self._model, unsorted, self._request.generation)

    def _extract(self, clips: Sequence[Clip]) -> Iterator[Step]:
        """`extract`, and the time that it takes; clips that are to be read alone go first, one at a time."""
        alone = [clip for clip in clips if clip.path in self._request.alone]
        others = [clip for clip in clips if clip.path not in self._request.alone]
        config = self._request.config.extraction
        for some, in_flight in ((alone, 1), (others, None)):
            steps = extract(some, self._encoders, self._cache, config, self._wanted, in_flight)
            with closing(steps):
                while True:
                    with self._timed("extract_s"):
                        step = next(steps, None)
                    if step is None:
                        break
                    yield step

    def _train(self) -> Iterator[Event]:
        rows = self._labelled = self._table(self._snapshot.labelled)
        yield TrainingStarted(len(rows.videos))
        blocks = block_slices({modality.name: modality.dim for modality in self._encoders.modalities})
        labels = [str(video.folder) for video in rows.videos]
        try:
            with self._timed("train_s"):
                # Copies of one clip must not stand on both sides of a fold.
                self._model = fit(rows.features, labels, blocks=blocks, groups=rows.ids)
        except NotEnoughLabels as error:
            self._trained = NoModel(str(error))
            yield self._trained
            return
        report = self._model.report
        self._trained = Trained(
            kind=report.kind,
            cv_accuracy=report.cv_accuracy.get(report.kind),
            folders=self._model.folders,
            labelled=report.labelled,
            recall=tuple(FolderRecall(score.folder, score.clips, score.recall) for score in report.folders),
            notes=report.notes,
        )
        yield self._trained
        yield from self._predict(self._model, self._snapshot.unsorted, self._request.generation)

    def _predict(self, model: Classifier, videos: Sequence[Video], generation: int) -> Iterator[Predicted]:
        """Predict those of `videos` that are in the cache."""
        with self._timed("predict_s"):
            rows = self._table(videos)
            if not rows.videos:
                return
            probabilities = model.predict_proba(rows.features)
            best = (-probabilities).argsort(axis=1, kind="stable")[:, : self._request.config.prediction.top_k]
            predictions = tuple(
                Prediction(video.path, tuple(Suggestion(model.folders[i], round(float(row[i]), 4)) for i in top))
                for video, row, top in zip(rows.videos, probabilities, best, strict=True)
            )
        self._predictions.update((prediction.path, prediction) for prediction in predictions)
        for start in range(0, len(predictions), PREDICTIONS_AT_ONCE):
            yield Predicted(generation, predictions[start : start + PREDICTIONS_AT_ONCE])

    def _write(self, extracted: int, cached: int) -> None:
        state, root = self._request.state, self._snapshot.root
        summary = RunSummary(
            # What could not be read just now may be readable next time, though nothing that is compared has changed.
            fingerprint="" if self._passing else fingerprint(self._snapshot, self._request.config, self._plan),
            finished=now(),
            encoder_kind=self._encoders.kind,
            encoder_name=self._encoders.name,
            encoder_id=self._encoders.id,
            notice=self._plan.notice,
            model=self._trained if isinstance(self._trained, Trained) else None,
            reason=self._trained.reason if isinstance(self._trained, NoModel) else None,
            predictions=tuple(sorted(self._predictions.values(), key=lambda prediction: prediction.path)),
            failed=tuple(Failure(path, reason) for path, reason in self._failed.items()),
            notes=tuple(Failure(path, note) for path, note in self._notes.items()),
            extracted=extracted,
            cached=cached,
            timing={stage: round(seconds, 3) for stage, seconds in self._seconds.items()},
        )
        artifacts.write_embeddings(state, root, self._labelled, self._table(self._snapshot.unsorted))
        artifacts.write_model(state, self._model, self._encoders.id, self._labelled.features.shape[1])
        artifacts.write_predictions(state, root, summary.predictions)
        artifacts.write_transcripts(state, self._transcripts())
        save_summary(state, summary)

    def _transcripts(self) -> dict[str, Transcript]:
        """What is said in each clip, by its path in the library."""
        if not self._encoders.transcriber:
            return {}
        said = self._cache.transcripts(self._encoders.transcriber.id)
        root = self._snapshot.root
        return {str(path.relative_to(root)): said[one] for path, one in self._ids.items() if one in said}

    def _table(self, videos: Sequence[Video]) -> Table:
        return table(videos, self._ids, self._cache, self._encoders.modalities)

    def _fail(self, path: Path, reason: str, done: int, total: int) -> VideoFailed:
        self._failed[path] = reason
        return VideoFailed(path, reason, done, total)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self._seconds[stage] += time.monotonic() - began
