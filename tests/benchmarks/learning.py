"""How true the model is: accuracy, confidence and promise on real embeddings, beside the plain way (`plain.py`).

`python tests/benchmarks/learning.py [PART …]`: accuracy, promise, order, misfilings, others, names, clips, speed; all
without an argument. `--embeddings DIR` holds NAME_features.npy [n, d] and NAME_labels.npy [n]; `--media DIR` is that of
`builtin_accuracy.py`. Tables go to stdout, progress to stderr. Splits are tried by as many processes as there are
cores, each on one thread, as in the engine.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from plain import plain
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from tiksort_tui.learning import (
    alike_groups,
    block_slices,
    fit,
    fits_somewhere,
    fuse,
    least_sure_first,
    most_different_first,
    nearest_labelled,
    refit,
    surest_first,
)
from tiksort_tui.learning.calibration import expected_calibration_error
from tiksort_tui.learning.classifiers import fit_head

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Pool = tuple[Floats, Ints]
T = TypeVar("T")

SIZES = (20, 50, 128, 213, 600)
REPEATS = 10
OTHER_REPEATS = 6
SPLITS = 200
TARGET = 0.98
SMALLEST_SHARE = 0.15  # of the largest folder, so large is the smallest


def names(labels: Ints) -> list[str]:
    return [f"folder {label}" for label in labels]


def normalised(X: Floats) -> Floats:
    return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)


def skewed(X: Floats, y: Ints, seed: int) -> Pool:
    """A pool of the clips in random order, with folders of falling sizes: which is large is by chance."""
    rng = np.random.default_rng(seed)
    folders = np.unique(y)
    shares = rng.permutation(np.linspace(1, SMALLEST_SHARE, len(folders)))
    kept = [
        rng.permutation(np.flatnonzero(y == folder))[: int(share * (y == folder).sum())]
        for folder, share in zip(folders, shares, strict=True)
    ]
    rows = rng.permutation(np.concatenate(kept))
    return X[rows], y[rows]


def noised(X: Floats, strength: float, seed: int) -> Floats:
    """Weaker features: to each row of length 1, noise of length `strength` is added."""
    noise = np.random.default_rng(seed).normal(size=X.shape) * strength / np.sqrt(X.shape[1])
    return normalised(X + noise.astype(np.float32))


def synthetic(seed: int) -> Pool:
    """1,600 rows of 1024 columns in 8 folders of three loose clusters each, which no plane divides well."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, 3, 1024)) * 0.9
    y = np.repeat(np.arange(8), 200)
    X = centres[y, rng.integers(3, size=len(y))] + rng.normal(size=(len(y), 1024)) * 3
    return normalised(X.astype(np.float32) + 2), y


