"""From clusters back to frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import reconstruction as slow
from reference.windowed import LEVELS, windowed

from ovdiar.frames import FrameGrid, Frames, WindowedFrames
from ovdiar.reconstruction import cluster_activations, reconstruct, select_loudest

FRAMES = FrameGrid(step=100, width=100)


@given(windowed(), st.data())
def test_activations_equal_the_slow_ones_exactly(
    scores: WindowedFrames, data: st.DataObject
) -> None:
    shape = (len(scores), scores.data.shape[2])
    labels = data.draw(arrays(np.int64, shape, elements=st.sampled_from([-2, 0, 1, 3])))
    fast = cluster_activations(scores, labels)
    assert np.array_equal(fast.data, slow.cluster_activations(scores, labels))
    assert fast.data.dtype == np.float32


@pytest.mark.parametrize("speakers", [0, 2])
def test_without_labels_there_are_no_columns(speakers: int) -> None:
    scores = WindowedFrames(np.ones((2, 3, speakers), np.float32), FrameGrid(300, 300), FRAMES)
    nowhere = np.full((2, speakers), -2)
    assert cluster_activations(scores, nowhere).data.shape == (7, 0)


def test_the_louder_of_two_speakers_of_one_cluster_counts() -> None:
    data = np.array([[[0.2, 0.7], [0.9, 0.1]]], dtype=np.float32)
    scores = WindowedFrames(data, FrameGrid(200, 200), FRAMES)
    summed = cluster_activations(scores, np.array([[0, 0]])).data[:2, 0]
    assert summed.tolist() == pytest.approx([0.7, 0.9])


@given(st.data(), st.integers(0, 6), st.integers(0, 4))
def test_the_loudest_are_chosen_as_by_the_slow_version(
    data: st.DataObject, frames: int, columns: int
) -> None:
    loudness = data.draw(arrays(np.float32, (frames, columns), elements=st.sampled_from(LEVELS)))
    count = data.draw(arrays(np.uint8, (frames, 1), elements=st.integers(0, 5)))
    fast = select_loudest(Frames(loudness, FRAMES), Frames(count, FRAMES))
    expected = slow.select_loudest(loudness.tolist(), count[:, 0].tolist())
    assert fast.data.tolist() == expected
    assert fast.data.dtype == np.uint8


@given(st.integers(0, 10**6), st.integers(5, 60))
def test_equals_go_to_the_lower_column_also_among_many(seed: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    loudness = rng.integers(0, 3, (4, columns)).astype(np.float32)
    count = rng.integers(0, columns + 1, (4, 1)).astype(np.uint8)
    fast = select_loudest(Frames(loudness, FRAMES), Frames(count, FRAMES))
    assert fast.data.tolist() == slow.select_loudest(loudness.tolist(), count[:, 0].tolist())


@given(windowed(), st.integers(1, 40), st.integers(0, 10**6))
def test_reconstructing_in_parts_equals_choosing_from_all_activations(
    scores: WindowedFrames, at_once: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(-1, 4, scores.data.shape[::2])
    activations = cluster_activations(scores, labels)
    count = Frames(rng.integers(0, 4, (len(activations), 1)).astype(np.uint8), activations.grid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ovdiar.reconstruction.FRAMES_AT_ONCE", at_once)
        found = reconstruct(scores, labels, count)
    assert np.array_equal(found.data, select_loudest(activations, count).data)
    assert found.data.dtype == np.uint8


def test_a_silent_column_speaks_where_the_count_asks_for_it() -> None:
    loudness = Frames(np.array([[0, 1, 0]], dtype=np.float32), FRAMES)
    on = select_loudest(loudness, Frames(np.array([[2]], np.uint8), FRAMES))
    assert on.data.tolist() == [[1, 1, 0]]


def test_columns_are_added_where_the_count_exceeds_them() -> None:
    loudness = Frames(np.array([[1], [1]], dtype=np.float32), FRAMES)
    on = select_loudest(loudness, Frames(np.array([[1], [3]], np.uint8), FRAMES))
    assert on.data.tolist() == [[1, 0, 0], [1, 1, 1]]


@given(st.data(), st.integers(1, 6), st.integers(1, 4))
def test_exclusive_frames_hold_the_first_of_those_that_overlap(
    data: st.DataObject, frames: int, columns: int
) -> None:
    loudness = data.draw(arrays(np.float32, (frames, columns), elements=st.sampled_from(LEVELS)))
    count = data.draw(arrays(np.uint8, (frames, 1), elements=st.integers(0, columns)))
    activations = Frames(loudness, FRAMES)
    several = select_loudest(activations, Frames(count, FRAMES)).data
    alone = select_loudest(activations, Frames(np.minimum(count, 1), FRAMES)).data
    assert np.array_equal(alone.sum(axis=1), np.minimum(count[:, 0], 1))
    assert not (alone & ~several).any()
