"""Windows of scores on grids of every shape, with ties and NaN, for property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ovdiar.frames import FrameGrid, WindowedFrames

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = (0.0, 0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.0)
"""Scores that are often equal, and exact in single precision too."""


@st.composite
def grids(draw: st.DrawFn, count: int) -> tuple[FrameGrid, FrameGrid]:
    """Draw a grid of windows and one of frames, of which a window holds at least ``count``.

    Steps are odd, so that no frame lies halfway between two others: there, float seconds round by
    their noise.
    """
    step = draw(st.sampled_from([1, 3, 7, 271]))
    spare = draw(st.integers(0, 3 * step))
    hop = draw(st.integers(1, step * count + spare))
    start = draw(st.sampled_from([0, 0, 5, 8000]))
    frames = FrameGrid(step, draw(st.integers(step, 4 * step)))
    return FrameGrid(hop, step * count + spare, start), frames


@st.composite
def windowed(draw: st.DrawFn, *, nan: bool = True, binary: bool = False) -> WindowedFrames:
    """Draw 1 to 6 windows of 1 to 8 frames and 0 to 3 speakers."""
    shape = (draw(st.integers(1, 6)), draw(st.integers(1, 8)), draw(st.integers(0, 3)))
    levels = (0.0, 1.0) if binary else LEVELS
    elements = st.sampled_from((*levels, np.nan) if nan else levels)
    data: NDArray[np.float32] = draw(arrays(np.float32, shape, elements=elements))
    windows, frames = draw(grids(shape[1]))
    return WindowedFrames(data, windows, frames)
