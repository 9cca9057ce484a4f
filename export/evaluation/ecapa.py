"""SpeechBrain's filterbank and ECAPA-TDNN (Desplanques et al., 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import librosa
import numpy as np

from .layers import batch_norm, conv1d, relu, sigmoid, take

if TYPE_CHECKING:
    from .layers import Array, Tensors

FLOOR = 1e-12
"""Of a variance."""


def features(waveform: Array, bands: int = 80) -> Array:
    """Give the log mel filterbank of (samples,) at 16 kHz, minus its mean: (frames, bands).

    Each triangle is symmetric in Hz: as wide on both sides as the centre below it is far.
    """
    width, rate = 400, 16_000
    spectrum = librosa.stft(
        waveform, n_fft=width, hop_length=160, window="hamming", dtype=np.complex128
    )
    mels = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bands + 2)
    hz = 700 * (10 ** (mels / 2595) - 1)
    slope = (np.linspace(0, rate / 2, width // 2 + 1) - hz[1:-1, None]) / np.diff(hz)[:-1, None]
    triangles = np.maximum(0, np.minimum(1 + slope, 1 - slope))
    power = triangles @ np.abs(spectrum) ** 2
    decibels = librosa.power_to_db(power, amin=1e-10, top_db=80.0).T
    return np.asarray(decibels - decibels.mean(axis=0))


def convolve(x: Array, tensors: Tensors, name: str, dilation: int = 1) -> Array:
    """Convolve (channels, frames) to the same number of frames, reflecting its ends."""
    kernels = take(tensors, f"{name}.conv.weight")
    reach = dilation * (kernels.shape[2] - 1) // 2
    if reach:
        x = np.pad(x, ((0, 0), (reach, reach)), mode="reflect")
    return conv1d(x, kernels, dilation=dilation) + take(tensors, f"{name}.conv.bias")[:, None]


def tdnn(x: Array, tensors: Tensors, name: str, dilation: int = 1) -> Array:
    """Convolve, cut off what is negative, normalise."""
    convolved = relu(convolve(x, tensors, f"{name}.conv", dilation))
    return batch_norm(convolved, tensors, f"{name}.norm.norm")


def block(x: Array, tensors: Tensors, name: str, dilation: int) -> Array:
    """Apply one SE-Res2Net block."""
    residual = x
    if f"{name}.shortcut.conv.weight" in tensors:
        residual = convolve(x, tensors, f"{name}.shortcut")
    x = tdnn(x, tensors, f"{name}.tdnn1")
    count = 1
    while f"{name}.res2net_block.blocks.{count - 1}.conv.conv.weight" in tensors:
        count += 1
    first, *others = np.split(x, count)
    answers = [first]
    for index, group in enumerate(others):
        source = group + answers[-1] if index else group
        answers.append(tdnn(source, tensors, f"{name}.res2net_block.blocks.{index}", dilation))
    x = tdnn(np.concatenate(answers), tensors, f"{name}.tdnn2")
    squeezed = relu(convolve(x.mean(axis=1, keepdims=True), tensors, f"{name}.se_block.conv1"))
    return x * sigmoid(convolve(squeezed, tensors, f"{name}.se_block.conv2")) + residual


def statistics(x: Array, share: Array) -> Array:
    """Return means, then deviations of (channels, frames) whose frames weigh ``share``."""
    mean = np.sum(x * share, axis=1, keepdims=True)
    variance = np.sum((x - mean) ** 2 * share, axis=1, keepdims=True)
    return np.concatenate([mean, np.sqrt(np.maximum(variance, FLOOR))])


def attentive_pooling(x: Array, tensors: Tensors) -> Array:
    """Pool (channels, frames) into (2 * channels, 1) by weights that depend on all frames."""
    frames = x.shape[1]
    context = np.repeat(statistics(x, np.full_like(x, 1 / frames)), frames, axis=1)
    hidden = np.tanh(tdnn(np.concatenate([x, context]), tensors, "asp.tdnn"))
    scores = np.exp(convolve(hidden, tensors, "asp.conv"))
    return statistics(x, scores / scores.sum(axis=1, keepdims=True))


def embedding(bands: Array, tensors: Tensors) -> Array:
    """Turn features (frames, bands) into one vector."""
    x = tdnn(bands.T, tensors, "blocks.0")
    outputs = []
    for index, dilation in ((1, 2), (2, 3), (3, 4)):
        x = block(x, tensors, f"blocks.{index}", dilation)
        outputs.append(x)
    merged = tdnn(np.concatenate(outputs), tensors, "mfa")
    pooled = batch_norm(attentive_pooling(merged, tensors), tensors, "asp_bn.norm")
    return convolve(pooled, tensors, "fc")[:, 0]
