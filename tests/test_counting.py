"""How many speak at once: the mean of the windows, rounded half to even."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import speaker_count as slow
from reference.windowed import windowed

from ovdiar.counting import speaker_count
from ovdiar.frames import FrameGrid, WindowedFrames

FRAMES = FrameGrid(step=100, width=100)


@given(windowed(binary=True, nan=False), st.sampled_from([(0.0, 0.0), (0.1, 0.1), (0.05, 0.3)]))
def test_equals_the_slow_count(active: WindowedFrames, warm_up: tuple[float, float]) -> None:
    counted = speaker_count(active.with_data(active.data > 0.5), warm_up)
    assert counted.data[:, 0].tolist() == slow.speaker_count(active, warm_up)


@pytest.mark.parametrize(("speaking", "counted"), [((0, 1), 0), ((1, 2), 2), ((2, 3), 2)])
def test_a_half_goes_to_the_even_number(speaking: tuple[int, int], counted: int) -> None:
    data = np.zeros((2, 4, 3), dtype=bool)
    for window, number in enumerate(speaking):
        data[window, :, :number] = True
    same_place = WindowedFrames(data, FrameGrid(1, 400), FRAMES)
    assert speaker_count(same_place).data[0, 0] == counted


def test_frames_that_no_window_covers_have_no_speakers() -> None:
    apart = WindowedFrames(np.ones((2, 2, 1), dtype=bool), FrameGrid(600, 200), FRAMES)
    assert speaker_count(apart).data[:, 0].tolist() == [1, 1, 0, 0, 0, 0, 1, 1, 0]


def test_no_speakers_count_zero() -> None:
    nobody = WindowedFrames(np.zeros((2, 4, 0), dtype=bool), FrameGrid(400, 400), FRAMES)
    assert not speaker_count(nobody).data.any()


def test_the_count_is_a_column_of_bytes() -> None:
    active = WindowedFrames(np.ones((1, 4, 2), dtype=bool), FrameGrid(400, 400), FRAMES)
    count = speaker_count(active).data
    assert count.dtype == np.uint8
    assert count.shape == (5, 1)
