"""WeSpeaker's filterbank (Kaldi's) and residual networks (He et al., 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .layers import batch_norm, conv2d, relu, take

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .layers import Array, Tensors


def mel(hz: float | NDArray[Any]) -> Array:
    """Convert frequencies to Kaldi's mel scale."""
    return np.asarray(1127 * np.log(1 + np.asarray(hz) / 700))


def fbank(
    waveform: Array,
    bands: int = 80,
    hop: int = 160,
    *,
    window: Array | None = None,
    scale: float = 32_768.0,
) -> Array:
    """Give the log mel energies (frames, bands) of (samples,) at 16 kHz.

    ``window`` is Hamming's of 25 ms by default, ``scale`` what the waveform is multiplied with.
    """
    size, rate, width = 512, 16_000, 400
    frames = sliding_window_view(waveform, width)[::hop] * scale
    frames = frames - frames.mean(axis=1, keepdims=True)
    previous = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    if window is None:
        window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(width) / (width - 1))
    power = np.abs(np.fft.rfft((frames - 0.97 * previous) * window, size)) ** 2
    distance = (mel(rate / 2) - mel(20)) / (bands + 1)
    centres = mel(20) + distance * np.arange(1, bands + 1)
    bins = mel(rate / size * np.arange(size // 2))
    triangles = np.maximum(0, 1 - np.abs(bins[:, None] - centres) / distance)
    energy = power[:, : size // 2] @ triangles
    return np.asarray(np.log(np.maximum(energy, np.finfo(np.float32).eps)))


def features(waveform: Array, tensors: Tensors) -> Array:
    """Turn (samples,) into (channels, frames), what the pooling sees."""
    bands = fbank(waveform)
    x = (bands - bands.mean(axis=0)).T[None]

    def layer(x: Array, convolution: str, norm: str, stride: int = 1) -> Array:
        kernels = take(tensors, f"resnet.{convolution}.weight")
        return batch_norm(conv2d(x, kernels, stride=stride), tensors, f"resnet.{norm}")

    x = relu(layer(x, "conv1", "bn1"))
    for stage in range(1, 5):
        block = 0
        while f"resnet.layer{stage}.{block}.conv1.weight" in tensors:
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            if f"resnet.{name}.conv3.weight" in tensors:
                y = relu(layer(x, f"{name}.conv1", f"{name}.bn1"))
                y = relu(layer(y, f"{name}.conv2", f"{name}.bn2", stride))
                y = layer(y, f"{name}.conv3", f"{name}.bn3")
            else:
                y = relu(layer(x, f"{name}.conv1", f"{name}.bn1", stride))
                y = layer(y, f"{name}.conv2", f"{name}.bn2")
            if f"resnet.{name}.shortcut.0.weight" in tensors:
                x = layer(x, f"{name}.shortcut.0", f"{name}.shortcut.1", stride)
            x = relu(y + x)
            block += 1
    return np.asarray(x.reshape(-1, x.shape[2]))
