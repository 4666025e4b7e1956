"""From the files of a library to rows of features: which content each file holds, and what the cache has of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.cache import EmbeddingCache
from tiksort_tui.domain import Failure, Video
from tiksort_tui.encoders.base import Modality
from tiksort_tui.errors import MediaError, PassingMediaError
from tiksort_tui.learning import fuse
from tiksort_tui.library.identity import stamp_of, video_id


@dataclass(frozen=True, slots=True)
class Table:
    """Clips that the cache has whole: their contents' ids, and their features [len(videos), d]."""

    videos: tuple[Video, ...]
    ids: tuple[str, ...]
    features: NDArray[np.float32]


def identify(videos: Sequence[Video], cache: EmbeddingCache) -> tuple[dict[Path, str], list[Failure]]:
    """The content's id of each video, hashing only the files that the cache has not seen; and the unreadable ones."""
    known = cache.known_ids()
    new = {}
    failures = []
    for video in videos:
        if video.stamp not in known:
            try:
                identity = video_id(video.path)
                if stamp_of(video.path) != video.stamp:
                    raise PassingMediaError("the file is changing")
                known[video.stamp] = new[video.stamp] = identity
            except MediaError as error:
                failures.append(Failure(video.path, str(error)))
    cache.remember_ids(new)
    return {video.path: known[video.stamp] for video in videos if video.stamp in known}, failures


def table(
    videos: Sequence[Video], ids: Mapping[Path, str], cache: EmbeddingCache, modalities: Sequence[Modality]
) -> Table:
    """The rows of those of `videos` that the cache has whole, in their order."""
    asked = sorted({ids[video.path] for video in videos if video.path in ids})
    found = [cache.vectors(modality.encoder_id, asked) for modality in modalities]
    whole = [video for video in videos if all(ids.get(video.path) in vectors for vectors in found)]
    keys = tuple(ids[video.path] for video in whole)
    blocks = [
        (modality.dim, [vectors[key] for key in keys]) for modality, vectors in zip(modalities, found, strict=True)
    ]
    return Table(tuple(whole), keys, fuse(blocks))
