"""Signals and the grids that they live on, in integer samples; every rounding rule lives here.

pyannote describes windows and frames in float seconds and rounds with ``rint``. Counting in
samples gives the same frames without the float noise: a tie would need an odd multiple of half a
frame step, and neither windows nor excerpts in whole milliseconds ever produce one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def round_half_even(numerator: int, denominator: int) -> int:
    """Divide two integers and round to the nearest, ties to even (``rint``)."""
    quotient, remainder = divmod(numerator, denominator)
    excess = 2 * remainder - denominator
    return quotient + (excess > 0 or (excess == 0 and quotient % 2 == 1))


def to_samples(seconds: float, rate: int) -> int:
    """Convert a duration to samples as pyannote 4 does: nearest, ties to even."""
    if not math.isfinite(seconds):
        raise ConfigError(f"a time of {seconds} s is not finite: give a number of seconds")
    return round(seconds * rate)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that nobody can write to."""
    view: NDArray[Any] = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono audio.

    Parameters
    ----------
    samples : float32 (n,), nominally within [-1, 1]
    rate : samples per second, Hz
    uri : the recording's name, as it will stand in RTTM
    """

    samples: NDArray[np.float32]
    rate: int
    uri: str = "waveform"

    def __post_init__(self) -> None:
        """Freeze the samples."""
        samples = np.ascontiguousarray(self.samples, dtype=np.float32)
        object.__setattr__(self, "samples", read_only(samples))

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.samples)

    @property
    def length(self) -> int:
        """Length in samples."""
        return len(self.samples)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Give all samples at once, as a recording gives them block by block."""
        yield self.samples


@dataclass(frozen=True)
class FrameGrid:
    """Equal intervals at equal distances: network frames, or the windows that they are cut from.

    Frame ``i`` covers the samples ``start + i * step`` to ``start + i * step + width``. PyanNet's
    frames have step 270 and width 991 at 16 kHz (pyannote >= 3.2 calls it the receptive field);
    pyannote up to 3.1.1 used another convention, which is not reproduced.
    """

    step: int
    width: int
    start: int = 0
    rate: int = 16000

    @property
    def step_s(self) -> float:
        """Distance between two starts, s."""
        return self.step / self.rate

    @property
    def width_s(self) -> float:
        """Length of one interval, s."""
        return self.width / self.rate

    @property
    def start_s(self) -> float:
        """Start of the first interval, s."""
        return self.start / self.rate

    def at(self, start: int) -> FrameGrid:
        """Return the same grid, its first interval starting at another sample."""
        return replace(self, start=start)

    def index_of_start(self, offset: int) -> int:
        """Find the frame that starts nearest to ``offset`` samples after the grid's start."""
        return round_half_even(offset, self.step)

    def index_of_centre(self, time_s: float) -> int:
        """Find the frame whose centre is nearest to a time in seconds (``closest_frame``)."""
        return round((time_s - self.start_s - 0.5 * self.width_s) / self.step_s)

    def count_until(self, offset: int) -> int:
        """Count the frames that pyannote allots to ``offset`` samples: nearest start plus one."""
        return self.index_of_start(offset) + 1

    def centres_s(self, count: int) -> NDArray[np.float64]:
        """Return the centres of the first frames, s, in the float steps that pyannote takes.

        Rounded times in RTTM depend on these steps, since a duration of a whole number of frames
        may end on half a millisecond.
        """
        starts = self.start_s + np.arange(count) * self.step_s
        centres: NDArray[np.float64] = 0.5 * (starts + (starts + self.width_s))
        return centres


def _frozen(data: NDArray[Any], axes: int, name: str) -> NDArray[Any]:
    if data.ndim != axes:
        raise ConfigError(f"{name} of shape {data.shape} have {data.ndim} axes: give {axes}")
    return read_only(data)


@dataclass(frozen=True, eq=False)
class Frames:
    """Values on one grid: ``data`` (frames, columns)."""

    data: NDArray[Any]
    grid: FrameGrid

    def __post_init__(self) -> None:
        """Freeze the data."""
        object.__setattr__(self, "data", _frozen(self.data, 2, "frames"))

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.data)


@dataclass(frozen=True, eq=False)
class WindowedFrames:
    """Values in overlapping windows: ``data`` (windows, frames, columns).

    ``windows`` is the grid of the windows, ``frames`` that of the frames within a window; the
    frames of a window count from the window's own start.
    """

    data: NDArray[Any]
    windows: FrameGrid
    frames: FrameGrid

    def __post_init__(self) -> None:
        """Freeze the data."""
        object.__setattr__(self, "data", _frozen(self.data, 3, "windowed frames"))

    def __len__(self) -> int:
        """Count the windows."""
        return len(self.data)

    def with_data(self, data: NDArray[Any]) -> WindowedFrames:
        """Return other values on the same grids."""
        return replace(self, data=data)
