"""From rows of features to a model, and from a model to what is said of each unsorted clip."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.cache import EmbeddingCache
from tiksort_tui.config import PredictionConfig
from tiksort_tui.domain import LibrarySnapshot, Prediction, Suggestion, Video, visible
from tiksort_tui.encoders.base import Encoders
from tiksort_tui.learning import (
    ODD_ONE_OUT,
    Classifier,
    NotEnoughLabels,
    alike_groups,
    audit,
    block_slices,
    fit,
    fits_somewhere,
    least_sure_first,
    most_different_first,
    nearest_labelled,
    pool,
    prompts,
    refit,
)
from tiksort_tui.pipeline import artifacts
from tiksort_tui.pipeline.events import (
    Event,
    Misfiled,
    NoModel,
    Past,
    Predicted,
    RunRequest,
    Trained,
    TrainingStarted,
)
from tiksort_tui.pipeline.summary import load_summary
from tiksort_tui.pipeline.table import Table, table
from tiksort_tui.report import Audit

FloatArray = NDArray[np.float32]

# Decoding a larger event would hold up the screen.
PREDICTIONS_AT_ONCE = 100
# Earlier models whose accuracy is remembered.
PAST_MODELS = 100
# Of the clips that the model may file by itself, one in so many is left for a person, who thereby checks it.
AUDITED_ONE_IN = 20
# Clips that are ranked and grouped; of more, those that the model has most to learn from.
RANKED = 20_000


class Teacher:
    """Learns from the labelled clips of one run, and says what it thinks of the unsorted ones.

    `see` is called before all else, and whenever the library has changed. `seconds` takes the time that it spends.
    """

    def __init__(
        self, request: RunRequest, encoders: Encoders, cache: EmbeddingCache, seconds: dict[str, float]
    ) -> None:
        self._request = request
        self._encoders = encoders
        self._cache = cache
        self._seconds = seconds
        self._past = _last_past(request.state, request.library)
        self.model: Classifier | None = None
        self.trained: Trained | NoModel | None = None
        self.predictions: dict[Path, Prediction] = {}

    def see(self, snapshot: LibrarySnapshot, ids: Mapping[Path, str]) -> None:
        """What is in the library now, and the contents' ids."""
        self._snapshot = snapshot
        self._ids = ids

    def table(self, videos: Sequence[Video]) -> Table:
        """The rows of those of `videos` that are in the cache."""
        return table(videos, self._ids, self._cache, self._encoders.modalities)

    def guess(self, last: Classifier) -> Iterator[Predicted]:
        """Predict by an earlier run's model. Raises FeaturesError where it is one of other features."""
        self.labelled = self.table(self._snapshot.labelled)
        # It counts only where no model has spoken yet: one that was taught since knows better.
        yield from self._predict(last, self._snapshot.unsorted, generation=0)
        self.predictions.clear()

    def train(self, last: Classifier | None = None) -> Iterator[Event]:
        """Learn from the labelled clips; with the `last` model it is only fitted again."""
        self.labelled = self.table(self._snapshot.labelled)
        yield TrainingStarted(len(self.labelled.videos))
        config, folders = self._request.config.prediction, self._snapshot.folders
        try:
            with timed(self._seconds, "train_s"):
                self.model = _teach(self.labelled, folders, self._encoders, self._cache, config, last)
        except NotEnoughLabels as error:
            self.model, self.trained = None, NoModel(self._unread() or str(error))
            self.predictions.clear()
            yield self.trained
            return
        videos = self.labelled.videos
        misfiled = tuple(
            Misfiled(videos[one.row].path, str(videos[one.row].folder), one.folder, one.confidence)
            for one in self.model.report.misfilings
        )
        self.trained = Trained(self.model.report, misfiled, self._audit(), self._past, refitted=last is not None)
        yield self.trained
        self.predictions.clear()
        yield from self.predict(self._snapshot.unsorted)

    def _unread(self) -> str:
        """In words that not all labelled clips are known, if that is so."""
        read, there = len(self.labelled.videos), len(self._snapshot.labelled)
        some = f"only {read}" if read else "none"
        return f"{some} of the {there} sorted clips read so far: too few to learn from" if read < there else ""

    def predict(self, videos: Sequence[Video]) -> Iterator[Predicted]:
        """Predict those of `videos` that are in the cache and still unsorted, if there is a model."""
        if self.model:
            unsorted = {video.path for video in self._snapshot.unsorted}
            videos = [video for video in videos if video.path in unsorted]
            yield from self._predict(self.model, videos, self._request.generation)

    def _predict(self, model: Classifier, videos: Sequence[Video], generation: int) -> Iterator[Predicted]:
        with timed(self._seconds, "predict_s"):
            predictions = _say(model, self.table(videos), self.labelled, self._request.config.prediction)
        self.predictions.update((prediction.path, prediction) for prediction in predictions)
        for start in range(0, len(predictions), PREDICTIONS_AT_ONCE):
            yield Predicted(generation, predictions[start : start + PREDICTIONS_AT_ONCE])

    def _audit(self) -> Audit | None:
        """What people did with the clips that the model would have filed by itself."""
        assert self.model
        labels = {one: video.folder for one, video in zip(self.labelled.ids, self.labelled.videos, strict=True)}
        meant = artifacts.read_audit(self._request.state)
        # A folder that is gone, or has another name now, tells nothing.
        filed = [one for one, folder in meant.items() if one in labels and folder in self.model.folders]
        right = sum(labels[one] == meant[one] for one in filed)
        return audit(self.model.report.promise, right, len(filed) - right) if filed else None


@contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Add the time that is spent inside to `seconds[stage]`."""
    began = time.monotonic()
    try:
        yield
    finally:
        seconds[stage] += time.monotonic() - began


def _last_past(state: Path, root: Path) -> tuple[Past, ...]:
    """The models of earlier runs, the last one among them."""
    last = load_summary(state, root)
    if last is None or last.model is None:
        return ()
    report = last.model.report
    past = list(last.model.past)
    if report.accuracy is not None and (not past or past[-1].labelled != report.labelled):
        past.append(Past(report.labelled, report.accuracy))
    return tuple(past[-PAST_MODELS:])


def _teach(
    labelled: Table,
    folders: Sequence[str],
    encoders: Encoders,
    cache: EmbeddingCache,
    config: PredictionConfig,
    last: Classifier | None = None,
) -> Classifier:
    """The model of the `labelled` clips: chosen anew, or with `last` just the same one fitted again, which is quick.

    Where the encoders know text, the names of all `folders` are a part of it. Raises NotEnoughLabels.
    """
    labels = [str(video.folder) for video in labelled.videos]
    texts = _text_vectors(folders, encoders, cache, config.descriptions)
    if last is not None:
        return refit(last, labelled.features, labels, texts=texts)
    blocks = block_slices({modality.name: modality.dim for modality in encoders.modalities})
    # Copies of one clip must not stand on both sides of a fold.
    groups = labelled.ids
    return fit(labelled.features, labels, blocks=blocks, groups=groups, texts=texts, target=config.precision)


def _say(model: Classifier, rows: Table, labelled: Table, config: PredictionConfig) -> tuple[Prediction, ...]:
    """What `model`, of the `labelled` clips, says of those in `rows`; their order and groups are among themselves."""
    if not rows.videos:
        return ()
    probabilities = model.predict_proba(rows.features)
    best = (-probabilities).argsort(axis=1, kind="stable")[:, : config.top_k]
    seen, known = rows.features[:, model.visual], labelled.features[:, model.visual]
    nearest = nearest_labelled(seen, known)[0]
    fits = fits_somewhere(seen, known, np.unique(labelled.ids, return_inverse=True)[1])
    sure = model.sure(probabilities)
    ranked = slice(0, RANKED)
    least_sure = _places(least_sure_first(probabilities[ranked], seen[ranked], known, seed=0), len(seen))
    different = _places(most_different_first(seen[ranked], known), len(seen))
    groups = _groups(seen[ranked], best[ranked, 0], len(seen))
    return tuple(
        Prediction(
            video.path,
            tuple(Suggestion(model.folders[i], round(float(probabilities[row, i]), 4)) for i in best[row]),
            nearest=tuple(labelled.videos[i].path for i in nearest[row]),
            sure=bool(sure[row]),
            audited=bool(sure[row]) and is_audited(rows.ids[row]),
            outlier=bool(fits[row] < ODD_ONE_OUT),
            least_sure=int(least_sure[row]),
            most_different=int(different[row]),
            group=int(groups[row]),
        )
        for row, video in enumerate(rows.videos)
    )


def is_audited(video_id: str) -> bool:
    """Whether a clip that the model may file by itself is left for a person: a random one, and always the same."""
    return int.from_bytes(hashlib.blake2b(video_id.encode(), digest_size=4).digest()) % AUDITED_ONE_IN == 0


def _places(order: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The place of each of `count` rows in `order`; those that are not in it come after it."""
    places = np.arange(count)
    places[order] = np.arange(len(order))
    return places


def _groups(seen: FloatArray, folders: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The number of each row's group of alike clips, from 1 on; 0 for one that is like no other."""
    found = np.zeros(count, dtype=np.int64)
    numbers = alike_groups(seen, folders)
    found[: len(seen)] = np.where(np.bincount(numbers)[numbers] > 1, numbers + 1, 0)
    return found


def _text_vectors(
    folders: Sequence[str], encoders: Encoders, cache: EmbeddingCache, descriptions: Mapping[str, str]
) -> dict[str, FloatArray] | None:
    """The vector of each folder's name and description; None where the encoders know no text."""
    text = encoders.text
    if text is None:
        return None
    sentences = {folder: prompts(visible(folder), descriptions.get(folder)) for folder in folders}
    keys = {folder: hashlib.blake2b("\n".join(said).encode()).hexdigest() for folder, said in sentences.items()}
    known = cache.vectors(text.id, list(keys.values()))
    new = {keys[folder]: pool(text.encode(sentences[folder])) for folder in folders if keys[folder] not in known}
    cache.put_texts(text.id, new)
    # As the cache gives them back, so that the next run says the same.
    found = cache.vectors(text.id, list(keys.values()))
    return {folder: vector for folder in folders if (vector := found[keys[folder]]) is not None}