def each(task: Callable[[Any], T], items: Iterable[Any], what: str) -> list[T]:
    """`task` of each item, in as many processes as there are cores; order as given."""
    items = list(items)
    began, results = time.monotonic(), []
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), _one_thread) as pool:
        for done, result in enumerate(pool.imap(task, items), 1):
            results.append(result)
            if done % 10 == 0 or done == len(items):
                print(f"{what}: {done} of {len(items)}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return results


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
    threadpool_limits(1)
    warnings.simplefilter("ignore", ConvergenceWarning)


def confidence_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """The expected calibration error over 10 bins, from confidence and hits."""
    ranges = np.minimum((confidence * 10).astype(int), 9)
    return float(np.abs(np.bincount(ranges, weights=confidence - right)).sum() / len(right))


def counted(kinds: Iterable[str]) -> str:
    return ", ".join(f"{kind} {times}" for kind, times in Counter(kinds).most_common())


def split(task: tuple[Floats, Ints, int, int]) -> dict[str, Any]:
    """Both ways on one random split: trained on the first `size` clips of a skewed pool, tested on the rest."""
    X, y, size, seed = task
    X, y = skewed(X, y, seed)
    model = fit(X[:size], names(y[:size]))
    probabilities = model.predict_proba(X[size:])
    place = {folder: index for index, folder in enumerate(model.folders)}
    truth = np.array([place.get(name, -1) for name in names(y[size:])])
    right = probabilities.argmax(axis=1) == truth
    other = plain(X[:size], y[:size])
    labels, confidence = other.predict(X[size:])
    return {
        "kind": model.report.kind,
        "accuracy": right.mean(),
        "error": expected_calibration_error(probabilities, truth),
        "claimed": model.report.accuracy,
        "plain kind": other.kind,
        "plain accuracy": (labels == y[size:]).mean(),
        "plain error": confidence_error(confidence, labels == y[size:]),
        "plain claimed": other.claimed,
    }


def both_ways(X: Floats, y: Ints, sizes: Sequence[int], repeats: int, what: str) -> None:
    print(f"\n{what}, {repeats} random splits each; ours, and in brackets the plain way")
    print("| labels | accuracy | lead ± standard error | calibration error | claimed less true accuracy | chosen |")
    print("|---|---|---|---|---|---|")
    tasks = [(X, y, size, seed) for size in sizes for seed in range(repeats)]
    results = each(split, tasks, what)
    for number, size in enumerate(sizes):
        part = results[number * repeats : (number + 1) * repeats]
        mean = {key: float(np.mean([one[key] for one in part])) for key in part[0] if "kind" not in key}
        leads = [one["accuracy"] - one["plain accuracy"] for one in part]
        kinds = [counted(one[key] for one in part) for key in ("kind", "plain kind")]
        print(
            f"| {size} | {mean['accuracy']:.4f} ({mean['plain accuracy']:.4f}) "
            f"| {np.mean(leads):+.4f} ± {np.std(leads) / np.sqrt(len(leads)):.4f} "
            f"| {mean['error']:.3f} ({mean['plain error']:.3f}) "
            f"| {mean['claimed'] - mean['accuracy']:+.3f} ({mean['plain claimed'] - mean['plain accuracy']:+.3f}) "
            f"| {kinds[0]} ({kinds[1]}) |",
            flush=True,
        )


def accuracy(X: Floats, y: Ints) -> None:
    both_ways(X, y, SIZES, REPEATS, "CLIP vectors, 10 folders of food")


def others(X: Floats, y: Ints) -> None:
    both_ways(noised(X, 1.0, 0), y, SIZES, OTHER_REPEATS, "the same with as much noise as signal")
    both_ways(noised(X, 2.0, 0), y, SIZES, OTHER_REPEATS, "the same with twice as much noise")
    wrong = np.random.default_rng(0).random(len(y)) < 0.1
    shuffled = np.where(wrong, np.random.default_rng(1).integers(10, size=len(y)), y)
    both_ways(X[:, ::4].copy(), shuffled, (50, 213, 600), OTHER_REPEATS, "a quarter of the columns, 10 % wrong labels")
    both_ways(*synthetic(0), (50, 213, 600), OTHER_REPEATS, "synthetic rows, three clusters in each folder")


def promised(task: tuple[Floats, Ints, int, int]) -> tuple[float | None, float, float, float, float]:
    """Of one split: threshold, coverage promised, coverage and precision of what would be filed; those of raw 0.98."""
    X, y, size, seed = task
    X, y = skewed(X, y, 1000 + seed)
    model = fit(X[:size], names(y[:size]))
    probabilities = model.predict_proba(X[size:])
    filed = model.sure(probabilities)
    right = np.array(model.folders)[probabilities.argmax(axis=1)] == np.array(names(y[size:]))
    confident = probabilities.max(axis=1) >= TARGET
    precision = float(right[filed].mean()) if filed.any() else 1.0
    fixed = float(right[confident].mean()) if confident.any() else 1.0
    return model.report.promise.threshold, float(filed.mean()), precision, float(confident.mean()), fixed


def promise(X: Floats, y: Ints) -> None:
    print(f"\nThe promise of {TARGET:.0%} precision, {SPLITS} random splits")
    print("| data, labels | promise given | filed of the rest, mean | precision of it, mean | under the target |")
    print("|---|---|---|---|---|")
    for what, rows, size in (
        ("CLIP vectors, 213", X, 213),
        ("with noise, 213", noised(X, 1.0, 0), 213),
    ):
        results = each(promised, [(rows, y, size, seed) for seed in range(SPLITS)], f"promise, {what}")
        given = [one for one in results if one[0] is not None]
        broken = sum(one[2] < TARGET for one in results)
        mean = np.mean([one[2] for one in given]) if given else float("nan")
        print(
            f"| {what} | {len(given) / SPLITS:.1%} | {np.mean([one[1] for one in results]):.3f} "
            f"| {mean:.4f} | {broken / SPLITS:.1%} |",
            flush=True,
        )


def labels_needed(task: tuple[Floats, Ints, int, bool]) -> int:
    """How many labels it takes to 90 % on clips apart, ten more at a time, in learning order or a random one."""
    X, y, seed, by_order = task
    X, y = skewed(X, y, 2000 + seed)
    half = len(X) // 2
    train, train_y, test, test_y = X[:half], y[:half], X[half:], np.array(names(y[half:]))
    labelled = list(range(20))
    while True:
        model = fit(train[labelled], names(train_y[labelled]))
        hits = np.array(model.folders)[model.predict_proba(test).argmax(axis=1)] == test_y
        if hits.mean() >= 0.9 or len(labelled) > 400:
            return len(labelled)
        rest = np.setdiff1d(np.arange(half), labelled)
        if by_order:
            order = least_sure_first(model.predict_proba(train[rest]), train[rest], train[labelled], seed)
        else:
            order = np.random.default_rng(seed + len(labelled)).permutation(len(rest))
        labelled += rest[order[:10]].tolist()


def order(X: Floats, y: Ints) -> None:
    print("\nLabels needed to 90 % accuracy, from 20 random ones on, 10 at a time: mean of 10 repeats")
    print("| data | learning order | random order | fewer in |")
    print("|---|---|---|---|")
    for what, rows in (("CLIP vectors", X), ("with noise", noised(X, 1.0, 0))):
        tasks = [(rows, y, seed, by_order) for seed in range(REPEATS) for by_order in (True, False)]
        needed = np.array(each(labels_needed, tasks, f"order, {what}")).reshape(-1, 2)
        fewer = (needed[:, 0] < needed[:, 1]).sum()
        print(f"| {what} | {needed[:, 0].mean():.0f} | {needed[:, 1].mean():.0f} | {fewer} of {REPEATS} |", flush=True)


def swapped(task: tuple[Floats, Ints, int, int]) -> tuple[float, float, float]:
    """Precision and recall of the misfilings when 5 % of labels are swapped; the precision of the first as many."""
    X, y, size, seed = task
    X, y = skewed(X, y, 3000 + seed)
    X, y = X[:size], y[:size].copy()
    rng = np.random.default_rng(seed)
    rows = rng.permutation(size)[: round(0.05 * size)]
    moved = np.zeros(size, dtype=bool)
    moved[rows] = True
    y[rows] = [rng.choice(np.setdiff1d(np.unique(y), label)) for label in y[rows]]
    found = [one.row for one in fit(X, names(y)).report.misfilings]
    hits = moved[found]
    first = hits[: len(rows)]
    return float(hits.mean()) if found else 0.0, float(hits.sum() / len(rows)), float(first.mean()) if found else 0.0


def misfilings(X: Floats, y: Ints) -> None:
    print("\nMisfilings found when 5 % of labels are swapped, mean of 10 repeats")
    print("| data, labels | precision | recall | precision of as many as were swapped |")
    print("|---|---|---|---|")
    noisy = noised(X, 1.0, 0)
    for what, rows, size in (("CLIP vectors", X, 213), ("CLIP vectors", X, 600), ("with noise", noisy, 600)):
        results = each(swapped, [(rows, y, size, seed) for seed in range(REPEATS)], f"misfilings, {what}, {size}")
        mean = np.mean(results, axis=0)
        print(f"| {what}, {size} | {mean[0]:.2f} | {mean[1]:.2f} | {mean[2]:.2f} |", flush=True)


def named(task: tuple[Floats, Ints, int, int, float]) -> tuple[float, float, float, float, float, float]:
    """Accuracy and calibration error with and without text vectors, the text's weight, and a new folder's recall.

    The text vectors are made up, since no text encoder is at hand: the mean of 20 other clips of the folder, as far
    from the pictures as text is in CLIP, with noise of length `blur`.
    """
    X, y, size, seed, blur = task
    rng = np.random.default_rng(seed)
    apart = np.concatenate([rng.permutation(np.flatnonzero(y == folder))[:20] for folder in np.unique(y)])
    gap, mean = rng.normal(size=X.shape[1]), X.mean(axis=0)
    texts = {}
    for folder in np.unique(y):
        own = X[apart[y[apart] == folder]].mean(axis=0) - mean
        noise = rng.normal(size=X.shape[1]) * blur * np.linalg.norm(own) / np.sqrt(X.shape[1])
        texts[f"folder {folder}"] = (0.35 * own + 0.35 * noise + gap / np.linalg.norm(gap)).astype(np.float32)
    rest = np.setdiff1d(np.arange(len(X)), apart)
    pool, truth = skewed(X[rest], y[rest], seed)
    test = np.array(names(truth[size:]))
    results = []
    for some in (texts, None):
        if some is None and len(set(truth[:size])) < 2:
            results += [float("nan")] * 2
            continue
        model = fit(pool[:size], names(truth[:size]), texts=some)
        probabilities = model.predict_proba(pool[size:])
        places = np.array([model.folders.index(name) if name in model.folders else -1 for name in test])
        results += [(probabilities.argmax(axis=1) == places).mean(), expected_calibration_error(probabilities, places)]
        if some is not None:
            weight = model.report.text_weight
    if size < 50:
        return (*results, weight, float("nan"))
    new = truth[:size] == 0  # a folder that has no clip yet
    model = fit(pool[:size][~new], names(truth[:size][~new]), texts=texts)
    guessed = np.array(model.folders)[model.predict_proba(pool[size:]).argmax(axis=1)]
    return (*results, weight, float((guessed[test == "folder 0"] == "folder 0").mean()))


def folder_names(X: Floats, y: Ints) -> None:
    print("\nWith folder names (made-up text vectors), mean of 6 repeats; in brackets without")
    print("| text, labels | accuracy | calibration error | weight of the text | recall of a folder without clips |")
    print("|---|---|---|---|---|")
    for what, blur in (("good", 1.0), ("poor", 6.0)):
        for size in (0, 20, 50, 213):
            results = each(named, [(X, y, size, seed, blur) for seed in range(6)], f"names, {what}, {size}")
            mean = np.mean(results, axis=0)
            print(
                f"| {what}, {size} | {mean[0]:.3f} ({mean[2]:.3f}) | {mean[1]:.3f} ({mean[3]:.3f}) | {mean[4]:.2f} "
                f"| {mean[5]:.2f} |",
                flush=True,
            )


def clip_split(task: tuple[Floats, list[str], list[str], dict[str, slice], Ints, Ints]) -> dict[str, Any]:
    """Both ways on one split of the real clips."""
    X, labels, ids, slices, training, rest = task
    truth = np.array(labels)
    model = fit(X[training], truth[training].tolist(), blocks=slices, groups=[ids[row] for row in training])
    probabilities = model.predict_proba(X[rest])
    places = np.array([model.folders.index(label) for label in truth[rest]])
    numbers = np.unique(truth, return_inverse=True)[1]
    other = plain(X[training], numbers[training])
    guessed, confidence = other.predict(X[rest])
    return {
        "probabilities": probabilities,
        "places": places,
        "claimed": model.report.accuracy,
        "kind": model.report.kind,
        "lifts": [(lift.name, lift.lift, lift.used) for lift in model.report.modalities],
        "plain right": guessed == numbers[rest],
        "plain confidence": confidence,
        "plain claimed": other.claimed,
    }


def clips(media: Path) -> None:
    """The builtin encoder's features of the real clips: 20 random splits, 65 to learn from, 31 to tell."""
    from builtin_accuracy import IMAGE, SOUND, sound, visual
    from sklearn.model_selection import StratifiedShuffleSplit

    from tiksort_tui.config import LibraryConfig
    from tiksort_tui.library.identity import video_id
    from tiksort_tui.library.scan import scan
    from tiksort_tui.media import read_audio, sample_frames

    library = scan(media / "library", LibraryConfig())
    truth = json.loads((media / "library-truth.json").read_text(encoding="utf-8"))
    paths = [video.path for video in library.videos]
    labels = [video.folder or truth[video.path.name] for video in library.videos]
    pictures, sounds = [visual(sample_frames(path)) for path in paths], [sound(read_audio(path)) for path in paths]
    ids = [video_id(path) for path in paths]
    print("\nReal clips, builtin encoder, 20 random splits of 65 and 31; ours, and in brackets the plain way")
    print("| features | accuracy | calibration error | claimed less true accuracy | chosen | sound used in |")
    print("|---|---|---|---|---|---|")
    seen, heard = {"visual": (IMAGE.dim, pictures)}, {"sound": (SOUND.dim, sounds)}
    for what, blocks in (("pictures", seen), ("pictures and sound", seen | heard)):
        X = fuse(list(blocks.values()))
        slices = block_slices({name: width for name, (width, _) in blocks.items()})
        splits = StratifiedShuffleSplit(20, test_size=31, random_state=0).split(X, labels)
        results = each(clip_split, [(X, labels, ids, slices, *split) for split in splits], what)
        probabilities = np.concatenate([one["probabilities"] for one in results])
        places = np.concatenate([one["places"] for one in results])
        right = np.concatenate([one["plain right"] for one in results])
        confidence = np.concatenate([one["plain confidence"] for one in results])
        hits = (probabilities.argmax(axis=1) == places).mean()
        claimed = [float(np.mean([one[key] for one in results])) for key in ("claimed", "plain claimed")]
        used = sum(any(use for _, _, use in one["lifts"]) for one in results)
        print(
            f"| {what} "
            f"| {hits:.3f} ({right.mean():.3f}) | {expected_calibration_error(probabilities, places):.3f} "
            f"({confidence_error(confidence, right):.3f}) "
            f"| {claimed[0] - hits:+.3f} ({claimed[1] - right.mean():+.3f}) "
            f"| {counted(one['kind'] for one in results)} | {used} of 20 |"
        )


def timed(what: str, task: Callable[[], T], limit: str = "") -> T:
    began, used = time.perf_counter(), time.process_time()
    result = task()
    print(f"| {what} | {time.perf_counter() - began:.2f} | {time.process_time() - used:.2f} | {limit} |", flush=True)
    return result


def speed() -> None:
    """Seconds on this machine, and of its processors."""
    rng = np.random.default_rng(0)

    def rows(count: int, width: int = 1024, folders: int = 8) -> tuple[Floats, list[str]]:
        centres = np.random.default_rng(1).normal(size=(folders, width)) * 0.35
        y = rng.integers(folders, size=count)
        return normalised((centres[y] + rng.normal(size=(count, width)) + 1).astype(np.float32)), names(y)

    print("\n| what | seconds | of processor | at most |\n|---|---|---|---|")
    X, labels = rows(600)
    halves = {"visual": slice(0, 512), "transcript": slice(512, 1024)}
    model = timed("fit, 600 x 1024, 8 folders", lambda: fit(X, labels), "8")
    timed("the same as two modalities", lambda: fit(X, labels, blocks=halves), "8")
    timed(f"refit ({model.report.kind})", lambda: refit(model, X, labels), "0.5")
    new = [*labels[:-1], "a new folder"]
    timed("refit with a folder that is new", lambda: refit(model, X, new), "0.5")
    unsorted, _ = rows(100_000)
    y = np.unique(labels, return_inverse=True)[1]
    for kind, parameters in (("knn", {"k": 5}), ("logistic", {"C": 1.0}), ("mlp", {"length": 1.0})):
        with threadpool_limits(1):
            settings = {**parameters, "scale": 1.0}
            head = timed(f"one {kind}", functools.partial(fit_head, kind, X, y, 8, settings, 0), "0.5")
        one = type(model)(**{f: getattr(model, f) for f in model.__slots__} | {"head": head})
        timed("predict 100,000 with it", functools.partial(one.predict_proba, unsorted), "3")
    some = unsorted[:20_000]
    probabilities = model.predict_proba(some)
    best = probabilities.argmax(axis=1)
    timed("20,000: surest first", lambda: surest_first(probabilities))
    timed("20,000: least sure first", lambda: least_sure_first(probabilities, some, X, 0))
    timed("20,000: most different first", lambda: most_different_first(some, X))
    timed("20,000: groups of alike clips", lambda: alike_groups(some, best))
    timed("20,000: nearest labelled of 600", lambda: nearest_labelled(some, X))
    timed("20,000: fits somewhere", lambda: fits_somewhere(some, X, np.arange(600)))
    del unsorted
    X, labels = rows(20_000)
    model = timed("fit, 20,000 x 1024, 8 folders", lambda: fit(X, labels), "90")
    timed(f"refit at 20,000 ({model.report.kind})", lambda: refit(model, X, labels))


def main() -> None:
    parts = ("accuracy", "promise", "order", "misfilings", "others", "names", "clips", "speed")
    shared = Path(__file__).resolve().parents[3] / "shared"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", choices=[*parts, []], default=parts, help="all when none is named")
    parser.add_argument("--embeddings", type=Path, default=shared / "embeddings", help="the folder of .npy files")
    parser.add_argument("--name", default="food10_clip_vitb32", help="whose files there")
    parser.add_argument("--media", type=Path, default=shared / "media", help="the folder of real clips")
    arguments = parser.parse_args()
    chosen = arguments.part or parts
    X = normalised(np.load(arguments.embeddings / f"{arguments.name}_features.npy").astype(np.float32))
    y = np.load(arguments.embeddings / f"{arguments.name}_labels.npy").astype(np.int64)
    measures: dict[str, Callable[[], None]] = {
        "accuracy": lambda: accuracy(X, y),
        "promise": lambda: promise(X, y),
        "order": lambda: order(X, y),
        "misfilings": lambda: misfilings(X, y),
        "others": lambda: others(X, y),
        "names": lambda: folder_names(X, y),
        "clips": lambda: clips(arguments.media),
        "speed": speed,
    }
    for part in chosen:
        measures[part]()


if __name__ == "__main__":
    main()
