"""How much arithmetic a network does: two operations for each multiplication of its weights."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from ovdiar.networks.runtime import import_openvino

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def network_gflop(path: Path, shape: Sequence[int]) -> float:
    """Count the products of convolutions, matrices and LSTMs for an input of some shape."""
    model = import_openvino().Core().read_model(str(path))
    model.reshape(list(shape))
    return 2 * sum(map(_products, model.get_ordered_ops())) / 1e9


def _products(node: Any) -> int:
    """Count the multiplications of one operation."""
    kind = node.get_type_name()
    if kind == "Convolution":
        _, inputs, *kernel = node.input(1).get_shape()
        return int(prod(node.output(0).get_shape()) * inputs * prod(kernel))
    if kind == "MatMul":
        return int(prod(node.output(0).get_shape()) * node.input(0).get_shape()[-1])
    if kind == "LSTMSequence":
        batch, length, features = node.input(0).get_shape()
        directions, gates, _ = node.input(4).get_shape()
        return int(batch * length * directions * gates * (features + gates // 4))
    return 0
