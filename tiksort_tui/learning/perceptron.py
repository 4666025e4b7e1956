"""The multi-layer perceptron as a candidate: many networks of the same shape are trained at once, one for each fold.

Never sees a clip that is held out: for how long a network is trained was found by holding out a part of the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tiksort_tui.learning.calibration import fit_temperature, log_losses, softmax
from tiksort_tui.learning.features import FloatArray
from tiksort_tui.learning.folds import ALWAYS_TRAINING
from tiksort_tui.learning.heads import LayerHead, Parameters
from tiksort_tui.learning.logistic import balanced_weights, principal_axes, turn

if TYPE_CHECKING:
    import torch

IntArray = NDArray[np.int64]
Network = list["torch.Tensor"]  # weights [b, inputs, outputs] and biases [b, 1, outputs] of each layer in turn

_INPUTS = 128  # principal axes that are looked at: the others are mostly noise, and it would be learned by heart
_HIDDEN = (256, 128)
_BATCH = 32
_MIN_EPOCHS, _MIN_STEPS = 10, 200
_LENGTHS = (0.5, 1.0)  # times the usual number of epochs: one of these is chosen
_USUAL = 1
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 1e-2
_DROPOUT = 0.5


def fit_perceptron(X: FloatArray, y: IntArray, classes: int, parameters: Parameters, seed: int) -> LayerHead:
    """The network (256, 128) trained for `parameters["length"]` times as long as usual, its logits over
    `parameters["scale"]`."""
    mean, axes = principal_axes(X)
    turned = turn(X, mean, axes[:, :_INPUTS])
    everything = np.ones((1, len(y)), dtype=np.bool_)
    spread = _spread(turned)
    *_, network = _train(turned / spread, y, classes, everything, [_epochs(len(y), parameters["length"])], seed)
    arrays = [parameter[0].numpy() for parameter in network]
    layers = [(weights, biases[0]) for weights, biases in zip(arrays[::2], arrays[1::2], strict=True)]
    layers[0] = layers[0][0] / spread, layers[0][1]
    scale = np.float32(parameters["scale"])
    layers[-1] = layers[-1][0] / scale, layers[-1][1] / scale
    return LayerHead(tuple(layers)).on_columns(mean, axes)


def cross_validate_perceptron(
    X: FloatArray, y: IntArray, classes: int, groups: IntArray, folds: IntArray, seed: int
) -> tuple[FloatArray, Parameters]:
    """Out-of-fold logits [repeats, n, classes] under `folds` [repeats, n], and the parameters for all rows.

    `X` [n, r] is on its principal axes. Each fold's network is trained as long as was best for the next fold, held
    out with it from another network. Only the first repeat is tried: the others are nan, for the sake of time.
    """
    repeats, folds = len(folds), folds[:1]
    inputs = X[:, :_INPUTS] / _spread(X[:, :_INPUTS])
    plan = [
        (repeat, fold, following)
        for repeat, assigned in enumerate(folds)
        for numbers in [np.unique(assigned[assigned != ALWAYS_TRAINING]).tolist()]
        for fold, following in zip(numbers, numbers[1:] + numbers[:1], strict=True)
    ]
    outer = [folds[repeat] != fold for repeat, fold, _ in plan]
    both = [(folds[repeat] != fold) & (folds[repeat] != following) for repeat, fold, following in plan]
    masks = np.stack(outer + both)
    epochs = [_epochs(int(masks[0].sum()), length) for length in _LENGTHS]
    tables = [_logits(network, inputs) for network in _train(inputs, y, classes, masks, epochs, seed)]

    logits = np.full((*folds.shape, classes), np.nan, dtype=np.float32)
    for index, (repeat, fold, following) in enumerate(plan):
        mask = both[index]
        judged = (folds[repeat] == following) & np.isin(y, y[mask])
        length, scale = _choose([table[len(plan) + index] for table in tables], y, judged)
        held_out = folds[repeat] == fold
        logits[repeat, held_out] = tables[length][index, held_out] / np.float32(scale)

    merged = [np.full_like(logits, np.nan) for _ in tables]
    for index, (repeat, fold, _) in enumerate(plan):
        held_out = folds[repeat] == fold
        for table, merge in zip(tables, merged, strict=True):
            merge[repeat, held_out] = table[index, held_out]
    judged = (folds != ALWAYS_TRAINING).ravel()
    length, scale = _choose([merge.reshape(-1, classes) for merge in merged], np.tile(y, len(folds)), judged)
    untried = np.full((repeats - 1, *logits.shape[1:]), np.nan, dtype=np.float32)
    return np.concatenate([logits, untried]), {"length": _LENGTHS[length], "scale": scale}


def _epochs(rows: int, length: float) -> int:
    """The epochs of a training on so many rows that is `length` times as long as usual.

    Few rows take as many steps as some more, not as many epochs: with more epochs than in the cross-validation, the
    network would be surer than what was found of it there.
    """
    usual = max(_MIN_EPOCHS, math.ceil(_MIN_STEPS / math.ceil(rows / _BATCH)))
    return max(1, round(usual * length))


def _choose(tables: Sequence[FloatArray], y: IntArray, judged: NDArray[np.bool_]) -> tuple[int, float]:
    """Which of `tables` of logits [n, classes] explains `y` best, each at its own temperature, and that temperature."""
    if not judged.any():
        return _USUAL, 1.0
    temperatures = [fit_temperature(table[judged], y[judged]) for table in tables]
    losses = [
        log_losses(softmax(table[judged], temperature), y[judged]).mean()
        for table, temperature in zip(tables, temperatures, strict=True)
    ]
    best = int(np.argmin(losses))
    return best, temperatures[best]


def _spread(inputs: FloatArray) -> np.float32:
    return np.float32(inputs.std(axis=0).mean() or 1)


def _logits(network: Network, inputs: FloatArray) -> FloatArray:
    """What each of the networks says of all rows: [b, n, classes]."""
    import torch

    with torch.inference_mode():
        values = torch.from_numpy(inputs).expand(len(network[0]), -1, -1)
        for layer in range(0, len(network), 2):
            values = torch.baddbmm(network[layer + 1], values, network[layer])
            if layer + 2 < len(network):
                values = torch.relu(values)
        logits: FloatArray = values.numpy()
    return logits


def _train(
    inputs: FloatArray, y: IntArray, classes: int, masks: NDArray[np.bool_], lengths: Sequence[int], seed: int
) -> Iterator[Network]:
    """Networks trained on the rows of `masks` [b, n], as they are after each of `lengths` epochs (rising).

    Class-weighted cross-entropy, AdamW, dropout. A network with fewer rows than the others gets smaller batches.
    """
    # Here and above, not at the top: it takes more than a second, in which clips can be read already.
    import torch

    weights = torch.from_numpy(balanced_weights(y, classes, masks))
    X, targets = torch.from_numpy(inputs), torch.from_numpy(y)
    networks = len(masks)
    most = int(masks.sum(axis=1).max())
    steps = math.ceil(most / _BATCH)
    size = math.ceil(most / steps)
    generator = torch.Generator().manual_seed(seed)
    network: Network = []
    for width, outputs in pairwise((inputs.shape[1], *_HIDDEN, classes)):
        bound = 1 / math.sqrt(width)  # as torch's own dense layers begin
        network.append(torch.empty(networks, width, outputs).uniform_(-bound, bound, generator=generator))
        network.append(torch.empty(networks, 1, outputs).uniform_(-bound, bound, generator=generator))
    for parameter in network:
        parameter.requires_grad_()
    optimiser = torch.optim.AdamW(network, lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY, fused=True)
    own = [torch.from_numpy(np.flatnonzero(mask)) for mask in masks]
    for epoch in range(1, max(lengths) + 1):
        # Each network's rows in an order of their own, dealt out over the steps.
        dealt = torch.zeros(networks, steps, size, dtype=torch.int64)
        filled = torch.zeros(networks, steps, size)
        for number, rows in enumerate(own):
            shuffled = rows[torch.randperm(len(rows), generator=generator)]
            for step, batch in enumerate(torch.tensor_split(shuffled, steps)):
                dealt[number, step, : len(batch)] = batch
                filled[number, step, : len(batch)] = 1
        for step in range(steps):
            batch, present = dealt[:, step], filled[:, step]
            values = X[batch]
            for layer in range(0, len(network), 2):
                values = torch.baddbmm(network[layer + 1], values, network[layer])
                if layer + 2 < len(network):
                    kept = torch.rand(values.shape, generator=generator) >= _DROPOUT
                    values = torch.relu(values) * kept / (1 - _DROPOUT)
            losses = torch.nn.functional.cross_entropy(values.transpose(1, 2), targets[batch], reduction="none")
            weight = torch.gather(weights, 1, batch) * present
            optimiser.zero_grad()
            ((losses * weight).sum(dim=1) / weight.sum(dim=1)).sum().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        if epoch in lengths:
            yield [parameter.detach().clone() for parameter in network]
