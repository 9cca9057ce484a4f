"""SincNet, the learnable filterbank in front of PyanNet and of pyannote's x-vectors.

Ravanelli and Bengio, "Speaker recognition from raw waveform with SincNet" (2018), with the cosine
and sine pairs of Pariente et al., "Filterbank design for end-to-end speech separation" (2020).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from openvino import opset13 as op

from ovdiar.errors import ModelError

from .layers import EPSILON, conv1d, instance_norm1d, ints, leaky_relu, max_pool1d

if TYPE_CHECKING:
    import openvino as ov
    from numpy.typing import NDArray

    from .weights import Weights

STRIDE = 10
"""Of the filterbank, in samples, in every published model."""

RATE = 16_000

_POOL = 3
_MIN_LOW_HZ = 50.0
_MIN_BAND_HZ = 50.0


def stack(stride: int) -> list[tuple[int, int]]:
    """List (kernel, stride) of every layer that moves along time."""
    return [(251, stride), (_POOL, _POOL), (5, 1), (_POOL, _POOL), (5, 1), (_POOL, _POOL)]


def frame_grid(stride: int = STRIDE) -> tuple[int, int, int]:
    """Return (step, width, start) of the output frames, in samples.

    ``width`` is the receptive field of one frame, hence the shortest input; ``start`` is where
    frame 0's receptive field begins.
    """
    step, width = 1, 1
    for kernel, hop in stack(stride):
        width += (kernel - 1) * step
        step *= hop
    return step, width, 0


def _rounded(function: np.ufunc, angle: NDArray[np.float32]) -> NDArray[np.float32]:
    """Evaluate to the nearest float32, whatever the library's own float32 version does."""
    return np.asarray(function(angle.astype(np.float64)), np.float32)


def filters(weights: Weights, *, rate: int = RATE) -> NDArray[np.float32]:
    """Evaluate the windowed band-pass filters (2 pairs, 1, kernel): cosines, then sines.

    Each is the difference of two low-pass sincs, divided by twice its band. The arithmetic is
    float32 throughout, as the model was trained: float64 would move the filters by up to 3e-6.
    """
    low_hz = weights.take("low_hz_", (None, 1))
    band_hz = weights.take("band_hz_", low_hz.shape)
    window = weights.take("window_", (None,))
    angle = weights.take("n_", (1, len(window)))
    low = np.float32(_MIN_LOW_HZ) + np.abs(low_hz)
    high = np.clip(low + np.float32(_MIN_BAND_HZ) + np.abs(band_hz), _MIN_LOW_HZ, rate / 2)
    band = 2 * (high - low)
    if not (band > 0).all():
        raise ModelError(
            f"tensor {weights.prefix + 'low_hz_'!r} puts a filter above {rate / 2:.0f} Hz: "
            f"check that the model is one for audio at {rate} Hz"
        )
    half = angle / 2
    cosine = (_rounded(np.sin, high * angle) - _rounded(np.sin, low * angle)) / half * window
    sine = (_rounded(np.cos, low * angle) - _rounded(np.cos, high * angle)) / half * window
    cosines = np.concatenate([cosine, band, cosine[:, ::-1]], axis=1) / band
    sines = np.concatenate([sine, np.zeros_like(band), -sine[:, ::-1]], axis=1) / band
    return np.ascontiguousarray(np.concatenate([cosines, sines])[:, None], dtype=np.float32)


def _normalize(waveform: ov.Node, weights: Weights) -> ov.Node:
    """Normalise the waveform as one multiplication and one addition, rounded as torch rounds it.

    Published models add 40 times what they multiply with. What is left of a band without energy,
    such as that above 4 kHz on the telephone, is then the rounding of this sum, and the network
    normalises that up again: normalising first and scaling later moves scores twice as far.
    """
    scale, shift = weights.take("weight", (1,)), weights.take("bias", (1,))
    time = ints(1)
    mean = op.reduce_mean(waveform, time, keep_dims=True)
    centred = op.subtract(waveform, mean)
    variance = op.reduce_mean(op.multiply(centred, centred), time, keep_dims=True)
    deviation = op.sqrt(op.add(variance, np.float32(EPSILON)))
    factor = op.divide(scale, deviation)
    offset = op.subtract(shift, op.multiply(mean, factor))
    return op.add(op.multiply(waveform, factor), offset)


def sincnet(
    waveform: ov.Node, weights: Weights, *, stride: int = STRIDE, rate: int = RATE
) -> tuple[ov.Node, int]:
    """Turn waveform [batch, samples] into [batch, channels, frames]; return it and channels."""
    signal = op.unsqueeze(_normalize(waveform, weights.below("wav_norm1d.")), ints(1))
    kernels = filters(weights.below("conv1d.0.filterbank."), rate=rate)
    signal = op.abs(conv1d(signal, kernels, stride=stride))
    channels = len(kernels)
    for index, (width, _) in enumerate(stack(stride)[::2]):
        if index > 0:
            part = weights.below(f"conv1d.{index}.")
            kernels = part.take("weight", (None, channels, width))
            channels = len(kernels)
            signal = conv1d(signal, kernels, part.take("bias", (channels,)))
        pooled = max_pool1d(signal, _POOL)
        normal = instance_norm1d(pooled, weights.below(f"norm1d.{index}."), channels)
        signal = leaky_relu(normal)
    return signal, channels
