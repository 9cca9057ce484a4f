"""Run a graph, as plainly as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Network:
    """A graph of one input and one output, compiled for the processor in float32."""

    def __init__(self, model: ov.Model) -> None:
        options = {"INFERENCE_PRECISION_HINT": "f32"}
        self._compiled = ov.Core().compile_model(model, "CPU", options)

    def __call__(self, array: NDArray[Any]) -> NDArray[np.float32]:
        return np.array(self._compiled(np.asarray(array, np.float32))[0])


def relative(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Give the largest distance of a row from the wanted one, in lengths of the latter."""
    distances = np.linalg.norm(found - wanted, axis=-1) / np.linalg.norm(wanted, axis=-1)
    return float(np.max(distances))
