"""SincNet, the learnable filterbank in front of PyanNet and of pyannote's x-vectors.

Ravanelli and Bengio, "Speaker recognition from raw waveform with SincNet" (2018), with the cosine
and sine pairs of Pariente et al., "Filterbank design for end-to-end speech separation" (2020).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from openvino import opset13 as op

from ovdiar.errors import ModelError

from .layers import conv1d, instance_norm1d, ints, leaky_relu, max_pool1d
from .loudness import normalize
from .sine import sine

if TYPE_CHECKING:
    import openvino as ov
    from numpy.typing import NDArray

    from .weights import Weights

STRIDE = 10
"""Of the filterbank, in samples, in every published model."""

RATE = 16_000

_POOL = 3
_GROUP = 8
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


def filters(weights: Weights, *, rate: int = RATE) -> NDArray[np.float32]:
    """Evaluate the windowed band-pass filters (2 pairs, 1, kernel): cosines, then sines.

    Each is the difference of two low-pass sincs, divided by twice its band. The arithmetic is
    float32 throughout, as the model was trained: float64 would move the filters by up to 3e-6.
    The sines are torch's, to the last bit.
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
    upper, lower = ((edge * angle).astype(np.float64) for edge in (high, low))
    quarter = np.pi / 2
    even = (sine(upper) - sine(lower)) / half * window
    odd = (sine(lower + quarter) - sine(upper + quarter)) / half * window
    cosines = np.concatenate([even, band, even[:, ::-1]], axis=1) / band
    sines = np.concatenate([odd, np.zeros_like(band), -odd[:, ::-1]], axis=1) / band
    return np.ascontiguousarray(np.concatenate([cosines, sines])[:, None], dtype=np.float32)


def conv1d_in_order(
    data: ov.Node, kernels: NDArray[np.float32], bias: NDArray[np.float32]
) -> ov.Node:
    """Correlate, adding up in one order on every processor: that of torch on those with AVX2.

    Each output starts from its bias, then takes the channels by groups of 8: for every tap of the
    kernel, the group's channels in turn. OpenVINO's own order, like torch's, changes with the width
    of the processor's vectors, which moves scores of telephone audio by 2e-4. Here the groups are
    the rows of an image of 8 channels, below a row of ones whose only weight is the bias.
    """
    count, channels, width = kernels.shape
    groups = -(-channels // _GROUP)
    missing = groups * _GROUP - channels
    if missing:
        kernels = np.pad(kernels, ((0, 0), (0, missing), (0, 0)))
        data = op.pad(data, ints(0, 0, 0), ints(0, missing, 0), "constant", np.float32(0))
    image = op.reshape(data, ints(0, groups, _GROUP, -1), special_zero=True)
    image = op.transpose(image, ints(0, 2, 1, 3))
    image = op.pad(image, ints(0, 0, 1, 0), ints(0, 0, 0, 0), "constant", np.float32(1))
    weights = np.zeros((count, _GROUP, 1 + groups, width), np.float32)
    weights[:, 0, 0, 0] = bias
    weights[:, :, 1:] = kernels.reshape(count, groups, _GROUP, width).transpose(0, 2, 1, 3)
    return op.squeeze(op.convolution(image, weights, [1, 1], [0, 0], [0, 0], [1, 1]), ints(2))


def sincnet(
    waveform: ov.Node, weights: Weights, *, stride: int = STRIDE, rate: int = RATE
) -> tuple[ov.Node, int]:
    """Turn waveform [batch, samples] into [batch, channels, frames]; return it and channels."""
    signal = normalize(waveform, weights.below("wav_norm1d."))
    kernels = filters(weights.below("conv1d.0.filterbank."), rate=rate)
    signal = op.abs(conv1d(signal, kernels, stride=stride))
    channels = len(kernels)
    for index, (width, _) in enumerate(stack(stride)[::2]):
        if index > 0:
            part = weights.below(f"conv1d.{index}.")
            kernels = part.take("weight", (None, channels, width))
            channels = len(kernels)
            signal = conv1d_in_order(signal, kernels, part.take("bias", (channels,)))
        pooled = max_pool1d(signal, _POOL)
        normal = instance_norm1d(pooled, weights.below(f"norm1d.{index}."), channels)
        signal = leaky_relu(normal)
    return signal, channels
