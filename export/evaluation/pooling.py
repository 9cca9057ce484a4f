"""Masked statistics pooling, between the trunk and the head of an embedding (pyannote >= 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .layers import Array

GUARD = 1e-8


def pool(features: NDArray[Any], mask: NDArray[Any] | None = None) -> Array:
    """Pool (channels, frames) into means, then deviations; without a mask, those of a sample.

    A mask of another length is stretched: each frame takes the entry in which it starts. A mask of
    zeros gives zeros.
    """
    x = np.asarray(features, np.float64)
    if mask is None:
        return np.concatenate([x.mean(axis=1), x.std(axis=1, ddof=1)])
    frames = np.arange(x.shape[1])
    weights = np.asarray(mask, np.float64)[frames * len(mask) // len(frames)]
    total = weights.sum() + GUARD
    mean = x @ weights / total
    squares = (x - mean[:, None]) ** 2 @ weights
    variance = squares / (total - np.sum(weights**2) / total + GUARD)
    return np.concatenate([mean, np.sqrt(variance)])
