"""Building blocks that the networks share, each with torch's meaning.

Signals are [batch, channels, time] and sequences [batch, time, features]; batch and time stay
dynamic. ``openvino`` converts NumPy operands to constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import openvino as ov
from openvino import opset13 as op

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .weights import Weights

EPSILON = 1e-5
"""Of torch's instance and batch normalisation."""


def ints(*values: int) -> NDArray[np.int64]:
    """Write down axes, sizes or positions as OpenVINO wants them."""
    return np.array(values, np.int64)


def parameter(name: str, *shape: int) -> ov.Node:
    """Declare a float32 input; -1 stands for a size known at run time only."""
    node = op.parameter(list(shape), dtype=np.float32, name=name)
    node.output(0).get_tensor().set_names({name})
    return node


def model(architecture: str, source: ov.Node, name: str, result: ov.Node) -> ov.Model:
    """Close a graph of one input and of one output called ``name``."""
    result.output(0).get_tensor().set_names({name})
    return ov.Model([op.result(result, name=name)], [source], architecture)


def linear(data: ov.Node, weights: Weights, inputs: int | None) -> tuple[ov.Node, int]:
    """Apply ``weight`` (out, in) and ``bias`` to the last axis; return the result and out."""
    matrix = weights.take("weight", (None, inputs))
    bias = weights.take("bias", (len(matrix),))
    return op.add(op.matmul(data, matrix, transpose_a=False, transpose_b=True), bias), len(matrix)


def leaky_relu(data: ov.Node) -> ov.Node:
    """Multiply what is negative by 0.01, torch's default slope."""
    return op.prelu(data, np.array([0.01], np.float32))


def conv1d(
    data: ov.Node,
    kernels: NDArray[np.float32],
    bias: NDArray[np.float32] | None = None,
    *,
    stride: int = 1,
    dilation: int = 1,
) -> ov.Node:
    """Correlate with ``kernels`` (out, in, width), without padding."""
    convolved = op.convolution(data, kernels, [stride], [0], [0], [dilation])
    return convolved if bias is None else op.add(convolved, bias[None, :, None])


def max_pool1d(data: ov.Node, width: int) -> ov.Node:
    """Keep the largest of every ``width`` frames; a remainder is dropped."""
    pooled = op.max_pool(data, [width], [1], [0], [0], [width])
    return op.squeeze(op.unsqueeze(pooled.output(0), ints(0)), ints(0))


