"""Rows and links of corrected similarity, from window speakers and from pieces."""

from __future__ import annotations

import math
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ovdiar.clustering.rows import (
    LEAST_COMMON_S,
    LEAST_S,
    RowSource,
    piece_links,
    piece_rows,
    window_links,
    window_rows,
)
from ovdiar.frames import FrameGrid, WindowedFrames
from ovdiar.pieces import Pieces, shares_of_windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAMES = FrameGrid(step=1600, width=1600)
"""Ten frames a second."""
SEEDS = st.integers(0, 10**6)
Places = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def _windowed(active: NDArray[np.bool_], hop: int) -> WindowedFrames:
    """Lay windows so many frames apart; they are a tenth of a frame longer than their frames."""
    step, width = hop * FRAMES.step, active.shape[1] * FRAMES.step + 160
    return WindowedFrames(active, FrameGrid(step, width), FRAMES)


def _talk(seed: int, windows: int, hop: int, length: int = 24) -> WindowedFrames:
    """Let three speak in turn, with overlaps; each window has its columns in another order."""
    rng = np.random.default_rng(seed)
    talk = np.zeros((hop * (windows - 1) + length, 3), dtype=bool)
    for start in range(0, len(talk), 12):
        talk[start : start + rng.integers(6, 18), rng.integers(3)] = True
    shown = [talk[hop * window :][:length, rng.permutation(3)] for window in range(windows)]
    return _windowed(np.stack(shown), hop)


def _embeddings(seed: int, active: WindowedFrames) -> NDArray[np.float32]:
    """Draw embeddings of window speakers, a fifth of which have a coordinate that is NaN."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(len(active), active.data.shape[2], 4)).astype(np.float32)
    drawn[rng.random(drawn.shape[:2]) < 0.2, rng.integers(4)] = np.nan
    return drawn


def _cut(*runs: tuple[int, int, int]) -> Pieces:
    """Make pieces of runs (first frame, last, piece)."""
    table = np.array(runs, dtype=np.int64).reshape(-1, 3)
    return Pieces(table[:, :2], table[:, 2])


def _listed(pairs: NDArray[np.int64]) -> list[tuple[int, ...]]:
    return sorted(map(tuple, pairs.tolist()))


@given(SEEDS, st.integers(1, 8), st.integers(1, 40))
def test_rows_are_the_window_speakers_with_enough_clean_speech(
    seed: int, windows: int, hop: int
) -> None:
    active = _talk(seed, windows, hop)
    embeddings = _embeddings(seed, active)
    usable = [
        (window, speaker)
        for window in range(windows)
        for speaker in range(3)
        if np.isfinite(embeddings[window, speaker]).all() and active.data[window, :, speaker].any()
    ]
    alone_s = {
        (window, speaker): FRAMES.step_s
        * sum(frame[speaker] and frame.sum() == 1 for frame in active.data[window])
        for window, speaker in usable
    }
    expected = [place for place in usable if alone_s[place] >= LEAST_S] or usable
    rows, places = window_rows(embeddings, active)
    assert list(zip(*places, strict=True)) == expected
    assert rows.seconds.tolist() == pytest.approx([alone_s[place] for place in expected])
    assert rows.seconds.dtype == np.float64
    for vector, span, (window, speaker) in zip(rows.embeddings, rows.spans, expected, strict=True):
        assert np.array_equal(vector, embeddings[window, speaker])
        first = window * active.windows.step
        assert span.tolist() == [first, first + active.windows.width]


@pytest.mark.parametrize(("clean", "speakers"), [(2, [0, 1]), (3, [0])])
def test_little_clean_speech_makes_a_row_only_where_nobody_has_more(
    clean: int, speakers: list[int]
) -> None:
    data = np.zeros((1, 10, 2), dtype=bool)
    data[0, :clean, 0] = data[0, 8:, 1] = True
    rows, (_, found) = window_rows(np.ones((1, 2, 4)), _windowed(data, 10))
    assert found.tolist() == speakers
    assert len(rows.seconds) == len(speakers)


@pytest.mark.parametrize(("hop", "share"), [(5, 800 / 1616), (10, 1600 / 1616), (30, 1.0)])
def test_windows_that_overlap_share_their_speech(hop: int, share: float) -> None:
    data = np.ones((2, 10, 1), dtype=bool)
    rows, _ = window_rows(np.ones((2, 1, 4)), _windowed(data, hop))
    assert rows.share == pytest.approx(share)


def _tracks_by_hand(active: WindowedFrames, hop: int) -> list[list[int]]:
    """Follow speakers by the best of all orders of the next window's columns."""
    windows = active.data.tolist()
    tracks = [[3 * number + column for column in range(3)] for number in range(len(windows))]
    for number in range(1, len(windows)):
        before = windows[number - 1][hop:]
        frames = list(zip(before, windows[number], strict=False))
        common = [[sum(b[o] and n[k] for b, n in frames) for k in range(3)] for o in range(3)]
        totals = {
            order: sum(common[old][new] for old, new in enumerate(order))
            for order in permutations(range(3))
        }
        best = [order for order, total in totals.items() if total == max(totals.values())]
        kept = {
            tuple(sorted((o, n) for o, n in enumerate(order) if common[o][n] >= 10))
            for order in best
        }
        assume(len(kept) == 1)  # or the assignment may choose
        for old, new in kept.pop():
            tracks[number][new] = tracks[number - 1][old]
    return tracks


