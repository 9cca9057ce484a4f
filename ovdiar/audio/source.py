"""Interface of audio sources, and the source for an array in memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ovdiar.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar.notices import Notice


class Source(Protocol):
    """Audio as recorded.

    Attributes
    ----------
    name
        Name in messages.
    rate
        Sample rate, in Hz.
    channels
        Number of channels.
    tracks
        Number of audio tracks, of which this is one.
    """

    name: str
    rate: int
    channels: int
    tracks: int

    @property
    def by_ffmpeg(self) -> bool:
        """Whether ffmpeg has been started, which is done once for each recording."""

    @property
    def notices(self) -> Sequence[Notice]:
        """Notices of omitted audio; complete once everything has been read."""

    @property
    def length(self) -> int | None:
        """Number of samples per channel; None if it is unknown before the end is decoded."""

    def read(self, count: int) -> NDArray[np.float32]:
        """Decode up to ``count`` samples, (samples, channels); an empty array at the end."""


NUMBERS = (int, float, np.integer, np.floating)
LEAST_RATE, MOST_RATE = 1000, 2**23
"""Bounds of sample rates, Hz: telephones have 8000, and DSD 2.8 or 5.6 million.

A header may state any rate. Outside of these bounds, 64 KB would count as hours, or seconds as
gigabytes.
"""


def checked_rate(rate: Any, name: str) -> int:
    """Return a sample rate as an integer in Hz, or raise AudioError."""
    if isinstance(rate, NUMBERS) and not LEAST_RATE <= rate <= MOST_RATE and 1 <= rate < math.inf:
        raise AudioError(
            f"{name}: a sample rate of {rate:g} Hz is not between {LEAST_RATE} and {MOST_RATE} Hz: "
            "give the rate that the audio was recorded at"
        )
    if not isinstance(rate, NUMBERS) or not 0 < rate < math.inf or rate % 1:
        raise AudioError(
            f"{name}: a sample rate of {rate!r} is not a positive whole number of Hz: "
            "give the rate that the audio was recorded at"
        )
    return int(rate)


class ArraySource:
    """Array in memory, (channels, samples) or (samples,).

    Integers are scaled to [-1, 1) by the range of their type. The array is neither modified nor
    copied.
    """

    name = "waveform"
    tracks = 1
    by_ffmpeg = False
    notices: Sequence[Notice] = ()

    def __init__(self, waveform: Any, rate: Any) -> None:
        array = np.atleast_2d(np.asarray(waveform))
        if array.ndim != 2 or not len(array):
            raise AudioError(
                f"a waveform of shape {array.shape}: give (channels, samples) or (samples,)"
            )
        if 0 < array.shape[1] < array.shape[0]:
            raise AudioError(
                f"a waveform of shape {array.shape} has more channels than samples: transpose it"
            )
        bits = 8 * array.dtype.itemsize
        if array.dtype.kind != "f" and not (array.dtype.kind in "iu" and bits <= 32):
            raise AudioError(f"a waveform of {array.dtype} values: give floats, int16 or int32")
        self._full_scale = None if array.dtype.kind == "f" else 2.0 ** (bits - 1)
        self._zero = 2.0 ** (bits - 1) if array.dtype.kind == "u" else 0.0
        self.rate = checked_rate(rate, self.name)
        self.channels, self.length = array.shape
        self._array, self._converted = array, 0

    def read(self, count: int) -> NDArray[np.float32]:
        """Convert up to ``count`` samples, (samples, channels); an empty array at the end."""
        block = self._array[:, self._converted : self._converted + count].T
        self._converted += len(block)
        if self._full_scale is not None:
            block = (block - self._zero) / self._full_scale
        with np.errstate(over="ignore"):  # float32 overflows to infinity, which is rejected later
            return np.asarray(block, np.float32)
