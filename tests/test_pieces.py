"""Pieces of clean speech: where they lie, how long they are, what windows take from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.frames import FrameGrid
from ovdiar.pieces import (
    Pieces,
    clean_runs,
    join_runs,
    shares_of_windows,
    speech_of,
    spread_to_windows,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

LENGTH, STEP = 40, 8


def talk(seed: int, windows: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Draw windows of a recording of three speakers, each with columns in another order."""
    rng = np.random.default_rng(seed)
    total = STEP * (windows - 1) + LENGTH
    speech = np.zeros((total, 3), dtype=bool)
    for start in range(0, total, 10):
        speech[start : start + rng.integers(4, 16), rng.integers(3)] = True
    starts = STEP * np.arange(windows)
    return np.stack([speech[s : s + LENGTH, rng.permutation(3)] for s in starts]), starts


def cut(active: NDArray[np.bool_], starts: NDArray[np.int64], longest: int) -> Pieces:
    return join_runs(*clean_runs(active, starts), longest=longest, pause=10, least=2)


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 30))
def test_pieces_are_no_longer_than_asked(seed: int, windows: int, longest: int) -> None:
    frames = cut(*talk(seed, windows), longest).frames()
    assert (frames <= longest).all()
    assert (frames >= 2).all()


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_no_frame_belongs_to_two_pieces(seed: int, windows: int) -> None:
    active, starts = talk(seed, windows)
    pieces = cut(active, starts, 20)
    owners = pieces.of_frames(int(starts[-1]) + LENGTH)
    held = np.bincount(owners[owners >= 0], minlength=len(pieces))
    np.testing.assert_array_equal(held, pieces.frames())


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_pieces_lie_where_one_speaks(seed: int, windows: int) -> None:
    active, starts = talk(seed, windows)
    for first, last in cut(active, starts, 20).runs:
        for start, window in zip(starts, active, strict=True):
            inside = window[max(first - start, 0) : max(last - start, 0)]
            assert (inside.sum(axis=1) == 1).all()


def test_a_run_is_cut_where_the_speaker_changes() -> None:
    active = np.zeros((3, LENGTH, 2), dtype=bool)
    starts = STEP * np.arange(3)
    for window, start in zip(active, starts, strict=True):
        window[: 30 - start, 0] = True
        window[30 - start :, 1] = True
    runs, continues = clean_runs(active, starts)
    assert runs.tolist() == [[0, 30], [30, STEP * 2 + LENGTH]]
    assert continues.tolist() == [False]


def test_a_speaker_continues_after_a_pause() -> None:
    active = np.zeros((1, LENGTH, 2), dtype=bool)
    active[0, :10, 1] = active[0, 15:25, 1] = True
    starts = np.zeros(1, dtype=np.int64)
    assert cut(active, starts, 20).owner.tolist() == [0, 0]
    assert cut(active, starts, 19).owner.tolist() == [0, 1]


def test_nobody_speaks() -> None:
    starts = STEP * np.arange(2)
    assert len(cut(np.zeros((2, LENGTH, 3), dtype=bool), starts, 20)) == 0


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_window_speakers_take_the_mean_of_their_frames(seed: int, windows: int) -> None:
    active, starts = talk(seed, windows)
    pieces = cut(active, starts, 20)
    rng = np.random.default_rng(seed)
    embeddings, weights = rng.normal(size=(len(pieces), 4)), rng.uniform(0.1, 1, len(pieces))
    owners = pieces.of_frames(int(starts[-1]) + LENGTH)
    spread = spread_to_windows(embeddings, weights, pieces, active, starts)
    for window, speaker, _, _ in shares_of_windows(pieces, active, starts):
        alone = active[window, :, speaker] & (active[window].sum(axis=1) == 1)
        whole = active[window, :, speaker]
        here = owners[starts[window] :][:LENGTH]
        frames = (
            here[alone & (here >= 0)] if (here[alone] >= 0).any() else here[whole & (here >= 0)]
        )
        rows = [weights[p] * embeddings[p] / np.linalg.norm(embeddings[p]) for p in frames]
        mean = np.sum(rows, axis=0) / weights[frames].sum()
        np.testing.assert_allclose(spread[window, speaker], mean, rtol=1e-4, atol=1e-5)


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 500))
def test_stretches_hold_the_samples_of_their_frames(seed: int, windows: int, block: int) -> None:
    active, starts = talk(seed, windows)
    pieces = cut(active, starts, 20)
    frames = FrameGrid(10, 30, rate=1000)
    samples = np.arange(int(starts[-1]) * 10 + LENGTH * 10, dtype=np.float32)
    blocks = [samples[at : at + block] for at in range(0, len(samples), block)]
    found = list(speech_of(pieces, blocks, frames, 8))
    assert len(found) == len(pieces)
    for number, speech in enumerate(found):
        runs = pieces.runs[pieces.owner == number]
        wanted = np.concatenate([np.arange(10 + 10 * a, 10 + 10 * b) for a, b in runs])
        np.testing.assert_array_equal(speech.joined(), np.where(wanted < len(samples), wanted, 0))
        assert speech.samples[0] % 8 == 0