@given(SEEDS, st.integers(1, 9), st.sampled_from([5, 7, 12, 24, 25, 40]))
def test_windows_link_what_they_hold_apart_and_who_continues(
    seed: int, windows: int, hop: int
) -> None:
    active = _talk(seed, windows, hop)
    _, places = window_rows(_embeddings(seed, active), active)
    rows = list(zip(*(side.tolist() for side in places), strict=True))
    links = window_links(places, active)
    numbers = {place: row for row, place in enumerate(rows)}
    together = [
        (numbers[window, one], numbers[window, two])
        for window in range(windows)
        for one in range(3)
        for two in range(one + 1, 3)
        if (window, one) in numbers and (window, two) in numbers
    ]
    assert _listed(links.apart) == sorted(together)
    tracks = _tracks_by_hand(active, hop)
    gap = math.ceil(active.windows.width / active.windows.step)
    continued = [
        (numbers[early], numbers[late])
        for early in rows
        for late in rows
        if late[0] - early[0] == gap and tracks[early[0]][early[1]] == tracks[late[0]][late[1]]
    ]
    assert _listed(links.same) == sorted(continued)


@pytest.mark.parametrize(("common", "linked"), [(9, []), (10, [[0, 3]])])
def test_a_speaker_continues_after_a_second_in_common(common: int, linked: list[list[int]]) -> None:
    assert (common * FRAMES.step_s >= LEAST_COMMON_S) == bool(linked)
    data = np.ones((4, 24, 1), dtype=bool)
    data[0, : 24 - common] = False
    active = _windowed(data, 12)
    _, places = window_rows(np.ones((4, 1, 4)), active)
    assert window_links(places, active).same.tolist() == linked


@given(SEEDS)
def test_rows_of_pieces_lie_where_the_pieces_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    borders = np.sort(rng.choice(60, size=(6, 2), replace=False).ravel()).reshape(-1, 2)
    pieces = Pieces(borders, np.array([0, 0, 1, 2, 2, 2]))
    embeddings = rng.normal(size=(3, 4))
    rows = piece_rows(embeddings, pieces, 0.02)
    assert np.array_equal(rows.embeddings, embeddings)
    assert rows.seconds.tolist() == pytest.approx(0.02 * pieces.frames())
    assert rows.spans.tolist() == pieces.spans().tolist()
    assert rows.share == 1