def batch_norm(
    weights: Weights, channels: int, *, affine: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Reduce a trained batch norm, ``affine`` or not, to one factor and one shift per channel."""
    size = (channels,)
    variance = weights.take("running_var", size).astype(np.float64)
    if variance.min() + EPSILON <= 0:
        raise ModelError(
            f"tensor {weights.prefix + 'running_var'!r} holds the negative variance "
            f"{variance.min():.3g}: fetch the checkpoint again"
        )
    scale = weights.take("weight", size) if affine else np.ones(size)
    factor = scale / np.sqrt(variance + EPSILON)
    shift = weights.take("bias", size) if affine else np.zeros(size)
    return np.asarray(factor), np.asarray(shift - weights.take("running_mean", size) * factor)


def conv2d_norm(
    data: ov.Node,
    weights: Weights,
    names: tuple[str, str],
    shape: tuple[int | None, int, int],
    strides: tuple[int, int] = (1, 1),
) -> tuple[ov.Node, int]:
    """Convolve and normalise, as one convolution; return the result and its channels.

    ``names`` are those of the convolution and of its batch norm, ``shape`` is (out, in, width).
    Zeros around the image keep its size where ``strides`` are 1.
    """
    convolution, norm = names
    out, inputs, width = shape
    kernels = weights.take(f"{convolution}.weight", (out, inputs, width, width))
    factor, shift = batch_norm(weights.below(f"{norm}."), len(kernels))
    folded = np.asarray(kernels * factor[:, None, None, None], np.float32)
    pad = [width // 2] * 2
    convolved = op.convolution(data, folded, [*strides], pad, pad, [1, 1])
    bias = np.asarray(shift[None, :, None, None], np.float32)
    return op.add(convolved, bias), len(kernels)


def batch_norm1d(data: ov.Node, weights: Weights, channels: int) -> ov.Node:
    """Apply a trained batch norm."""
    factor, shift = (
        np.asarray(array[None, :, None], np.float32) for array in batch_norm(weights, channels)
    )
    return op.add(op.multiply(data, factor), shift)


def instance_norm1d(data: ov.Node, weights: Weights, channels: int) -> ov.Node:
    """Normalise each channel over the whole time axis by its biased variance, then scale it.

    As torch does it on the CPU: one factor and one shift a channel, from a mean and a variance that
    it accumulates in float64. Here both come from distances to a first, rougher mean, which float32
    adds up as well; a channel whose mean is large beside its deviation would lose digits else, and
    on some processors more than on others.
    """
    scale = weights.take("weight", (channels,))[None, :, None]
    shift = weights.take("bias", (channels,))[None, :, None]
    rough = op.reduce_mean(data, ints(2), keep_dims=True)
    apart = op.subtract(data, rough)
    missed = op.reduce_mean(apart, ints(2), keep_dims=True)
    squares = op.reduce_mean(op.multiply(apart, apart), ints(2), keep_dims=True)
    variance = op.subtract(squares, op.multiply(missed, missed))
    factor = op.divide(scale, op.sqrt(op.add(variance, np.float32(EPSILON))))
    offset = op.subtract(shift, op.multiply(op.add(rough, missed), factor))
    return op.add(op.multiply(data, factor), offset)


def _gates(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder torch's gates (input, forget, cell, output) to OpenVINO's (f, i, c, o)."""
    i, f, c, o = np.split(array, 4)
    return np.concatenate([f, i, c, o])


def lstm(
    data: ov.Node, weights: Weights, layer: int, inputs: int | None
) -> tuple[ov.Node, int, ov.Node]:
    """Run one layer of torch's LSTM, in both directions where it has ``_reverse`` tensors.

    Parameters
    ----------
    data : [batch, time, features]
    weights : holds ``weight_ih_lN`` (4 hidden, features), ``weight_hh_lN`` (4 hidden, hidden),
        ``bias_ih_lN`` and ``bias_hh_lN`` (4 hidden), N being ``layer``
    inputs : the number of features, where it is known

    Returns
    -------
    outputs [batch, time, directions * hidden], their last size, and the last hidden state
    [batch, directions, hidden]
    """
    ending = f"_l{layer}"
    hidden = weights.take("weight_hh" + ending, (None, None)).shape[1]
    both = f"weight_ih{ending}_reverse" in weights
    suffixes = [ending, ending + "_reverse"] if both else [ending]
    gates = 4 * hidden

    def stack(name: str, *shape: int | None) -> NDArray[np.float32]:
        return np.stack([_gates(weights.take(name + suffix, shape)) for suffix in suffixes])

    batch = op.gather(op.shape_of(data), ints(0), np.int64(0))
    length = op.gather(op.shape_of(data), ints(1), np.int64(0))
    start = op.broadcast(np.float32(0), op.concat([batch, ints(len(suffixes), hidden)], axis=0))
    sequence = op.lstm_sequence(
        data,
        start,
        start,
        op.broadcast(length, batch),
        stack("weight_ih", gates, inputs),
        stack("weight_hh", gates, hidden),
        stack("bias_ih", gates) + stack("bias_hh", gates),
        hidden,
        "bidirectional" if both else "forward",
    )
    by_time = op.transpose(sequence.output(0), ints(0, 2, 1, 3))
    width = len(suffixes) * hidden
    outputs = op.reshape(by_time, ints(0, 0, width), special_zero=True)
    return outputs, width, sequence.output(1)
