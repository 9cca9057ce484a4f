"""Short-time spectra, written as matrix products that run near the processor's peak."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np
from openvino import opset13 as op

from .layers import ints

if TYPE_CHECKING:
    import openvino as ov
    from numpy.typing import NDArray

_TO_THE_END = np.iinfo(np.int64).max


def frames(waveform: ov.Node, width: int, hop: int) -> ov.Node:
    """Cut [batch, samples] into overlapping frames [batch, 1 + (samples - width) // hop, width].

    Blocks of the greatest common divisor of width and hop are laid side by side, which copies
    each sample width / hop times and multiplies nothing.
    """
    size = gcd(width, hop)
    many = ints(size)
    samples = op.gather(op.shape_of(waveform), ints(1), np.int64(0))
    whole = op.multiply(op.floor(op.divide(samples, many)), many)
    blocks = op.reshape(
        op.slice(waveform, ints(0), whole, ints(1), ints(1)),
        ints(0, -1, size),
        special_zero=True,
    )
    count = width // size
    shifted = [
        op.slice(
            blocks,
            ints(first),
            ints(first + 1 - count or _TO_THE_END),
            ints(hop // size),
            ints(1),
        )
        for first in range(count)
    ]
    return op.concat(shifted, axis=2) if count > 1 else shifted[0]


def centred_frames(waveform: ov.Node, width: int, hop: int, border: str) -> ov.Node:
    """Cut [batch, samples] into frames centred on every ``hop``-th sample, 1 + samples // hop.

    ``border`` is what stands before the first and after the last sample: "constant" (zeros) or
    "reflect", which needs more than width / 2 samples.
    """
    half = ints(0, width // 2)
    return frames(op.pad(waveform, half, half, border, np.float32(0)), width, hop)


def fourier(window: NDArray[Any], size: int) -> NDArray[np.float64]:
    """Return the windowed real DFT of ``size`` points as a matrix (window, 2 * bins).

    Bins 0 to size / 2; all cosines first, then all sines (up to their sign).
    """
    angle = 2 * np.pi / size * (np.outer(np.arange(len(window)), np.arange(size // 2 + 1)) % size)
    matrix = np.concatenate([np.cos(angle), np.sin(angle)], axis=1) * window[:, None]
    return np.asarray(matrix)


def band_power(segments: ov.Node, transform: NDArray[np.float64], bands: NDArray[Any]) -> ov.Node:
    """Sum the power spectrum of [batch, frames, width] into [batch, frames, bands].

    ``transform`` is that of ``fourier``, ``bands`` (bands, bins) holds the weight of each bin.
    Real and imaginary parts are squared together, and both weighted by the same band.
    """
    spectrum = op.matmul(segments, np.float32(transform), False, False)
    both = np.float32(np.concatenate([bands, bands], axis=1))
    return op.matmul(op.multiply(spectrum, spectrum), both, False, True)


def decibels(power: ov.Node, *, floor: float = 1e-10, range_db: float = 80.0) -> ov.Node:
    """Convert powers [batch, frames, bands] to dB.

    Nothing lies more than ``range_db`` below the loudest band of the same waveform. The constants
    are those that torchaudio and SpeechBrain take over from librosa.
    """
    level = op.multiply(op.log(op.maximum(power, np.float32(floor))), np.float32(10 / np.log(10)))
    loudest = op.reduce_max(level, ints(1, 2), keep_dims=True)
    return op.maximum(level, op.subtract(loudest, np.float32(range_db)))
