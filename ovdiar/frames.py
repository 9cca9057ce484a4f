"""Signals and time grids in integer samples; all rounding rules are defined here.

pyannote describes windows and frames in float seconds, and rounds with ``rint``. Integer samples
give the same frames without floating-point errors: a tie would need an odd multiple of half a frame
step, which neither windows nor excerpts in whole milliseconds produce.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

Whole = TypeVar("Whole", int, NDArray[np.int64])


def round_half_even(numerator: Whole, denominator: int) -> Whole:
    """Divide integers by another and round half to even (``rint``)."""
    quotient, remainder = divmod(numerator, denominator)
    excess = 2 * remainder - denominator
    rounded: Whole = quotient + ((excess > 0) | ((excess == 0) & (quotient % 2 == 1)))
    return rounded


def to_samples(seconds: float, rate: int) -> int:
    """Convert a duration in seconds to samples, rounded half to even as in pyannote 4.

    Raises
    ------
    ConfigError
        If the duration is not finite.
    """
    if not math.isfinite(seconds):
        raise ConfigError(f"a time of {seconds} s is not finite: give a finite number of seconds")
    return round(seconds * rate)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view."""
    view: NDArray[Any] = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono audio.

    Parameters
    ----------
    samples
        (n,), float32, nominally within [-1, 1].
    rate
        Sample rate, in Hz.
    uri
        Name of the recording, as in RTTM.
    """

    samples: NDArray[np.float32]
    rate: int
    uri: str = "waveform"

    def __post_init__(self) -> None:
        """Make the samples read-only."""
        samples = np.ascontiguousarray(self.samples, dtype=np.float32)
        object.__setattr__(self, "samples", read_only(samples))

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    @property
    def length(self) -> int:
        """Duration, in samples."""
        return len(self.samples)

    @property
    def duration_s(self) -> float:
        """Duration, in seconds."""
        return len(self.samples) / self.rate

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield all samples as one block, like `Recording.blocks`."""
        yield self.samples


@dataclass(frozen=True)
class FrameGrid:
    """Sliding window in integer samples: frames of a network, or windows of a recording.

    Frame ``i`` covers the samples from ``start + i * step`` to ``start + i * step + width``.
    PyanNet's frames have step 270 and width 991 at 16 kHz, the receptive field in pyannote >= 3.2.
    The convention of pyannote up to 3.1.1 is not supported.

    Parameters
    ----------
    step
        Distance between the starts of two frames, in samples.
    width
        Duration of a frame, in samples.
    start
        Start of the first frame, in samples.
    rate
        Sample rate, in Hz.
    """

    step: int
    width: int
    start: int = 0
    rate: int = 16000

    @property
    def step_s(self) -> float:
        """Distance between the starts of two frames, in seconds."""
        return self.step / self.rate

    @property
    def width_s(self) -> float:
        """Duration of a frame, in seconds."""
        return self.width / self.rate

    @property
    def start_s(self) -> float:
        """Start of the first frame, in seconds."""
        return self.start / self.rate

    def at(self, start: int) -> FrameGrid:
        """Return the same grid with another start, in samples."""
        return replace(self, start=start)

    def index_of_start(self, offset: Whole) -> Whole:
        """Return the frames whose start is nearest to ``offset`` samples after the grid's start."""
        return round_half_even(offset, self.step)

    def index_of_centre(self, time_s: float) -> int:
        """Return the frame whose centre is nearest to a time in seconds (``closest_frame``)."""
        return round((time_s - self.start_s - 0.5 * self.width_s) / self.step_s)

    def count_until(self, offset: int) -> int:
        """Return pyannote's number of frames in ``offset`` samples: nearest start plus one."""
        return self.index_of_start(offset) + 1

    def centres_s(self, count: int) -> NDArray[np.float64]:
        """Return the centres of the first frames in seconds, with pyannote's floating-point steps.

        Rounded times in RTTM depend on these steps, since a duration of a whole number of frames
        can end at half a millisecond.

        Parameters
        ----------
        count
            Number of frames, n.

        Returns
        -------
        (n,), float64.
        """
        starts = self.start_s + np.arange(count) * self.step_s
        centres: NDArray[np.float64] = 0.5 * (starts + (starts + self.width_s))
        return centres


def _checked_read_only(data: NDArray[Any], axes: int, name: str) -> NDArray[Any]:
    if data.ndim != axes:
        raise ConfigError(f"{name} of shape {data.shape} have {data.ndim} dimensions: give {axes}")
    return read_only(data)


@dataclass(frozen=True, eq=False)
class Frames:
    """Values on a frame grid.

    Parameters
    ----------
    data
        (T, K): frames, columns. Made read-only.
    grid
        Grid of the frames.
    """

    data: NDArray[Any]
    grid: FrameGrid

    def __post_init__(self) -> None:
        """Make the data read-only."""
        object.__setattr__(self, "data", _checked_read_only(self.data, 2, "frames"))

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.data)


@dataclass(frozen=True, eq=False)
class WindowedFrames:
    """Values in overlapping windows.

    Parameters
    ----------
    data
        (C, F, K): windows, frames, columns. Made read-only.
    windows
        Grid of the windows.
    frames
        Grid of the frames in a window, relative to the window's start.
    """

    data: NDArray[Any]
    windows: FrameGrid
    frames: FrameGrid

    def __post_init__(self) -> None:
        """Make the data read-only."""
        object.__setattr__(self, "data", _checked_read_only(self.data, 3, "windowed frames"))

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.data)

    def with_data(self, data: NDArray[Any]) -> WindowedFrames:
        """Return other values on the same grids."""
        return replace(self, data=data)
