"""From scores to speech: classes, hysteresis, durations, turns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import hysteresis
from reference.powerset import classes
from reference.windowed import LEVELS

from ovdiar.activity import (
    SpeakerTurns,
    alone_in,
    binarize,
    powerset_mapping,
    powerset_to_speakers,
    runs,
    speaker_turns,
    speakers_active,
    switch,
    to_annotation,
)
from ovdiar.frames import FrameGrid, Frames
from ovdiar.parameters import ActivityParameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

PYANNET = FrameGrid(step=270, width=991)
THRESHOLDS = st.sampled_from([0.125, 0.25, 0.375, 0.5, 0.75])
ROWS = st.lists(st.sampled_from((*LEVELS, math.nan)), max_size=20)
DURATIONS_S = st.sampled_from([0.0, 0.016875, 0.02, 0.05, 0.1])


def _column(scores: list[float]) -> Frames:
    return Frames(np.array(scores, dtype=np.float32).reshape(-1, 1), PYANNET)


@pytest.mark.parametrize("speakers", range(1, 6))
@pytest.mark.parametrize("largest_set", range(1, 4))
def test_classes_come_by_size_then_by_members(speakers: int, largest_set: int) -> None:
    mapping = powerset_mapping(speakers, largest_set)
    members = [tuple(np.flatnonzero(row)) for row in mapping]
    assert members == classes(speakers, largest_set)


def test_three_speakers_of_whom_two_may_overlap_make_seven_classes() -> None:
    assert powerset_mapping(3, 2).tolist() == [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, 1, 0],
        [1, 0, 1],
        [0, 1, 1],
    ]


@given(st.lists(st.sampled_from([-3.0, -2.0, -1.0, 0.0]), min_size=7, max_size=7))
def test_the_likeliest_class_decides_the_first_of_equals(chances: list[float]) -> None:
    winner = chances.index(max(chances))
    speakers = powerset_to_speakers(np.array([chances], np.float32), powerset_mapping(3, 2))
    assert tuple(np.flatnonzero(speakers[0])) == classes(3, 2)[winner]
    assert speakers.dtype == np.float32


def test_each_frame_of_each_window_has_a_class_of_its_own() -> None:
    chosen = np.array([[0, 1, 2, 3], [4, 5, 6, 0]])
    log = np.log(np.eye(7, dtype=np.float32)[chosen] + 0.01)
    mapping = powerset_mapping(3, 2)
    assert np.array_equal(powerset_to_speakers(log, mapping), mapping[chosen])
    soft = powerset_to_speakers(log, mapping, soft=True)
    assert np.array_equal(soft > 0.5, mapping[chosen] == 1)


@given(st.lists(st.floats(0.01, 1), min_size=7, max_size=7))
def test_soft_speakers_sum_the_classes_that_hold_them(chances: list[float]) -> None:
    log = np.log(np.array(chances, dtype=np.float32))
    soft = powerset_to_speakers(log, powerset_mapping(3, 2), soft=True)
    expected = [
        sum(
            chance for chance, members in zip(chances, classes(3, 2), strict=True) if who in members
        )
        for who in range(3)
    ]
    assert soft.tolist() == pytest.approx(expected, rel=1e-5)


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.integers(1, 8), st.integers(0, 3)),
        elements=st.sampled_from((*LEVELS, np.nan)),
    ),
    THRESHOLDS,
    THRESHOLDS,
    st.booleans(),
)
def test_window_hysteresis_equals_the_slow_one(
    scores: NDArray[np.float32],
    onset: float,
    offset: float,
    initial: bool,  # noqa: FBT001 - drawn
) -> None:
    fast = binarize(scores, onset, offset, initial=initial)
    for window in range(scores.shape[0]):
        for speaker in range(scores.shape[2]):
            row = scores[window, :, speaker].tolist()
            expected = hysteresis.hold(row, onset, offset, initial=initial)
            assert fast[window, :, speaker].tolist() == expected


@given(ROWS, THRESHOLDS)
def test_one_threshold_serves_as_both(row: list[float], threshold: float) -> None:
    scores = np.array([row], dtype=np.float32)
    assert np.array_equal(binarize(scores, threshold), binarize(scores, threshold, threshold))


def test_a_score_at_the_threshold_keeps_the_state() -> None:
    scores = np.array([[0.5, 0.6, 0.5, 0.4, 0.5]])
    assert binarize(scores, 0.5).tolist() == [[False, True, True, False, False]]


@given(arrays(np.bool_, st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 3))))
def test_who_is_active_and_who_is_alone_is_told_frame_by_frame(active: NDArray[np.bool_]) -> None:
    windows, frames, speakers = active.shape
    alone, anywhere = alone_in(active), speakers_active(active)
    assert (alone.shape, anywhere.shape) == (active.shape, (windows, speakers))
    assert alone.dtype == np.bool_
    assert anywhere.dtype == np.bool_
    for window, speaker in np.ndindex(windows, speakers):
        own = active[window, :, speaker].tolist()
        others = [sum(active[window, frame]) - own[frame] for frame in range(frames)]
        assert alone[window, :, speaker].tolist() == [
            on and not more for on, more in zip(own, others, strict=True)
        ]
        assert anywhere[window, speaker] == any(own)


@given(ROWS, THRESHOLDS, THRESHOLDS)
def test_frame_hysteresis_equals_the_slow_one(
    row: list[float], onset: float, offset: float
) -> None:
    scores = np.array(row).reshape(-1, 1)
    assert switch(scores, onset, offset)[:, 0].tolist() == hysteresis.toggle(row, onset, offset)


def test_scores_between_a_lower_onset_and_a_higher_offset_alternate() -> None:
    scores = np.array([[0.6]] * 5)
    assert switch(scores, 0.537, 0.724)[:, 0].tolist() == [True, False, True, False, True]


def test_columns_switch_on_their_own() -> None:
    scores = np.array([[1, 0], [0.5, 0.5], [0, 1]])
    assert switch(scores, 0.7, 0.3).tolist() == [[True, False], [True, False], [False, True]]


@given(st.lists(st.booleans(), max_size=12))
def test_runs_are_the_slow_turns_in_frames(states: list[bool]) -> None:
    expected = hysteresis.turns(states, [float(frame) for frame in range(len(states))])
    first, last = runs(np.array(states, dtype=bool))
    found = [(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True) if b > a]
    assert found == expected


@given(ROWS, THRESHOLDS, st.none() | THRESHOLDS, DURATIONS_S, DURATIONS_S)
def test_turns_equal_the_slow_ones(
    row: list[float],
    onset: float,
    offset: float | None,
    min_duration_on: float,
    min_duration_off: float,
) -> None:
    frames = _column(row)
    annotation = to_annotation(
        frames,
        onset=onset,
        offset=offset,
        min_duration_on=min_duration_on,
        min_duration_off=min_duration_off,
    )
    states = hysteresis.toggle(
        frames.data[:, 0].tolist(), onset, onset if offset is None else offset
    )
    turns = hysteresis.turns(states, frames.grid.centres_s(len(row)).tolist())
    expected = hysteresis.smooth(turns, min_duration_on, min_duration_off)
    assert [(segment.start, segment.end) for segment, _ in annotation] == expected


def test_an_offset_of_zero_means_the_onset() -> None:
    assert ActivityParameters(onset=0.6, offset=0.0).thresholds == (0.6, 0.6)
    assert ActivityParameters(onset=0.6, offset=0.4).thresholds == (0.6, 0.4)


@pytest.mark.parametrize("count", [0, 1])
def test_a_turn_needs_two_frames(count: int) -> None:
    assert len(to_annotation(_column([1.0] * count))) == 0


def test_a_turn_lasts_until_the_first_frame_that_is_off() -> None:
    centres_s = PYANNET.centres_s(4)
    ((segment, _),) = to_annotation(_column([0, 1, 1, 0]))
    assert (segment.start, segment.end) == (centres_s[1], centres_s[3])


def test_a_turn_that_does_not_end_lasts_until_the_last_frame() -> None:
    centres_s = PYANNET.centres_s(3)
    ((segment, _),) = to_annotation(_column([0, 1, 1]))
    assert (segment.start, segment.end) == (centres_s[1], centres_s[2])


def test_gaps_are_filled_before_short_turns_are_dropped() -> None:
    grid = FrameGrid(step=16000, width=16000)
    frames = Frames(np.array([[1], [0], [1], [0]]), grid)
    annotation = to_annotation(frames, min_duration_on=2, min_duration_off=1.5)
    assert [(segment.start, segment.end) for segment, _ in annotation] == [(0.5, 3.5)]


@pytest.mark.parametrize(("least_s", "turns"), [(1.0, 1), (1.5, 0)])
def test_a_turn_of_the_minimum_duration_stays(least_s: float, turns: int) -> None:
    frames = Frames(np.array([[0], [1], [0]]), FrameGrid(step=16000, width=16000))
    assert len(to_annotation(frames, min_duration_on=least_s)) == turns


@pytest.mark.parametrize(("longest_s", "turns"), [(1.0, 2), (1.5, 1)])
def test_a_gap_of_the_minimum_duration_stays(longest_s: float, turns: int) -> None:
    frames = Frames(np.array([[1], [0], [1], [0]]), FrameGrid(step=16000, width=16000))
    assert len(to_annotation(frames, min_duration_off=longest_s)) == turns


def test_columns_are_named_by_number_or_by_the_caller() -> None:
    frames = Frames(np.ones((3, 11)), PYANNET)
    assert to_annotation(frames).labels() == sorted(str(k) for k in range(11))
    named = to_annotation(frames, labels=["SPEECH"] * 11, uri="a")
    assert (named.labels(), named.uri) == (["SPEECH"], "a")


@pytest.mark.parametrize(
    ("end_s", "turns"),
    [
        (None, [(0.5, 2.5), (3.5, 4.5)]),
        (4.0, [(0.5, 2.5), (3.5, 4.0)]),
        (3.5, [(0.5, 2.5)]),
        (2.0, [(0.5, 2.0)]),
    ],
)
def test_no_turn_reaches_beyond_the_end_of_the_recording(
    end_s: float | None, turns: list[tuple[float, float]]
) -> None:
    frames = Frames(np.array([[1], [1], [0], [1], [0]]), FrameGrid(step=16000, width=16000))
    annotation = to_annotation(frames, end_s=end_s)
    assert [(segment.start, segment.end) for segment, _ in annotation] == turns
    assert len(speaker_turns(frames, end_s=end_s)) == len(turns)


def test_a_turn_is_long_enough_or_not_before_it_is_clipped() -> None:
    frames = Frames(np.array([[1], [1], [0]]), FrameGrid(step=16000, width=16000))
    ((segment, _),) = to_annotation(frames, min_duration_on=2, end_s=2.0)
    assert (segment.start, segment.end) == (0.5, 2.0)


def test_the_turns_of_columns_come_by_column_then_by_time() -> None:
    data = np.array([[0, 1], [1, 0], [0, 1], [1, 0], [0, 0]])
    turns = speaker_turns(Frames(data, FrameGrid(step=16000, width=16000)))
    assert len(turns) == 4
    assert turns.columns.tolist() == [0, 0, 1, 1]
    assert turns.columns.dtype == np.int64
    assert turns.starts_s.tolist() == [1.5, 3.5, 0.5, 2.5]
    assert turns.ends_s.tolist() == [2.5, 4.5, 1.5, 3.5]
    assert turns.speakers().tolist() == [0, 1]
    assert not turns.joined


@pytest.mark.parametrize("columns", [0, 2])
def test_where_nobody_speaks_there_are_no_turns(columns: int) -> None:
    turns = speaker_turns(Frames(np.zeros((5, columns)), PYANNET))
    assert len(turns) == len(turns.starts_s) == len(turns.ends_s) == 0
    assert turns.columns.dtype == np.int64
    assert turns.speakers().tolist() == []


def _turns(*, joined: bool) -> SpeakerTurns:
    """Let column 1 speak twice, and column 3 in between."""
    return SpeakerTurns(
        np.array([1, 1, 3]), np.array([0.0, 4.0, 2.0]), np.array([1.0, 5.0, 3.0]), joined
    )


def test_turns_are_named_and_tracked_by_their_columns() -> None:
    confidences = np.array([0.5, 0.75, 1.0])
    annotation = _turns(joined=False).to_annotation(
        {1: "b", 3: "a"}, "call", confidences=confidences
    )
    assert annotation.uri == "call"
    assert [(t.segment.start, t.speaker, t.track, t.confidence) for t in annotation.turns] == [
        (0.0, "b", "1", 0.5),
        (2.0, "a", "3", 1.0),
        (4.0, "b", "1", 0.75),
    ]


def test_joined_turns_are_tracked_by_letters_in_the_order_of_speakers_and_time() -> None:
    turns = _turns(joined=True)
    tracks = [(t.speaker, t.track) for t in turns.to_annotation({1: "b", 3: "a"}).turns]
    assert tracks == [("b", "B"), ("a", "A"), ("b", "C")]
    ranked = turns.to_annotation({1: "b", 3: "a"}, ranks={1: "0", 3: "1"})
    assert [t.track for t in ranked.turns] == ["A", "C", "B"]
    assert [t.confidence for t in ranked.turns] == [None] * 3


def test_columns_on_the_same_segment_stay_in_order() -> None:
    annotation = to_annotation(Frames(np.ones((2, 3)), PYANNET), labels=["c", "b", "a"])
    assert [speaker for _, speaker in annotation] == ["c", "b", "a"]
