"""Stitches join the speakers of windows by what the windows share, and never two of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from reference import stitching as slow

from ovdiar.clustering.assignment import UNASSIGNED
from ovdiar.frames import FrameGrid, WindowedFrames
from ovdiar.stitching import stitch

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOWS = FrameGrid(step=100, width=500)
FRAMES = FrameGrid(step=50, width=50)
PER_WINDOW, PER_STEP = 10, 2


def _windowed(data: NDArray[np.float32]) -> WindowedFrames:
    return WindowedFrames(data, WINDOWS, FRAMES)


@st.composite
def _noise(draw: st.DrawFn) -> WindowedFrames:
    """Draw windows of voices that come and go, their order shuffled, blurred by noise."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    count, speakers = draw(st.integers(2, 9)), draw(st.integers(1, 3))
    blur = draw(st.sampled_from([0.05, 0.3, 1.0]))
    talk = rng.random(((count - 1) * PER_STEP + PER_WINDOW, speakers)) ** draw(
        st.sampled_from([0.5, 2.0, 6.0])
    )
    data = [
        talk[c * PER_STEP :][:PER_WINDOW, rng.permutation(speakers)] * (1 - blur)
        + blur * rng.random((PER_WINDOW, speakers))
        for c in range(count)
    ]
    return _windowed(np.array(data, dtype=np.float32))


@settings(deadline=None)
@given(_noise(), st.floats(0.2, 0.9), st.floats(0.02, 0.5))
def test_stitches_are_those_of_the_slow_reference(
    scores: WindowedFrames, onset: float, threshold: float
) -> None:
    try:
        expected = slow.stitch(scores, onset, threshold)
    except slow.TieError:
        reject()
    assert stitch(scores, onset=onset, threshold=threshold).tolist() == expected


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.floats(0.0, 1.0), st.floats(0.05, 0.95))
def test_hard_scores_end_with_every_speaker_in_a_stitch_of_its_own_window(
    seed: int, count: int, threshold: float, share: float
) -> None:
    rng = np.random.default_rng(seed)
    data = (rng.random((count, PER_WINDOW, 3)) < share).astype(np.float32)
    data[:, :, 2] *= rng.random((count, 1)) < 0.5
    if count > 1:  # no other window hears the first and the last step
        data[0, :PER_STEP] = data[-1, -PER_STEP:] = 0
    found = stitch(_windowed(data), onset=0.5, threshold=threshold)
    np.testing.assert_array_equal(found == UNASSIGNED, data.max(axis=1) == 0)
    for row in found.tolist():
        stitched = [number for number in row if number != UNASSIGNED]
        assert len(set(stitched)) == len(stitched)
    numbers = set(found.ravel().tolist()) - {UNASSIGNED}
    assert numbers == set(range(len(numbers)))


def test_two_who_speak_all_the_time_stay_two() -> None:
    # all differences are 0, and nothing tells who is who: pyannote would never end
    found = stitch(_windowed(np.ones((7, PER_WINDOW, 2), np.float32)), onset=0.5, threshold=0.39)
    assert sorted(map(tuple, found.T.tolist())) == [(0,) * 7, (1,) * 7]


def test_voices_that_keep_talking_keep_their_stitch() -> None:
    rng = np.random.default_rng(0)
    talk = np.zeros((40, 3), dtype=np.float32)
    talk[::3, 0] = talk[1::3, 1] = 1.0
    orders = [rng.permutation(3) for _ in range(16)]
    data = np.array([talk[c * PER_STEP :][:PER_WINDOW, order] for c, order in enumerate(orders)])
    found = stitch(_windowed(data), onset=0.5, threshold=0.39)
    by_voice = np.array([row[np.argsort(order)] for row, order in zip(found, orders, strict=True)])
    np.testing.assert_array_equal(by_voice, np.tile([*by_voice[0, :2], UNASSIGNED], (16, 1)))
    assert set(by_voice[0, :2].tolist()) == {0, 1}


def test_a_voice_that_comes_back_after_a_window_of_silence_is_stitched_anew() -> None:
    talk = np.zeros((60, 1), dtype=np.float32)
    talk[2:8] = talk[40:46] = 0.9
    data = np.array([talk[c * PER_STEP :][:PER_WINDOW] for c in range(26)])
    found = stitch(_windowed(data), onset=0.5, threshold=0.39)[:, 0]
    assert found[:3].tolist() == [0, 0, 0]
    assert found[20:].max() == 1
    assert found[10] == UNASSIGNED


@pytest.mark.parametrize("loud", [0.6, 0.5])
def test_the_speakers_of_an_only_window_stand_for_themselves(loud: float) -> None:
    data = np.zeros((1, PER_WINDOW, 3), dtype=np.float32)
    data[0, :3, 0], data[0, 5:, 2] = 0.9, loud
    second = 1 if loud > 0.5 else UNASSIGNED
    found = stitch(_windowed(data), onset=0.5, threshold=0.39)
    assert found.tolist() == [[0, UNASSIGNED, second]]
