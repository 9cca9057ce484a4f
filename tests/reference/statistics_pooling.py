"""What lies between trunk and head: a mask stretched to the frames, means, deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from reference.pooling import nearest, statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pool(features: NDArray[Any], mask: NDArray[Any] | None = None) -> NDArray[np.float64]:
    """Pool (channels, frames) into means, then deviations; without a mask, those of a sample."""
    if mask is None:
        return np.concatenate([features.mean(axis=1), features.std(axis=1, ddof=1)])
    weights = nearest(mask.tolist(), features.shape[1])
    pairs = [statistics(channel.tolist(), weights) for channel in features.astype(np.float64)]
    return np.asarray(np.array(pairs).T.ravel())
