"""Overlap-add is the same, fed window by window or all at once, taken at once or bit by bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ovdiar.frames import FrameGrid, WindowedFrames
from ovdiar.overlap_add import OverlapAdd, overlap_add
from ovdiar.windows import output_grid

SCORES = st.floats(0, 1, width=32) | st.just(float("nan"))
WINDOWS = arrays.arrays(
    np.float32, st.tuples(*map(st.integers, (1, 3, 1), (6, 9, 3))), elements=SCORES
)


@given(data=WINDOWS, step=st.integers(1, 4))
def test_frames_can_be_taken_as_soon_as_no_more_windows_cover_them(
    data: np.ndarray, step: int
) -> None:
    frames = data.shape[1]
    scores = WindowedFrames(data, FrameGrid(step, frames), FrameGrid(1, 1))
    _, total, starts = output_grid(scores)
    fed = OverlapAdd(data.shape[2], np.ones((frames, 1)))
    parts = []
    for start, window in zip(starts.tolist(), data, strict=True):
        parts.append(fed.take(start, missing=-1.0))
        fed.add(start, window)
    parts.append(fed.take(total, missing=-1.0))
    found = np.concatenate(parts)
    expected = overlap_add(scores, missing=-1.0).data
    assert np.array_equal(found, expected[: len(found)])
    assert (expected[len(found) :] == -1).all()
