"""The layout of a feature row: one block of columns for each modality. Never learns anything from the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


def fuse(blocks: Sequence[tuple[int, Sequence[FloatArray | None]]]) -> FloatArray:
    """Features [n, sum of the widths]: each modality's vectors L2-normalised, side by side.

    A block is a modality's width and its n vectors [width], in the same order of clips in every block. A vector that
    is absent (None), or zero, becomes zeros.
    """
    if not blocks:
        raise ValueError("fuse needs at least one block")
    fused = np.zeros((len(blocks[0][1]), sum(width for width, _ in blocks)), dtype=np.float32)
    start = 0
    for width, vectors in blocks:
        part = fused[:, start : start + width]
        for row, vector in zip(part, vectors, strict=True):
            if vector is not None:
                if vector.shape != (width,):
                    raise ValueError(f"a vector of shape {vector.shape} in a block that is {width} wide")
                row[:] = vector
        part /= row_norms(part)
        start += width
    return fused


def block_slices(widths: Mapping[str, int]) -> dict[str, slice]:
    """Which columns of `fuse`'s result belong to which modality; `widths` in the order of the blocks."""
    slices = {}
    start = 0
    for name, width in widths.items():
        slices[name] = slice(start, start + width)
        start += width
    return slices


def row_norms(rows: FloatArray) -> FloatArray:
    """The L2 norms [n, 1] of `rows` [n, d] to divide by: 1 for a row of zeros."""
    norms: FloatArray = np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]
    norms[norms == 0] = 1
    return norms
