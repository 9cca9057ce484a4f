"""Layers in float64 NumPy, each from torch's definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
    Tensors: TypeAlias = Mapping[str, NDArray[Any]]

EPSILON = 1e-5
"""Of torch's instance and batch normalisation."""


def take(tensors: Tensors, name: str) -> Array:
    """Return a tensor in double precision."""
    return np.asarray(tensors[name], np.float64)


def sigmoid(x: Array) -> Array:
    """Map logits to (0, 1); tanh does not overflow."""
    return np.asarray((1 + np.tanh(x / 2)) / 2)


def log_softmax(x: Array) -> Array:
    """Normalise the last axis to logarithms of probabilities."""
    shifted = x - x.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def relu(x: Array) -> Array:
    """Cut off what is negative."""
    return np.maximum(x, 0)


def leaky_relu(x: Array) -> Array:
    """Multiply what is negative by 0.01, torch's default slope."""
    return np.where(x > 0, x, 0.01 * x)


def linear(x: Array, tensors: Tensors, name: str) -> Array:
    """Apply a matrix (out, in) and a bias to the last axis."""
    return np.asarray(x @ take(tensors, f"{name}.weight").T + take(tensors, f"{name}.bias"))


def conv1d(x: Array, kernels: Array, *, stride: int = 1, dilation: int = 1) -> Array:
    """Correlate (channels, time) with (out, channels, width), without padding."""
    span = dilation * (kernels.shape[2] - 1) + 1
    patches = sliding_window_view(x, span, axis=1)[:, ::stride, ::dilation]
    return np.asarray(np.tensordot(kernels, patches, axes=((1, 2), (0, 2))))


def conv2d(x: Array, kernels: Array, *, stride: int = 1) -> Array:
    """Correlate (channels, rows, columns) with (out, channels, side, side), padded with zeros."""
    side = kernels.shape[2]
    reach = side // 2
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
    patches = sliding_window_view(padded, (side, side), axis=(1, 2))[:, ::stride, ::stride]
    return np.asarray(np.tensordot(kernels, patches, axes=((1, 2, 3), (0, 3, 4))))


def max_pool1d(x: Array, width: int) -> Array:
    """Keep the largest of every ``width`` frames; a remainder is dropped."""
    frames = x.shape[1] // width
    return np.asarray(x[:, : frames * width].reshape(len(x), frames, width).max(axis=2))


def instance_norm1d(x: Array, tensors: Tensors, name: str) -> Array:
    """Normalise each channel over its own time by its biased variance, then scale it."""
    centred = x - x.mean(axis=1, keepdims=True)
    normal = centred / np.sqrt(x.var(axis=1, keepdims=True) + EPSILON)
    weight, bias = take(tensors, f"{name}.weight"), take(tensors, f"{name}.bias")
    return np.asarray(normal * weight[:, None] + bias[:, None])


def batch_norm(x: Array, tensors: Tensors, name: str) -> Array:
    """Normalise each channel (the first axis) by its statistics in training, then scale it."""
    weight, bias, mean, variance = (
        take(tensors, f"{name}.{part}").reshape(-1, *[1] * (x.ndim - 1))
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return np.asarray((x - mean) / np.sqrt(variance + EPSILON) * weight + bias)


def lstm_direction(x: Array, tensors: Tensors, prefix: str, suffix: str) -> Array:
    """Run one direction of one layer over (time, features), step by step."""
    w_ih, w_hh, b_ih, b_hh = (
        take(tensors, f"{prefix}{name}{suffix}")
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    hidden = np.zeros(w_hh.shape[1])
    cell = np.zeros(w_hh.shape[1])
    outputs = []
    for step in x:
        i, f, c, o = np.split(w_ih @ step + b_ih + w_hh @ hidden + b_hh, 4)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
        hidden = sigmoid(o) * np.tanh(cell)
        outputs.append(hidden)
    return np.array(outputs)


def lstm_layer(x: Array, tensors: Tensors, prefix: str, layer: int) -> Array:
    """Run one layer, forward and, where it has the tensors, backward."""
    suffix = f"_l{layer}"
    forward = lstm_direction(x, tensors, prefix, suffix)
    if f"{prefix}weight_ih{suffix}_reverse" not in tensors:
        return forward
    backward = lstm_direction(x[::-1], tensors, prefix, suffix + "_reverse")[::-1]
    return np.concatenate([forward, backward], axis=1)
