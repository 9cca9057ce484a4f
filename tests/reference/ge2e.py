"""GE2E's network in float64 NumPy, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from reference.pyannet import lstm_direction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def embedding(
    features: NDArray[np.float64], tensors: Mapping[str, NDArray[Any]]
) -> NDArray[np.float64]:
    """Turn (frames, bands) into one unit vector."""
    x = features
    layer = 0
    while f"lstm.weight_ih_l{layer}" in tensors:
        x = lstm_direction(x, tensors, "lstm.", f"_l{layer}")
        layer += 1
    raw = np.maximum(tensors["linear.weight"] @ x[-1] + tensors["linear.bias"], 0)
    return np.asarray(raw / np.sqrt(np.sum(raw**2)))
