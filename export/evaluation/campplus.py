"""3D-Speaker's CAM++ (Wang et al., 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .layers import batch_norm, conv1d, conv2d, relu, sigmoid, take
from .wespeaker import fbank

if TYPE_CHECKING:
    from .layers import Array, Tensors

EPSILON = 1e-5
"""Of the last normalisation, which has neither factor nor shift."""

STRETCH = 100
"""Frames over which the nearer context of a frame is averaged."""

DILATIONS = (1, 2, 2)


def features(waveform: Array) -> Array:
    """Give Kaldi's log mel energies of (samples,) at 16 kHz: (frames, 80)."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)
    return fbank(waveform, window=hann**0.85, scale=1.0)


def normal(x: Array, tensors: Tensors, name: str) -> Array:
    """Normalise, then cut off what is negative."""
    return relu(batch_norm(x, tensors, name))


def convolve(x: Array, tensors: Tensors, name: str, *, stride: int = 1, dilation: int = 1) -> Array:
    """Convolve (channels, frames) with zeros beyond its ends."""
    kernels = take(tensors, f"{name}.weight")
    reach = dilation * (kernels.shape[2] - 1) // 2
    padded = np.pad(x, ((0, 0), (reach, reach)))
    y = conv1d(padded, kernels, stride=stride, dilation=dilation)
    bias = f"{name}.bias"
    return y + take(tensors, bias)[:, None] if bias in tensors else y


def head(x: Array, tensors: Tensors) -> Array:
    """Turn (80, frames) into (channels, frames), by convolutions with strides in frequency."""

    def layer(x: Array, convolution: str, norm: str, stride: int = 1) -> Array:
        y = conv2d(x, take(tensors, f"head.{convolution}.weight"))[:, ::stride]
        return batch_norm(y, tensors, f"head.{norm}")

    x = relu(layer(x[None], "conv1", "bn1"))
    for stage in (1, 2):
        block = 0
        while f"head.layer{stage}.{block}.conv1.weight" in tensors:
            name, stride = f"layer{stage}.{block}", 1 if block else 2
            y = relu(layer(x, f"{name}.conv1", f"{name}.bn1", stride))
            y = layer(y, f"{name}.conv2", f"{name}.bn2")
            if f"head.{name}.shortcut.0.weight" in tensors:
                x = layer(x, f"{name}.shortcut.0", f"{name}.shortcut.1", stride)
            x = relu(y + x)
            block += 1
    x = relu(layer(x, "conv2", "bn2", 2))
    return np.asarray(x.reshape(-1, x.shape[2]))


def mask(x: Array, tensors: Tensors, name: str) -> Array:
    """Weigh each channel in each frame by the means over everything and over its stretch."""
    nearer = np.empty_like(x)
    for start in range(0, x.shape[1], STRETCH):
        stretch = slice(start, start + STRETCH)
        nearer[:, stretch] = x[:, stretch].mean(axis=1, keepdims=True)
    context = x.mean(axis=1, keepdims=True) + nearer
    squeezed = relu(convolve(context, tensors, f"{name}.linear1"))
    return sigmoid(convolve(squeezed, tensors, f"{name}.linear2"))


def dense_layer(x: Array, tensors: Tensors, name: str, dilation: int) -> Array:
    """Compute the channels that a layer adds to its input."""
    x = normal(x, tensors, f"{name}.nonlinear1.batchnorm")
    x = convolve(x, tensors, f"{name}.linear1")
    x = normal(x, tensors, f"{name}.nonlinear2.batchnorm")
    local = convolve(x, tensors, f"{name}.cam_layer.linear_local", dilation=dilation)
    return local * mask(x, tensors, f"{name}.cam_layer")


def embedding(bands: Array, tensors: Tensors) -> Array:
    """Turn features (frames, 80), all of one speaker, into one vector."""
    x = head((bands - bands.mean(axis=0)).T, tensors)
    x = convolve(x, tensors, "xvector.tdnn.linear", stride=2)
    x = normal(x, tensors, "xvector.tdnn.nonlinear.batchnorm")
    for number, dilation in enumerate(DILATIONS, 1):
        index = 1
        while f"xvector.block{number}.tdnnd{index}.linear1.weight" in tensors:
            added = dense_layer(x, tensors, f"xvector.block{number}.tdnnd{index}", dilation)
            x = np.concatenate([x, added])
            index += 1
        x = normal(x, tensors, f"xvector.transit{number}.nonlinear.batchnorm")
        x = convolve(x, tensors, f"xvector.transit{number}.linear")
    x = normal(x, tensors, "xvector.out_nonlinear.batchnorm")
    statistics = np.concatenate([x.mean(axis=1), x.std(axis=1, ddof=1)])
    raw = take(tensors, "xvector.dense.linear.weight")[:, :, 0] @ statistics
    norm = "xvector.dense.nonlinear.batchnorm"
    deviation = np.sqrt(take(tensors, f"{norm}.running_var") + EPSILON)
    return np.asarray((raw - take(tensors, f"{norm}.running_mean")) / deviation)
