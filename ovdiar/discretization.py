"""Conversion of turns to frames (pyannote.core, ``Annotation.discretize``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, Frames, to_samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovdiar.segment import Segment

MICROSECONDS = 1_000_000
"""Sample rate of grids defined in seconds, in Hz."""


def discretize(
    timelines: Sequence[Sequence[Segment]],
    support: Segment,
    resolution: float | FrameGrid,
    duration: float | None = None,
) -> Frames:
    """Convert the segments of each speaker to frames.

    Parameters and errors are those of `Annotation.discretize`. A segment that ends nearest to a
    frame before the first one is ignored; pyannote.core may then mark nearly every frame.

    Returns
    -------
    (T, speakers), uint8, 0 or 1.
    """
    grid = _grid(resolution)
    step_s, half_s = grid.step_s, 0.5 * grid.width_s

    def nearest(time_s: float) -> int:
        return round((time_s - support.start - half_s) / step_s)

    count = nearest(support.end) - nearest(support.start)
    if duration is not None:
        count = round(duration / step_s)
    data = np.zeros((max(count, 0), len(timelines)), dtype=np.uint8)
    for column, timeline in enumerate(timelines):
        for segment in timeline:
            first, last = nearest(segment.start), nearest(segment.end)
            data[max(first, 0) : max(last + 1, 0), column] = 1
    return Frames(data, grid.at(to_samples(support.start, grid.rate)))


def _grid(resolution: float | FrameGrid) -> FrameGrid:
    if isinstance(resolution, FrameGrid):
        return resolution
    step = to_samples(resolution, MICROSECONDS)
    if step < 1:
        raise ConfigError(f"a resolution of {resolution:g} s: give at least a microsecond")
    return FrameGrid(step, step, 0, MICROSECONDS)
