"""Windows: every sample is in one, and their scores come back onto one grid."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import overlap_add as slow
from reference.closest_frame import first_frame, frames_of_all
from reference.windowed import windowed

from ovdiar.frames import FrameGrid, WindowedFrames
from ovdiar.overlap_add import overlap_add
from ovdiar.windows import (
    PaddedBlocks,
    Slider,
    batched,
    count_windows,
    extract_windows,
    gather,
    output_grid,
    slices,
    slide,
    trim,
)

WIDTH, STEP = 80, 8
GRID = FrameGrid(STEP, WIDTH)
PYANNET = FrameGrid(step=270, width=991)
LENGTHS = sorted(
    {0, 1, WIDTH - 1, WIDTH, WIDTH + 1}
    | {WIDTH + k * STEP + more for k in (1, 2, 7) for more in (-1, 0, 1)}
    | {k * STEP + more for k in (1, 5, 10, 11) for more in (-1, 0, 1)}
)


def _windows_as_listed(samples: list[float], grid: FrameGrid) -> list[list[float]]:
    """Go through a recording by hand: whole windows, and one more for what they left."""
    found = []
    start = reached = 0
    while start + grid.width <= len(samples):
        found.append(samples[start : start + grid.width])
        reached = start + grid.width
        start += grid.step
    if reached < len(samples) or not found:
        rest = samples[start:]
        found.append([*rest, *[0.0] * (grid.width - len(rest))])
    return found


@pytest.mark.parametrize("length", LENGTHS)
def test_every_length_is_cut_as_by_hand(length: int) -> None:
    samples = [float(n) for n in range(1, length + 1)]
    count = count_windows(length, GRID)
    assert extract_windows(np.array(samples), GRID, 0, count).tolist() == _windows_as_listed(
        samples, GRID
    )


@given(st.integers(0, 300), st.integers(1, 40), st.integers(1, 40))
def test_every_grid_is_cut_as_by_hand(length: int, step: int, width: int) -> None:
    grid = FrameGrid(min(step, width), width)
    samples = [float(n) for n in range(1, length + 1)]
    count = count_windows(length, grid)
    assert extract_windows(np.array(samples), grid, 0, count).tolist() == _windows_as_listed(
        samples, grid
    )


@pytest.mark.parametrize("length", LENGTHS)
def test_no_sample_is_left_out_and_no_window_is_empty_of_new_ones(length: int) -> None:
    count = count_windows(length, GRID)
    last_start = (count - 1) * STEP
    assert last_start + WIDTH >= length
    assert count == 1 or last_start + WIDTH - STEP < length


@given(st.integers(0, 300), st.data())
def test_windows_are_the_same_in_any_batch(length: int, data: st.DataObject) -> None:
    samples = np.arange(1.0, length + 1)
    count = count_windows(length, GRID)
    border = data.draw(st.integers(0, count))
    parts = [
        extract_windows(samples, GRID, 0, border),
        extract_windows(samples, GRID, border, count),
    ]
    assert np.array_equal(np.concatenate(parts), extract_windows(samples, GRID, 0, count))


def test_windows_may_start_later() -> None:
    windows = extract_windows(np.arange(6.0), FrameGrid(1, 2, start=3), 0, 4)
    assert windows.tolist() == [[3, 4], [4, 5], [5, 0], [0, 0]]
    assert windows.dtype == np.float32


@given(windowed())
def test_windows_lie_on_the_common_grid_where_pyannote_lays_them(scores: WindowedFrames) -> None:
    grid, total, starts = output_grid(scores)
    expected = [first_frame(c, scores.windows, scores.frames) for c in range(len(scores))]
    assert starts.tolist() == expected
    assert total == frames_of_all(len(scores), scores.windows, scores.frames)
    assert grid == scores.frames.at(scores.windows.start)


@given(windowed())
def test_the_plain_average_equals_the_slow_one_exactly(scores: WindowedFrames) -> None:
    assert np.array_equal(overlap_add(scores).data, slow.overlap_add(scores), equal_nan=True)


@given(
    windowed(),
    st.booleans(),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.sampled_from([0.0, math.nan, -1.0]),
    st.booleans(),
)
def test_the_weighted_average_equals_the_slow_one(
    scores: WindowedFrames,
    hamming: bool,  # noqa: FBT001 - drawn
    warm_up_frames: tuple[int, int],
    missing: float,
    skip_average: bool,  # noqa: FBT001 - drawn
) -> None:
    frame_s = scores.windows.width_s / scores.data.shape[1]
    left, right = (frames * frame_s for frames in warm_up_frames)
    options = {"hamming": hamming, "missing": missing, "skip_average": skip_average}
    fast = overlap_add(scores, warm_up_s=(left, right), **options)  # type: ignore[arg-type]
    by_hand = slow.overlap_add(scores, warm_up_s=(left, right), **options)  # type: ignore[arg-type]
    np.testing.assert_allclose(fast.data, by_hand, rtol=1e-6, atol=1e-18)


def test_scores_are_not_written_to() -> None:
    data = np.full((2, 4, 1), np.nan, dtype=np.float32)
    overlap_add(WindowedFrames(data, FrameGrid(270, 1080), PYANNET), missing=0.0)
    assert np.isnan(data).all()


@pytest.mark.parametrize("windows", [1, 2, 21])
def test_the_last_frames_of_windows_of_ten_seconds_are_missing(windows: int) -> None:
    scores = np.ones((windows, 589, 1), dtype=np.float32)
    average = overlap_add(WindowedFrames(scores, FrameGrid(16000, 160000), PYANNET))
    seen = ~np.isnan(average.data[:, 0])
    assert len(average) == round((9 + windows) / 0.016875) + 1
    assert seen.tolist() == [True] * seen.sum() + [False] * (len(average) - seen.sum())
    assert 4 <= len(average) - seen.sum() <= 6


def test_no_columns_average_to_no_columns() -> None:
    scores = WindowedFrames(np.zeros((3, 4, 0), np.float32), FrameGrid(270, 1080), PYANNET)
    assert overlap_add(scores).data.shape == (7, 0)


@given(windowed(), st.sampled_from([(0.0, 0.0), (0.1, 0.1), (0.25, 0.0), (0.05, 0.3)]))
def test_trimming_drops_the_shares_of_frames_and_of_time(
    scores: WindowedFrames, warm_up: tuple[float, float]
) -> None:
    count = scores.data.shape[1]
    left, right = round(count * warm_up[0]), round(count * warm_up[1])
    trimmed = trim(scores, warm_up)
    assert np.array_equal(trimmed.data, scores.data[:, left : count - right], equal_nan=True)
    assert trimmed.windows.step == scores.windows.step
    assert trimmed.windows.start == scores.windows.start + round(scores.windows.width * warm_up[0])
    kept = scores.windows.width * (1 - warm_up[0] - warm_up[1])
    assert trimmed.windows.width == round(kept)


@given(
    st.lists(st.integers(0, 25), max_size=8),
    st.integers(1, 9),
    st.integers(0, 8),
    st.integers(1, 5),
)
def test_sliding_over_blocks_cuts_what_the_whole_would(
    lengths: list[int], step: int, more: int, batch_size: int
) -> None:
    grid = FrameGrid(step, step + more)
    whole = np.arange(1.0, sum(lengths) + 1, dtype=np.float32)
    blocks = np.split(whole, np.cumsum(lengths)[:-1])
    batches = list(slide(blocks, grid, batch_size))
    expected = extract_windows(whole, grid, 0, count_windows(len(whole), grid))
    assert np.array_equal(np.concatenate(batches), expected)
    assert all(len(batch) == batch_size for batch in batches[:-1])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 40))
def test_batches_are_gathered_whatever_was_expected(lengths: list[int], expected: int) -> None:
    rng = np.random.default_rng(sum(lengths))
    batches = [rng.random((length, 2)) for length in lengths]
    assert np.array_equal(gather(iter(batches), expected), np.concatenate(batches))


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_gathered_batches_keep_their_dtype_and_take_the_memory_expected(dtype: type) -> None:
    gathered = gather([np.ones((2, 3), dtype)] * 4, 8)
    assert gathered.dtype == dtype
    assert gathered.base is not None
    assert gathered.base.shape == (8, 3)


def test_nothing_is_not_gathered() -> None:
    with pytest.raises(ValueError, match=r"^no batches: give one or more$"):
        gather([], 3)


def test_a_batch_of_windows_comes_with_its_last_sample_and_what_is_done_is_dropped() -> None:
    slider = Slider(FrameGrid(step=3, width=5), batch_size=2)
    samples = np.arange(20, dtype=np.float32)
    assert list(slider.push(samples[:7])) == []
    (batch,) = slider.push(samples[7:8])
    assert batch.tolist() == [[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]]
    assert list(slider.push(samples[8:13])) == []
    (batch,) = slider.push(samples[13:14])
    assert batch.tolist() == [[6, 7, 8, 9, 10], [9, 10, 11, 12, 13]]
    assert (slider.first, slider.start) == (4, 6)
    assert slider.held.tolist() == samples[6:14].tolist()
    assert slider.held.dtype == np.float32


@given(st.lists(st.integers(0, 6), max_size=6), st.integers(0, 5))
def test_silence_is_put_before_and_after_blocks(lengths: list[int], samples: int) -> None:
    blocks = [np.full(length, 1, dtype=np.float32) for length in lengths]
    padded = PaddedBlocks(blocks, samples)
    ends = []
    found = []
    for block in padded:
        found.append(block)
        ends.append(padded.end)
    silence = np.zeros(samples, dtype=np.float32)
    assert [block.tolist() for block in found] == [b.tolist() for b in (silence, *blocks, silence)]
    assert {block.dtype for block in found} == {np.dtype(np.float32)}
    read = np.cumsum([0, *lengths]).tolist()
    assert ends == [samples + each for each in (*read, read[-1])]


@given(st.lists(st.integers()), st.integers(1, 5))
def test_values_are_grouped_in_order_the_last_group_being_shorter(
    values: list[int], size: int
) -> None:
    groups = list(batched(iter(values), size))
    assert [value for group in groups for value in group] == values
    assert all(len(group) == size for group in groups[:-1])
    assert all(groups)


@given(st.integers(0, 30), st.integers(1, 9))
def test_slices_split_a_range(count: int, at_once: int) -> None:
    parts = [range(count)[part] for part in slices(count, at_once)]
    assert [number for part in parts for number in part] == list(range(count))
    assert all(len(part) == at_once for part in parts[:-1])
    assert all(parts)
