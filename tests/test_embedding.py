"""Which frames a voice is taken from, and what is pooled over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import pooling as slow

from ovdiar.embedding import (
    embed_windows,
    least_clean_frames,
    nearest_resize,
    pool_statistics,
    speaker_masks,
)
from ovdiar.frames import FrameGrid
from ovdiar.networks.bundle import EmbeddingSpec
from ovdiar.windows import ignore_progress, slide

if TYPE_CHECKING:
    from numpy.typing import NDArray

ACTIVITY = arrays(bool, st.tuples(st.integers(1, 3), st.integers(1, 8), st.integers(0, 3)))
LEVELS = st.sampled_from([0.0, 0.0, 1.0, 1.0, 0.5])


class Listener:
    """Embeds a speaker as (sum of the window's samples, sum of the mask); remembers its batches."""

    spec = EmbeddingSpec("made up", "pooled", 16000, 2, 1)

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        self.batches.append(len(windows))
        heard = np.broadcast_to(windows.sum(axis=1)[:, np.newaxis], masks.shape[:2])
        return np.stack([heard, masks.sum(axis=2)], axis=2)


def _embed(masks: NDArray[np.float32], batch_size: int = 4, **more: Any) -> NDArray[np.float32]:
    samples = np.arange(1.0, 2 * len(masks) + 3, dtype=np.float32)
    batches = slide([samples], FrameGrid(step=2, width=4), batch_size)
    active = masks.transpose(0, 2, 1) > 0
    options = {"model": Listener(), "progress": ignore_progress, **more}
    return embed_windows(batches=batches, active=active, choose=_all, **options)


def _all(active: NDArray[np.bool_]) -> NDArray[np.float32]:
    masks: NDArray[np.float32] = active.transpose(0, 2, 1).astype(np.float32)
    return masks


@pytest.mark.parametrize(
    ("frames", "min_samples", "window_samples", "least"),
    [(589, 400, 160000, 2), (293, 400, 80000, 2), (589, 4771, 160000, 18), (100, 160, 16000, 1)],
)
def test_the_least_clean_frames_are_the_shortest_input_rounded_up(
    frames: int, min_samples: int, window_samples: int, least: int
) -> None:
    assert least_clean_frames(frames, min_samples, window_samples) == least


@given(ACTIVITY, st.integers(0, 4))
def test_masks_are_chosen_as_by_hand(active: NDArray[np.bool_], least_clean: int) -> None:
    masks = speaker_masks(active, exclude_overlap=True, least_clean=least_clean)
    for window, rows in enumerate(active):
        for speaker in range(rows.shape[1]):
            own = [bool(row[speaker]) for row in rows]
            clean = [bool(row[speaker]) and not any(np.delete(row, speaker)) for row in rows]
            expected = clean if sum(clean) > least_clean else own
            assert masks[window, speaker].tolist() == expected


@given(ACTIVITY)
def test_with_overlap_every_frame_of_a_speaker_counts(active: NDArray[np.bool_]) -> None:
    masks = speaker_masks(active, exclude_overlap=False, least_clean=0)
    assert np.array_equal(masks, active.transpose(0, 2, 1))


@given(st.integers(1, 60), st.integers(1, 60))
def test_resizing_takes_the_frames_that_the_slow_version_takes(frames: int, length: int) -> None:
    mask = np.arange(float(frames))
    assert nearest_resize(mask, length).tolist() == slow.nearest(mask.tolist(), length)


def test_resizing_leaves_other_axes_alone() -> None:
    masks = np.arange(12.0).reshape(2, 3, 2)
    assert nearest_resize(masks, 4).shape == (2, 3, 4)
    assert nearest_resize(masks, 2).tolist() == masks.tolist()


@given(st.data(), st.integers(1, 2), st.integers(1, 3), st.integers(1, 6), st.integers(1, 3))
def test_statistics_equal_the_slow_ones(
    data: st.DataObject, windows: int, channels: int, frames: int, speakers: int
) -> None:
    values = st.integers(-8, 8).map(float)
    features = data.draw(arrays(np.float32, (windows, channels, frames), elements=values))
    masks = data.draw(arrays(np.float32, (windows, speakers, frames), elements=LEVELS))
    pooled = pool_statistics(features, masks)
    for window in range(windows):
        for speaker in range(speakers):
            by_hand = [
                slow.statistics(features[window, channel].tolist(), masks[window, speaker].tolist())
                for channel in range(channels)
            ]
            expected = [mean for mean, _ in by_hand] + [deviation for _, deviation in by_hand]
            # Where one frame is all that counts, both divide next to nothing by 1e-8.
            assert pooled[window, speaker].tolist() == pytest.approx(expected, rel=1e-4, abs=2e-3)


def test_a_mask_of_zeros_pools_to_zeros() -> None:
    features = np.full((1, 2, 5), 7, dtype=np.float32)
    assert pool_statistics(features, np.zeros((1, 1, 5), np.float32)).tolist() == [[[0] * 4]]


def test_a_full_mask_pools_to_mean_and_deviation() -> None:
    features = np.array([[[1, 2, 3, 4]]], dtype=np.float32)
    pooled = pool_statistics(features, np.ones((1, 1, 4), np.float32))
    assert pooled[0, 0].tolist() == pytest.approx([2.5, np.std([1, 2, 3, 4], ddof=1)])


def test_each_window_is_embedded_from_its_own_samples_and_masks() -> None:
    masks = np.array([[[1, 1], [0, 1]], [[1, 0], [1, 1]]], dtype=np.float32)
    assert _embed(masks).tolist() == [[[10, 2], [10, 1]], [[18, 1], [18, 2]]]


def test_speakers_without_frames_get_no_embedding() -> None:
    masks = np.array([[[1, 1], [0, 0]], [[0, 0], [0, 0]]], dtype=np.float32)
    missing = np.isnan(_embed(masks)).any(axis=2)
    assert missing.tolist() == [[False, True], [True, True]]


def test_silent_windows_never_reach_the_network() -> None:
    masks = np.zeros((5, 2, 3), dtype=np.float32)
    masks[[1, 4], 0, 0] = 1
    listener = Listener()
    _embed(masks, model=listener)
    assert listener.batches == [1, 1]


@pytest.mark.parametrize("batch_size", [1, 2, 7, 32])
def test_batches_of_any_size_give_the_same_embeddings(batch_size: int) -> None:
    masks = np.random.default_rng(0).integers(0, 2, (9, 2, 3)).astype(np.float32)
    assert np.array_equal(_embed(masks, batch_size), _embed(masks, 4), equal_nan=True)


def test_progress_counts_all_windows() -> None:
    calls: list[tuple[int, int]] = []

    def progress(*, completed: int, total: int) -> None:
        calls.append((completed, total))

    masks = np.ones((5, 1, 3), dtype=np.float32)
    masks[2] = 0
    _embed(masks, batch_size=3, progress=progress)
    assert calls == [(0, 5), (3, 5), (5, 5)]