def _votes_by_hand(pieces: Pieces, active: WindowedFrames, hop: int) -> dict[tuple[int, int], int]:
    """Let each window vote on every two pieces of which it gives more than half to a speaker."""
    starts = hop * np.arange(len(active))
    lengths = pieces.frames().tolist()
    largest: dict[tuple[int, int], tuple[int, int]] = {}
    for window, speaker, numbers, frames in shares_of_windows(pieces, active.data, starts):
        for piece, share in zip(numbers.tolist(), frames.tolist(), strict=True):
            if share > largest.get((window, piece), (0, -1))[0]:
                largest[window, piece] = share, speaker
    votes: dict[tuple[int, int], int] = {}
    for window in range(len(active)):
        held = {
            piece: speaker
            for (at, piece), (share, speaker) in largest.items()
            if at == window and 2 * share > lengths[piece]
        }
        for (one, first), (two, second) in combinations(sorted(held.items()), 2):
            votes[one, two] = votes.get((one, two), 0) + (1 if first == second else -1)
    return votes


@given(SEEDS, st.integers(1, 6), st.integers(1, 24), st.integers(2, 9))
def test_windows_vote_on_who_speaks_two_pieces(
    seed: int, windows: int, hop: int, length: int
) -> None:
    active = _talk(seed, windows, hop)
    total = hop * (windows - 1) + 24
    runs = [(at, min(at + length, total), n) for n, at in enumerate(range(0, total, length + 1))]
    pieces = _cut(*runs)
    votes = _votes_by_hand(pieces, active, hop)
    links = piece_links(pieces, active)
    assert _listed(links.same) == sorted(pair for pair, vote in votes.items() if vote > 0)
    assert _listed(links.apart) == sorted(pair for pair, vote in votes.items() if vote < 0)


def test_windows_that_disagree_evenly_do_not_link() -> None:
    data = np.zeros((2, 24, 2), dtype=bool)
    data[0, :, 0] = data[1, :12, 0] = data[1, 12:, 1] = True
    same_place = WindowedFrames(data, FrameGrid(100, 24 * 1600), FRAMES)
    links = piece_links(_cut((2, 8, 0), (14, 20, 1)), same_place)
    assert len(links.same) == len(links.apart) == 0


def test_half_of_a_piece_is_too_little_to_vote_on_it() -> None:
    data = np.zeros((1, 24, 2), dtype=bool)
    data[0, 2:6, 0] = data[0, 10:16, 1] = True
    active = _windowed(data, 24)
    assert len(piece_links(_cut((2, 10, 0), (10, 16, 1)), active).apart) == 0
    assert piece_links(_cut((2, 9, 0), (10, 16, 1)), active).apart.tolist() == [[0, 1]]


@pytest.mark.parametrize("pieces", [None, _cut()])
def test_without_pieces_rows_are_window_speakers(pieces: Pieces | None) -> None:
    active = _talk(1, 4, 12)
    embeddings = _embeddings(1, active)
    source = RowSource(embeddings, active, pieces, None if pieces is None else np.zeros((0, 4)))
    rows, places = window_rows(embeddings, active)
    assert np.array_equal(source.rows.embeddings, rows.embeddings)
    assert np.array_equal(source.rows.spans, rows.spans)
    links = window_links(places, active)
    assert np.array_equal(source.links().apart, links.apart)
    assert np.array_equal(source.links().same, links.same)


def test_pieces_that_are_not_embedded_are_no_rows() -> None:
    active = _talk(1, 4, 12)
    source = RowSource(_embeddings(1, active), active, _cut((0, 8, 0), (14, 20, 1)))
    assert len(source.rows.seconds) > 2


def test_pieces_are_rows_where_there_are_some() -> None:
    active = _talk(3, 4, 12)
    pieces, embeddings = _cut((0, 8, 0), (14, 20, 1), (30, 36, 2)), np.eye(3)
    source = RowSource(_embeddings(3, active), active, pieces, embeddings)
    assert np.array_equal(source.rows.embeddings, embeddings)
    assert source.rows.seconds.tolist() == pytest.approx([0.8, 0.6, 0.6])
    links = piece_links(pieces, active)
    assert len(links.same) + len(links.apart) > 0
    assert np.array_equal(source.links().same, links.same)
    assert np.array_equal(source.links().apart, links.apart)
