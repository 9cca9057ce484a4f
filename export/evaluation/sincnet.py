"""SincNet (Ravanelli and Bengio, 2018), its filters in cosine and sine pairs (Pariente et al.)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .layers import conv1d, instance_norm1d, leaky_relu, max_pool1d, take

if TYPE_CHECKING:
    from .layers import Array, Tensors

MIN_HZ = 50.0
"""The lowest edge of a filter and its narrowest band."""

POOL = 3


def sinc_filters(low_hz: Array, band_hz: Array, phases: Array, taper: Array, *, rate: int) -> Array:
    """Write down each tap (2 * filters, 1, 2 * half + 1): cosines, then sines.

    A band-pass filter is the difference of two low-pass filters, each 2 f sinc(2 f t); its
    Hilbert partner has cosines for the sines. Both are windowed and divided by twice the band.
    ``phases`` (half,), 2 pi t before 0, and ``taper`` (half,), the window there, are as the
    checkpoint stores them: rounded to half precision, they make other filters.
    """
    before = phases.ravel() / (2 * np.pi)
    time = np.concatenate([before, [0.0], -before[::-1]])
    window = np.concatenate([taper, [1.0], taper[::-1]])
    low = MIN_HZ + np.abs(low_hz.reshape(-1, 1))
    high = np.clip(low + MIN_HZ + np.abs(band_hz.reshape(-1, 1)), MIN_HZ, rate / 2)
    cosines = 2 * high * np.sinc(2 * high * time) - 2 * low * np.sinc(2 * low * time)
    difference = np.cos(2 * np.pi * low * time) - np.cos(2 * np.pi * high * time)
    sines = np.divide(difference, np.pi * time, out=np.zeros_like(difference), where=time != 0)
    scale = window / (2 * (high - low))
    return np.concatenate([cosines * scale, sines * scale])[:, None]


def stride_of(step: int) -> int:
    """Return the stride of the sinc filters by the step of the frames, in samples."""
    return step // POOL**3


def sincnet(waveform: Array, tensors: Tensors, *, stride: int, rate: int) -> Array:
    """Turn (samples,) into (channels, frames)."""
    bank = "sincnet.conv1d.0.filterbank."
    names = ("low_hz_", "band_hz_", "n_", "window_")
    filters = sinc_filters(*(take(tensors, bank + name) for name in names), rate=rate)
    x = instance_norm1d(waveform[None], tensors, "sincnet.wav_norm1d")
    x = np.abs(conv1d(x, filters, stride=stride))
    for i in range(3):
        if i > 0:
            name = f"sincnet.conv1d.{i}"
            x = conv1d(x, take(tensors, f"{name}.weight")) + take(tensors, f"{name}.bias")[:, None]
        x = leaky_relu(instance_norm1d(max_pool1d(x, POOL), tensors, f"sincnet.norm1d.{i}"))
    return x
