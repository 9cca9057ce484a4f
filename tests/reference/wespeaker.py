"""WeSpeaker's filterbank and residual networks in float64 NumPy, loop by loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Tensors = Mapping[str, NDArray[Any]]


def mel(hz: float) -> float:
    return float(1127 * np.log(1 + hz / 700))


def fbank(waveform: Array, bands: int = 80, width: int = 400, hop: int = 160) -> Array:
    """Give log mel energies (frames, bands), one frame and one filter after the other."""
    size = 512
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(width) / (width - 1))
    low, high = mel(20), mel(8000)
    distance = (high - low) / (bands + 1)
    rows = []
    for start in range(0, len(waveform) - width + 1, hop):
        frame = waveform[start : start + width] * 32768
        frame = frame - frame.mean()
        emphasized = frame.copy()
        for n in range(width):
            emphasized[n] -= 0.97 * frame[max(0, n - 1)]
        power = np.abs(np.fft.rfft(emphasized * window, size)) ** 2
        row = []
        for band in range(bands):
            centre = low + (band + 1) * distance
            energy = sum(
                power[k] * max(0.0, 1 - abs(mel(k * 16_000 / size) - centre) / distance)
                for k in range(size // 2)
            )
            row.append(np.log(max(energy, 1.1920929e-07)))
        rows.append(row)
    return np.array(rows)


def conv2d(x: Array, kernels: Array, stride: int) -> Array:
    """Correlate (channels, rows, columns) with (out, channels, side, side), padded with zeros."""
    side = kernels.shape[2]
    reach = side // 2
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
    rows = range(0, x.shape[1], stride)
    columns = range(0, x.shape[2], stride)
    out = np.zeros((len(kernels), len(rows), len(columns)))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            patch = padded[:, row : row + side, column : column + side]
            out[:, i, j] = np.tensordot(kernels, patch, axes=3)
    return out


def batch_norm(x: Array, tensors: Tensors, name: str) -> Array:
    weight, bias, mean, variance = (
        np.asarray(tensors[f"{name}.{part}"], np.float64)[:, None, None]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return np.asarray((x - mean) / np.sqrt(variance + 1e-5) * weight + bias)


def features(waveform: Array, tensors: Tensors) -> Array:
    """Turn (samples,) into (channels, frames), what the pooling sees."""
    bands = fbank(waveform)
    x = (bands - bands.mean(axis=0)).T[None]

    def layer(x: Array, convolution: str, norm: str, stride: int = 1) -> Array:
        kernels = np.asarray(tensors[f"resnet.{convolution}.weight"], np.float64)
        return batch_norm(conv2d(x, kernels, stride), tensors, f"resnet.{norm}")

    x = np.maximum(layer(x, "conv1", "bn1"), 0)
    for stage in range(1, 5):
        block = 0
        while f"resnet.layer{stage}.{block}.conv1.weight" in tensors:
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            if f"resnet.{name}.conv3.weight" in tensors:
                y = np.maximum(layer(x, f"{name}.conv1", f"{name}.bn1"), 0)
                y = np.maximum(layer(y, f"{name}.conv2", f"{name}.bn2", stride), 0)
                y = layer(y, f"{name}.conv3", f"{name}.bn3")
            else:
                y = np.maximum(layer(x, f"{name}.conv1", f"{name}.bn1", stride), 0)
                y = layer(y, f"{name}.conv2", f"{name}.bn2")
            if f"resnet.{name}.shortcut.0.weight" in tensors:
                x = layer(x, f"{name}.shortcut.0", f"{name}.shortcut.1", stride)
            x = np.maximum(y + x, 0)
            block += 1
    return np.asarray(x.reshape(-1, x.shape[2]))
