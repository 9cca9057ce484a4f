"""Integer samples round as pyannote's float seconds do."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.closest_frame import closest_frame

from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, Frames, Waveform, WindowedFrames, round_half_even, to_samples

PYANNET = FrameGrid(step=270, width=991)
WINDOWS = 20_000


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_division_rounds_as_fractions_do(numerator: int, denominator: int) -> None:
    assert round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@pytest.mark.parametrize(("numerator", "rounded"), [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0)])
def test_halves_go_to_the_even_number(numerator: int, rounded: int) -> None:
    assert round_half_even(numerator, 2) == rounded


@pytest.mark.parametrize("tenths", range(1, 51))
def test_windows_start_at_the_frames_where_pyannote_starts_them(tenths: int) -> None:
    hop = tenths * PYANNET.rate // 10
    starts_s = np.arange(WINDOWS) * (tenths / 10)
    middles_s = starts_s + 0.5 * PYANNET.width_s
    expected = np.rint((middles_s - 0.5 * PYANNET.width_s) / PYANNET.step_s)
    found = [PYANNET.index_of_start(window * hop) for window in range(WINDOWS)]
    assert found == expected.tolist()


@pytest.mark.parametrize("window_s", [1, 5, 10])
@pytest.mark.parametrize("tenths", [1, 5, 10, 33, 50])
def test_recordings_get_as_many_frames_as_pyannote_gives_them(window_s: int, tenths: int) -> None:
    rate, hop_s = PYANNET.rate, tenths / 10
    for windows in range(1, 2000):
        end_s = window_s + (windows - 1) * hop_s
        expected = closest_frame(end_s + 0.5 * PYANNET.width_s, 0.0, PYANNET) + 1
        samples = window_s * rate + (windows - 1) * tenths * rate // 10
        assert PYANNET.count_until(samples) == expected


def test_thirty_seconds_in_windows_of_ten_have_the_published_number_of_frames() -> None:
    assert PYANNET.count_until(30 * 16000) == 1779


@given(st.floats(0, 30_000), st.sampled_from([0, 800, 16000]))
def test_the_centre_nearest_to_a_time_is_pyannotes_closest_frame(time_s: float, start: int) -> None:
    grid = PYANNET.at(start)
    assert grid.index_of_centre(time_s) == closest_frame(time_s, grid.start_s, grid)


@given(st.integers(0, 100_000))
def test_a_frames_own_centre_is_nearest_to_it(frame: int) -> None:
    centre_s = PYANNET.start_s + frame * PYANNET.step_s + 0.5 * PYANNET.width_s
    assert PYANNET.index_of_centre(centre_s) == frame


@pytest.mark.parametrize("start", [0, 800, 12345])
def test_centres_are_pyannotes_to_the_last_bit(start: int) -> None:
    start_s, step_s, width_s = start / 16000, 270 / 16000, 991 / 16000
    starts_s = [start_s + frame * step_s for frame in range(5000)]
    expected = [0.5 * (left + (left + width_s)) for left in starts_s]
    assert PYANNET.at(start).centres_s(5000).tolist() == expected


def test_no_frames_have_no_centres() -> None:
    assert PYANNET.centres_s(0).shape == (0,)


def test_a_grid_speaks_of_itself_in_seconds() -> None:
    grid = PYANNET.at(8000)
    assert (grid.start_s, grid.step_s, grid.width_s) == (0.5, 0.016875, 0.0619375)


@pytest.mark.parametrize(("seconds", "samples"), [(0.5, 2), (0.625, 2), (0.875, 4), (-0.5, -2)])
def test_a_duration_becomes_the_nearest_samples_and_half_the_even_ones(
    seconds: float, samples: int
) -> None:
    assert to_samples(seconds, 4) == samples


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf])
def test_an_endless_duration_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigError, match="not finite"):
        to_samples(seconds, 16000)


def test_a_waveform_is_float32_and_frozen() -> None:
    doubles: Any = np.arange(4.0)
    waveform = Waveform(doubles, 16000)
    assert waveform.samples.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        waveform.samples[0] = 1


def test_freezing_a_waveform_leaves_the_callers_array_writable() -> None:
    samples = np.zeros(3, dtype=np.float32)
    Waveform(samples, 16000)
    samples[0] = 1
    assert samples.tolist() == [1, 0, 0]


@pytest.mark.parametrize("samples", [0, 1, 15999, 16000, 16001])
def test_a_waveform_knows_its_length(samples: int) -> None:
    waveform = Waveform(np.zeros(samples, dtype=np.float32), 16000)
    assert (len(waveform), waveform.duration_s) == (samples, samples / 16000)


def test_frames_are_a_table() -> None:
    with pytest.raises(ConfigError, match=r"shape \(3,\) have 1 dimensions: give 2"):
        Frames(np.zeros(3), PYANNET)


def test_windowed_frames_have_three_axes() -> None:
    with pytest.raises(ConfigError, match="have 2 dimensions: give 3"):
        WindowedFrames(np.zeros((3, 2)), PYANNET, PYANNET)


def test_other_values_stay_on_the_same_grids() -> None:
    scores = WindowedFrames(np.zeros((3, 2, 1)), FrameGrid(5, 10), PYANNET)
    other = scores.with_data(np.ones((3, 2, 4)))
    assert (len(other), other.windows, other.frames) == (3, scores.windows, scores.frames)


def test_values_on_a_grid_cannot_be_written_to() -> None:
    frames = Frames(np.zeros((2, 1)), PYANNET)
    with pytest.raises(ValueError, match="read-only"):
        frames.data[0, 0] = 1
    assert len(frames) == 2
