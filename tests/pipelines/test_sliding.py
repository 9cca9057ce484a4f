"""Every window of a recording is scored, at every length; their average ends with the recording."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.overlap_add import overlap_add
from reference.replay import Replay, positions

from ovdiar.audio.reading import load as load_audio
from ovdiar.conditioning import high_passed, low_passed
from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, WindowedFrames
from ovdiar.networks import devices
from ovdiar.parameters import ConditioningParameters
from ovdiar.pipelines.sliding import (
    aggregate_recording,
    batch_of,
    lay_windows,
    score_speakers,
    score_windows,
    segmentation_windows,
    to_speakers,
)
from ovdiar.windows import ignore_progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOWS = FrameGrid(step=300, width=1000)
FRAMES = FrameGrid(step=100, width=150)
WIDTH, STEP = WINDOWS.width, WINDOWS.step
LENGTHS = (1, WIDTH - 1, WIDTH, WIDTH + 1, *(WIDTH + 2 * STEP + around for around in (-1, 0, 1)))


class Ears:
    """Scores a window by its first and last sample and by how many are not padding."""

    spec = Replay(np.zeros((1, 1, 3)), windows=WINDOWS, frames=FRAMES).spec

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.batches.append(len(windows))
        rows = [windows[:, 0], windows[:, -1], np.count_nonzero(windows, axis=1)]
        return np.stack(rows, axis=1).astype(np.float32)[:, np.newaxis]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_windows_cover_a_recording_of_any_length(length: int, batch_size: int) -> None:
    samples = np.arange(1, length + 1, dtype=np.float32)
    starts = [0]
    while starts[-1] + WIDTH < length:
        starts.append(starts[-1] + STEP)
    expected = []
    for start in starts:
        piece = [*samples[start : start + WIDTH], *[0.0] * WIDTH][:WIDTH]
        expected.append([[piece[0], piece[-1], np.count_nonzero(piece)]])
    ears = Ears()
    waveform = load_audio({"waveform": samples, "sample_rate": 16000})
    scores = score_windows(ears, waveform, WINDOWS, batch_size=batch_size)
    np.testing.assert_array_equal(scores.data, expected)
    assert max(ears.batches) <= batch_size


@pytest.mark.parametrize(
    ("window_s", "cores", "expected"),
    [(10, 2, 2), (5, 2, 4), (5, 1, 2), (10, 16, 16), (100, 2, 2)],
)
def test_a_batch_holds_10_seconds_of_audio_or_one_window_for_each_core(
    window_s: int, cores: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "cores", lambda: cores)
    assert batch_of(FrameGrid(1, window_s * 16000), None) == expected


def test_a_batch_size_that_is_given_holds() -> None:
    assert batch_of(WINDOWS, 3) == 3


def test_below_a_frequency_the_recording_is_filtered_as_one() -> None:
    samples = np.random.default_rng(0).standard_normal(3 * WIDTH + 5).astype(np.float32)
    waveform = load_audio({"waveform": samples, "sample_rate": 16000})
    below = {"waveform": np.concatenate([*low_passed([samples], 500.0, 16000)])}
    below_500_hz = ConditioningParameters(segmentation_lowpass=500.0)
    scores = score_windows(Ears(), waveform, WINDOWS, conditioning=below_500_hz)
    expected = score_windows(Ears(), load_audio({**below, "sample_rate": 16000}), WINDOWS)
    np.testing.assert_array_equal(scores.data, expected.data)
    assert not np.array_equal(scores.data, score_windows(Ears(), waveform, WINDOWS).data)


def test_above_a_frequency_the_recording_is_filtered_as_one() -> None:
    samples = np.random.default_rng(0).standard_normal(3 * WIDTH + 5).astype(np.float32) + 1
    waveform = load_audio({"waveform": samples, "sample_rate": 16000})
    above = {"waveform": np.concatenate([*high_passed([samples], 80.0, 16000)])}
    above_80_hz = ConditioningParameters(segmentation_highpass=80.0)
    scores = score_windows(Ears(), waveform, WINDOWS, conditioning=above_80_hz)
    expected = score_windows(Ears(), load_audio({**above, "sample_rate": 16000}), WINDOWS)
    np.testing.assert_array_equal(scores.data, expected.data)
    assert not np.array_equal(scores.data, score_windows(Ears(), waveform, WINDOWS).data)


def test_progress_runs_from_none_to_all() -> None:
    told: list[tuple[int, int]] = []

    def report(*, completed: int, total: int) -> None:
        told.append((completed, total))

    waveform = load_audio(positions(WIDTH + 4 * STEP))
    score_windows(Ears(), waveform, WINDOWS, batch_size=2, progress=report)
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]


def test_windows_are_by_default_those_of_the_training_a_tenth_apart() -> None:
    network = Replay(np.zeros((1, 293, 3)))
    assert segmentation_windows(network, None, None) == FrameGrid(step=8000, width=80000)
    assert segmentation_windows(network, 10.0, None) == FrameGrid(step=16000, width=160000)
    assert segmentation_windows(network, 10.0, 2.5) == FrameGrid(step=40000, width=160000)


@pytest.mark.parametrize(
    ("width", "step_s", "complaint"),
    [
        (990, None, "window of 0.061875 s is too short"),
        (16000, 1.5, "step of 1.5 s"),
        (16000, 0.0, "step of 0 s"),
        (16000, -1.0, "step of -1 s"),
        (16000, math.nan, "nan"),
    ],
)
def test_windows_that_leave_gaps_or_starve_the_network_are_refused(
    width: int, step_s: float | None, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        lay_windows(width, step_s, 16000, 991)


def test_a_step_may_be_as_long_as_the_window() -> None:
    assert lay_windows(16000, 1.0, 16000, 991) == FrameGrid(step=16000, width=16000)


LOG_CHANCES = np.log([[[0.05, 0.1, 0.2, 0.05, 0.25, 0.3, 0.05]]])
"""Of nobody, 0, 1, 2, 01, 02, 12."""


@pytest.mark.parametrize(("soft", "expected"), [(False, [1, 0, 1]), (True, [0.65, 0.5, 0.4])])
def test_powerset_classes_become_speakers(*, soft: bool, expected: list[float]) -> None:
    convert = to_speakers(Replay(LOG_CHANCES, powerset=2), soft=soft)
    assert convert is not None
    np.testing.assert_allclose(convert(LOG_CHANCES.astype(np.float32))[0, 0], expected, rtol=1e-6)


def test_sigmoid_scores_are_speakers_already() -> None:
    assert to_speakers(Replay(np.zeros((1, 5, 3)))) is None


def test_a_powerset_network_scores_speakers() -> None:
    network = Replay(LOG_CHANCES, powerset=2)
    waveform = load_audio(network.recording())
    scores = score_speakers(network, waveform, batch_size=32, progress=ignore_progress)
    np.testing.assert_array_equal(scores.data, [[[1, 0, 1]]])


def _scores(windows: int, seed: int = 0) -> WindowedFrames:
    data = np.random.default_rng(seed).random((windows, 9, 2), dtype=np.float32)
    return WindowedFrames(data, WINDOWS, FRAMES)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(0, STEP - 1), st.integers(0, 10**6))
def test_the_average_is_hamming_weighted_and_ends_with_the_recording(
    windows: int, missing: int, seed: int
) -> None:
    scores = _scores(windows, seed)
    samples = WIDTH + (windows - 1) * STEP - missing
    average = aggregate_recording(scores, samples)
    expected = overlap_add(scores, hamming=True, missing=0.0)
    if missing:
        starts = [frame for frame in range(len(expected)) if frame * 100 <= samples]
        # a frame that starts where the recording ends is there or not, by the noise of floats
        assert len(average) in {len(starts), len(starts) - (samples % 100 == 0)}
    else:
        assert len(average) == len(expected)
    np.testing.assert_allclose(average.data, expected[: len(average)], rtol=1e-6)
    assert average.grid == FRAMES


def test_a_recording_shorter_than_a_window_gets_frames_to_its_end_only() -> None:
    assert len(aggregate_recording(_scores(1), 450)) == 5
