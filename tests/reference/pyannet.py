"""PyanNet and its parts in float64 NumPy, one formula after the other, as slow as they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Tensors = Mapping[str, NDArray[Any]]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def leaky_relu(x: Array) -> Array:
    return np.where(x > 0, x, 0.01 * x)


def conv1d(x: Array, kernels: Array, stride: int = 1, dilation: int = 1) -> Array:
    """Correlate (channels, time) with (out, channels, width)."""
    width = kernels.shape[2]
    starts = range(0, x.shape[1] - dilation * (width - 1), stride)
    columns = [x[:, t : t + dilation * (width - 1) + 1 : dilation].ravel() for t in starts]
    return np.asarray(kernels.reshape(len(kernels), -1) @ np.array(columns).T)


def max_pool1d(x: Array, width: int) -> Array:
    frames = x.shape[1] // width
    return np.asarray(x[:, : frames * width].reshape(len(x), frames, width).max(axis=2))


def instance_norm1d(x: Array, weight: Array, bias: Array) -> Array:
    normal = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return np.asarray(normal * weight[:, None] + bias[:, None])


def sinc_filters(low_hz: Array, band_hz: Array, half: int = 125, rate: int = 16_000) -> Array:
    """Write down each tap of each windowed filter."""
    window = np.hamming(2 * half + 1)
    cosines, sines = [], []
    for low_parameter, band_parameter in zip(low_hz.ravel(), band_hz.ravel(), strict=True):
        low = 50 + abs(low_parameter)
        high = min(max(low + 50 + abs(band_parameter), 50), rate / 2)
        cosine, sine = [], []
        for tap in range(-half, half + 1):
            n = 2 * np.pi * tap / rate
            if tap == 0:
                cosine.append(1.0)
                sine.append(0.0)
                continue
            scale = window[tap + half] / (n / 2) / (2 * (high - low))
            cosine.append((np.sin(high * n) - np.sin(low * n)) * scale)
            # An odd filter: what the left half holds, the right half holds negated.
            mirrored = -abs(n)
            left = (np.cos(low * mirrored) - np.cos(high * mirrored)) / (mirrored / 2)
            taper = window[tap + half] / (2 * (high - low))
            sine.append(-np.sign(tap) * left * taper)
        cosines.append(cosine)
        sines.append(sine)
    return np.array(cosines + sines)[:, None, :]


def sincnet(waveform: Array, tensors: Tensors, stride: int = 10, prefix: str = "sincnet.") -> Array:
    """Turn (samples,) into (channels, frames)."""
    get = {name: np.asarray(value, np.float64) for name, value in tensors.items()}
    x = instance_norm1d(
        waveform[None], get[prefix + "wav_norm1d.weight"], get[prefix + "wav_norm1d.bias"]
    )
    bank = prefix + "conv1d.0.filterbank."
    x = np.abs(conv1d(x, sinc_filters(get[bank + "low_hz_"], get[bank + "band_hz_"]), stride))
    for i in range(3):
        if i > 0:
            x = conv1d(x, get[f"{prefix}conv1d.{i}.weight"])
            x = x + get[f"{prefix}conv1d.{i}.bias"][:, None]
        norm = f"{prefix}norm1d.{i}."
        x = leaky_relu(instance_norm1d(max_pool1d(x, 3), get[norm + "weight"], get[norm + "bias"]))
    return x


def lstm_direction(x: Array, tensors: Tensors, prefix: str, suffix: str) -> Array:
    """Run one direction of one layer over (time, features), step by step."""
    w_ih, w_hh, b_ih, b_hh = (
        np.asarray(tensors[f"{prefix}{name}{suffix}"], np.float64)
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


def logits(waveform: Array, tensors: Tensors, stride: int = 10) -> Array:
    """Turn (samples,) into (frames, classes), before any activation."""
    x = sincnet(waveform, tensors, stride).T
    layer = 0
    while f"lstm.weight_ih_l{layer}" in tensors:
        x = lstm_layer(x, tensors, "lstm.", layer)
        layer += 1
    while f"lstm.{layer}.weight_ih_l0" in tensors:
        x = lstm_layer(x, tensors, f"lstm.{layer}.", 0)
        layer += 1
    layer = 0
    while f"linear.{layer}.weight" in tensors:
        x = leaky_relu(x @ tensors[f"linear.{layer}.weight"].T + tensors[f"linear.{layer}.bias"])
        layer += 1
    return np.asarray(x @ tensors["classifier.weight"].T + tensors["classifier.bias"])


def log_softmax(x: Array) -> Array:
    shifted = x - x.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
