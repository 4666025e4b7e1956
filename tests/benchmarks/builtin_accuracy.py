"""How far the builtin encoders get on real clips: folders recognised, and halves of a clip that find each other.

`python tests/benchmarks/builtin_accuracy.py --media DIR`, where DIR holds library/ (with library-truth.json beside
it: the folders of its unsorted clips), audio-clips/ (named KIND_…) and nasty/.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedShuffleSplit

from tiksort_tui.config import LibraryConfig
from tiksort_tui.encoders.base import FRAMES
from tiksort_tui.encoders.builtin import BuiltinImageEncoder, BuiltinSoundEncoder
from tiksort_tui.errors import MediaError
from tiksort_tui.learning import block_slices, fit, fuse
from tiksort_tui.library.identity import video_id
from tiksort_tui.library.scan import scan
from tiksort_tui.media import probe, read_audio, sample_frames

Vectors = NDArray[np.float32]
SPLITS = 20
UNSORTED = 31
SHORTEST_FOR_HALVES = 3.0  # seconds, for clips outside the library

IMAGE = BuiltinImageEncoder()
SOUND = BuiltinSoundEncoder()
seconds: dict[str, list[float]] = {"visual": [], "sound": []}


@contextmanager
def timed(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[what].append(time.perf_counter() - start)


def visual(frames: NDArray[np.uint8]) -> Vectors:
    with timed("visual"):
        return IMAGE.encode([IMAGE.prepare(frames)])[0]


def sound(audio: Vectors | None) -> Vectors:
    if audio is None:
        return np.zeros(SOUND.dim, np.float32)
    with timed("sound"):
        return SOUND.encode(audio)


def accuracy(paths: Sequence[Path], folders: Sequence[str]) -> None:
    """Train on random stratified splits of all labelled and unsorted clips, and count right folders of the rest."""
    pictures = [visual(sample_frames(path)) for path in paths]
    sounds = [sound(read_audio(path)) for path in paths]
    everything = {"visual": (IMAGE.dim, pictures), "sound": (SOUND.dim, sounds)}
    groups, labels = np.array([video_id(path) for path in paths]), np.array(folders)
    majority = max(Counter(folders).values()) / len(folders)
    print(f"{len(paths)} clips, {Counter(folders)}, always the biggest folder: {majority:.3f}")
    for names in (["visual"], ["visual", "sound"]):
        blocks = [everything[name] for name in names]
        features = fuse(blocks)
        slices = block_slices({name: everything[name][0] for name in names})
        scores, kinds = [], []
        recalls: dict[str, list[float]] = {folder: [] for folder in np.unique(labels)}
        splits = StratifiedShuffleSplit(SPLITS, test_size=UNSORTED, random_state=0)
        for training, rest in splits.split(features, labels):
            model = fit(features[training], labels[training].tolist(), blocks=slices, groups=groups[training].tolist())
            guessed = np.array(model.folders)[model.predict_proba(features[rest]).argmax(axis=1)]
            right = guessed == labels[rest]
            scores.append(right.mean())
            kinds.append(model.report.kind)
            for folder, recall in recalls.items():
                recall.append(right[labels[rest] == folder].mean())
        print(
            f"{'+'.join(names)}: accuracy mean {np.mean(scores):.3f}, standard deviation {np.std(scores):.3f}, "
            f"lowest {min(scores):.3f} over {SPLITS} splits; chosen {dict(Counter(kinds))}; recall "
            + ", ".join(f"{folder} {np.mean(recall):.2f}" for folder, recall in recalls.items())
        )


def retrieval(name: str, paths: Sequence[Path]) -> None:
    """How often the nearest of all second halves belongs to the first half's own clip."""
    frames = [sample_frames(path, 2 * FRAMES) for path in paths]
    audio = [track for path in paths if (track := read_audio(path)) is not None and sound(track).any()]
    halves = {
        "visual": [(visual(clip[:FRAMES]), visual(clip[FRAMES:])) for clip in frames],
        "sound": [(sound(track[: len(track) // 2]), sound(track[len(track) // 2 :])) for track in audio],
    }
    for modality, pairs in halves.items():
        first, second = (np.stack(side) for side in zip(*pairs, strict=True))
        hits = (first @ second.T).argmax(axis=1) == np.arange(len(pairs))
        print(f"{name}, {modality}: retrieval@1 {hits.sum()}/{len(hits)} = {hits.mean():.2f}")


def same_kind(paths: Sequence[Path]) -> None:
    """How often the nearest other sound is of the same kind, where there is one."""
    kinds = np.array([path.name.split("_")[0] for path in paths])
    vectors = np.stack([sound(read_audio(path)) for path in paths])
    similarities = vectors @ vectors.T - 2 * np.eye(len(paths), dtype=np.float32)
    paired = [row for row, kind in enumerate(kinds) if (kinds == kind).sum() > 1]
    nearest = kinds[similarities[paired].argmax(axis=1)]
    found = ", ".join(f"{kind}→{other}" for kind, other in zip(kinds[paired], nearest, strict=True))
    print(f"nearest sound of the same kind: {(nearest == kinds[paired]).sum()}/{len(paired)} ({found})")


def distinct_long_clips(folder: Path) -> list[Path]:
    """The clips that are long enough to be halved, each content once."""
    found: dict[bytes, Path] = {}
    for path in sorted(folder.iterdir()):
        try:
            if probe(path).duration >= SHORTEST_FOR_HALVES:
                # Vectors rounded so that the same pictures in another container are the same.
                found.setdefault(visual(sample_frames(path)).round(2).tobytes(), path)
        except MediaError:
            continue
    return list(found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    beside = Path(__file__).resolve().parents[3] / "shared" / "media"
    parser.add_argument("--media", type=Path, default=beside, help="the folder of real clips")
    media = parser.parse_args().media

    library = scan(media / "library", LibraryConfig())
    truth = json.loads((media / "library-truth.json").read_text(encoding="utf-8"))
    paths = [video.path for video in library.videos]
    accuracy(paths, [video.folder or truth[video.path.name] for video in library.videos])
    for modality, times in seconds.items():
        print(f"{modality}: {1000 * np.mean(times):.1f} ms a clip ({len(times)} clips)")

    kinds = sorted((media / "audio-clips").iterdir())
    retrieval("library", paths)
    retrieval("other clips", kinds + distinct_long_clips(media / "nasty"))
    same_kind(kinds)


if __name__ == "__main__":
    main()
