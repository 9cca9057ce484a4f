"""Kaldi's log mel filterbank, in front of networks that were trained on features.

The rules are those of Kaldi's ``compute-fbank-feats`` without dither and energy, as torchaudio
and WeSpeaker apply them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from openvino import opset13 as op
from scipy.signal import get_window

from ovdiar.errors import ConfigError

from .layers import ints
from .spectrum import band_power, fourier, frames

if TYPE_CHECKING:
    import openvino as ov
    from numpy.typing import NDArray

_FLOOR = np.finfo(np.float32).eps
"""Of the power in a band, before its logarithm is taken."""


@dataclass(frozen=True)
class KaldiFbank:
    """Geometry of a filterbank.

    Parameters
    ----------
    bands : number of triangular mel filters
    rate : of the waveform, Hz
    width, hop : of a frame and between two frames, in samples
    low_hz, high_hz : where the first filter begins and the last one ends
    window : name of the symmetric window, SciPy's or "povey", which is Hann's to the power 0.85
    preemphasis : share of the previous sample that is subtracted
    scale : that the waveform, nominally within [-1, 1], is multiplied with first
    """

    bands: int = 80
    rate: int = 16_000
    width: int = 400
    hop: int = 160
    low_hz: float = 20.0
    high_hz: float = 8000.0
    window: str = "hamming"
    preemphasis: float = 0.97
    scale: float = 32_768.0

    def __post_init__(self) -> None:
        """Refuse filters that lie outside the spectrum."""
        if not 0 <= self.low_hz < self.high_hz <= self.rate / 2:
            raise ConfigError(
                f"mel filters from {self.low_hz} to {self.high_hz} Hz do not fit audio at "
                f"{self.rate} Hz: give 0 <= low_hz < high_hz <= {self.rate / 2}"
            )

    @property
    def size(self) -> int:
        """Points of the Fourier transform: the next power of two."""
        return 1 << (self.width - 1).bit_length()

    def transform(self) -> NDArray[np.float64]:
        """Fold all that is linear into one matrix (width, 2 * bins).

        That is: scaling, taking off the frame's mean, pre-emphasis, where a copy of the first
        sample stands before it, window and Fourier transform.
        """
        centring = np.eye(self.width) - 1 / self.width
        emphasis = np.eye(self.width) - self.preemphasis * np.eye(self.width, k=-1)
        emphasis[0, 0] -= self.preemphasis
        povey = self.window == "povey"
        window = get_window("hann" if povey else self.window, self.width, fftbins=False)
        window = window**0.85 if povey else window
        return np.asarray(self.scale * centring @ emphasis.T @ fourier(window, self.size))

    def filters(self) -> NDArray[np.float64]:
        """Return the weight of each bin in each band (bands, bins), triangles on the mel scale."""
        hz = self.rate / self.size * np.arange(self.size // 2 + 1)
        low, high = mel(np.array([self.low_hz, self.high_hz]))
        edges = np.linspace(low, high, self.bands + 2)[:, None]
        rising = (mel(hz) - edges[:-2]) / (edges[1:-1] - edges[:-2])
        falling = (edges[2:] - mel(hz)) / (edges[2:] - edges[1:-1])
        weights = np.maximum(0, np.minimum(rising, falling))
        weights[:, -1] = 0
        return np.asarray(weights)


def mel(hz: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Convert frequencies to Kaldi's mel scale."""
    return np.asarray(1127 * np.log1p(hz / 700))


def kaldi_fbank(waveform: ov.Node, options: KaldiFbank) -> ov.Node:
    """Turn waveform [batch, samples] into log mel energies [batch, frames, bands].

    There are 1 + (samples - width) // hop frames. The mean of each is taken off before the matrix
    product does so: what is left of a large offset is then too small to be heard.
    """
    segments = frames(waveform, options.width, options.hop)
    centred = op.subtract(segments, op.reduce_mean(segments, ints(2), keep_dims=True))
    power = band_power(centred, options.transform(), options.filters())
    return op.log(op.maximum(power, np.float32(_FLOOR)))


def subtract_mean(features: ov.Node) -> ov.Node:
    """Take the mean over all frames off each band of [batch, frames, bands]."""
    return op.subtract(features, op.reduce_mean(features, ints(1), keep_dims=True))
