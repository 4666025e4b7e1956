"""A start without labels: folder names as text, and what the likeness of a clip's picture to them says.

The encoder is elsewhere: strings go out, vectors come in. With an encoder that knows no text there is none of this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.calibration import log_losses, lowest, softmax
from tiksort_tui.learning.evaluation import Trial, splits
from tiksort_tui.learning.features import FloatArray, row_norms

IntArray = NDArray[np.int64]

TEMPLATES = (
    "a video of {}.",
    "a short video about {}.",
    "a frame of a video showing {}.",
    "a photo of {}.",
    "a close-up photo of {}.",
    "a social media clip about {}.",
    "people and {}.",
    "{}.",
)
"""Several prompts for a name are better than one (Radford et al. 2021, "prompt ensembling")."""

_CLIP_SCALE = np.float32(100)  # what CLIP multiplies cosines with (Radford et al. 2021)
_TEMPERATURE_DOUBT = 1.0  # how far, in nats, a temperature may be from 1 before labels have said so
_HALF_WEIGHT = 10.0  # clips in a folder, on average, at which text may weigh half of what it may without a clip
_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # of the most that it may weigh


def prompts(folder: str, description: str | None = None) -> tuple[str, ...]:
    """The sentences to be encoded for a folder's name and its description; `pool` their vectors."""
    name = " ".join(folder.replace("_", " ").replace("-", " ").split())
    sentences = [template.format(name) for template in TEMPLATES]
    if description and description.strip():
        text = description.strip()
        sentences += [text, f"a video of {text}", f"{name}: {text}"]
    return tuple(sentences)


def pool(vectors: FloatArray) -> FloatArray:
    """The one vector [d] of a folder whose prompts were encoded as `vectors` [prompts, d]: the mean of directions."""
    mean = (vectors / row_norms(vectors)).mean(axis=0, keepdims=True)
    pooled: FloatArray = (mean / row_norms(mean))[0]
    return pooled


def similarities(visual: FloatArray, texts: FloatArray) -> FloatArray:
    """CLIP's logits [n, k] of pictures [n, d] for the folders' text vectors [k, d]."""
    cosines = (visual / row_norms(visual)) @ (texts / row_norms(texts)).T
    logits: FloatArray = (cosines * _CLIP_SCALE).astype(np.float32)
    return logits


@dataclass(frozen=True, slots=True, eq=False)
class ZeroShot:
    """What folder names say, and how much it counts beside a model of the labelled folders.

    `counts` are the labelled clips of each folder, `texts` the folders' text vectors, in the same order.
    """

    texts: FloatArray  # [k, d]
    counts: IntArray  # [k]
    temperature: float
    weight: float

    def probabilities(self, visual: FloatArray) -> FloatArray:
        """The probabilities [n, k] of pictures [n, d], from names and the folders' sizes alone (Laplace's rule)."""
        logits = similarities(visual, self.texts) / np.float32(self.temperature)
        return softmax(logits + np.log(self.counts + 1).astype(np.float32))

    def blend(self, learned: FloatArray, visual: FloatArray, known: IntArray) -> FloatArray:
        """Probabilities [n, k] of all folders from `learned` [n, len(known)], those of the folders `known`.

        Between known folders the two opinions are multiplied, the text's to the power of its weight (a logarithmic
        opinion pool, Genest and Zidek 1986). A folder without clips gets what its name says, with the prior of
        Laplace's rule: one clip more than it has, of as many more as there are folders.
        """
        probabilities = self.probabilities(visual)
        unknown = np.setdiff1d(np.arange(len(self.texts)), known)
        share = 1 - probabilities[:, unknown].sum(axis=1, keepdims=True)
        probabilities[:, known] = share * pool_opinions(
            learned, similarities(visual, self.texts[known]) / np.float32(self.temperature), self.weight
        )
        return probabilities


def pool_opinions(learned: FloatArray, logits: FloatArray, weight: float) -> FloatArray:
    """`learned` [n, k] times the softmax of `logits` [n, k] to the power of `weight`, each row summing to 1."""
    return softmax(np.log(np.maximum(learned, np.finfo(np.float32).tiny)) + np.float32(weight) * logits)


def fit_text_temperature(logits: FloatArray, y: IntArray) -> float:
    """The temperature of text `logits` [n, k] that explains labels `y` [n], near 1 until they are many."""
    if not len(y):
        return 1.0

    def loss(log_temperature: float) -> float:
        losses = log_losses(softmax(logits, float(np.exp(log_temperature))), y)
        return float(losses.sum(dtype=np.float64)) + log_temperature**2 / (2 * _TEMPERATURE_DOUBT**2)

    return float(np.exp(lowest(loss, -4, 6)))


def text_weights(counts: Sequence[int] | IntArray) -> tuple[float, ...]:
    """The weights that text may have beside folders with `counts` clips: the more there are, the less."""
    most = 1 / (1 + float(np.mean(counts)) / _HALF_WEIGHT)
    return tuple(weight * most for weight in _WEIGHTS)


def fit_text_weight(learned: FloatArray, logits: FloatArray, y: IntArray, weights: Sequence[float]) -> float:
    """Which of `weights` (rising) explains labels `y` [n] best, beside out-of-fold `learned` [n, k]."""
    losses = [log_losses(pool_opinions(learned, logits, weight), y).mean() for weight in weights]
    return weights[int(np.argmin(losses))]


def text_rows(texts: Mapping[str, FloatArray], folders: Sequence[str], width: int) -> FloatArray:
    """The text vectors [k, width] of `folders`, each of which must be in `texts`. Raises ValueError."""
    for folder in folders:
        if texts[folder].shape != (width,):
            raise ValueError(f"the text vector of {folder} is of shape {texts[folder].shape}, not ({width},)")
    return np.stack([texts[folder] for folder in folders]).astype(np.float32)


def beside(
    trial: Trial, visual: FloatArray, y: IntArray, known: IntArray, counts: IntArray, folds: IntArray, texts: FloatArray
) -> tuple[FloatArray, ZeroShot]:
    """What folder names, with `texts` [k, d], add to the model of the `known` folders that `trial` is of.

    Gives the out-of-fold probabilities [repeats, n, k] of all folders, in which neither temperature nor weight of the
    text was fitted on the clips that they are of, and the ZeroShot for clips to come. `visual` [n, d] are the clips'
    pictures, `y` [n] their places in `known`, `counts` [k] the folders' labelled clips.
    """
    logits = similarities(visual, texts[known])
    weights = text_weights(counts[known])

    def fitted(learned: FloatArray, rows: NDArray[np.bool_]) -> ZeroShot:
        temperature = fit_text_temperature(logits[rows], y[rows])
        weight = fit_text_weight(learned[rows], logits[rows] / np.float32(temperature), y[rows], weights)
        return ZeroShot(texts, counts, temperature, weight)

    blended = np.full((*trial.probabilities.shape[:2], len(texts)), np.nan, dtype=np.float32)
    for repeat, held_out, others in splits(trial.logits, folds):
        learned = trial.probabilities[repeat]
        blended[repeat, held_out] = fitted(learned, others).blend(learned[held_out], visual[held_out], known)
    judged = ~np.isnan(trial.probabilities[0, :, 0])
    return blended, fitted(trial.probabilities[0], judged)
