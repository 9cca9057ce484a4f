"""Words without times divide the speech around them by their lengths, and none of the silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.transcripts import conversations

from ovdiar.annotation import Annotation
from ovdiar.transcripts.turn_index import TurnIndex

TURNS = Annotation.of([(1, 2, "A"), (4, 5, "B"), (4.5, 6, "A")])


@pytest.mark.parametrize(
    ("within", "weights", "spans"),
    [
        ((0, 10), [1], [(1, 6)]),
        ((0, 10), [1, 2], [(1, 2), (4, 6)]),
        ((0, 10), [1, 1], [(1, 4.5), (4.5, 6)]),
        ((1.5, 5), [1, 2], [(1.5, 2), (4, 5)]),
        ((2, 4), [3, 1], [(2, 3.5), (3.5, 4)]),
        ((8, 9), [1, 1], [(8, 8.5), (8.5, 9)]),
        ((3, 3), [1, 1], [(3, 3), (3, 3)]),
        ((1.5, 1.5), [1, 1], [(1.5, 1.5), (1.5, 1.5)]),
    ],
)
def test_words_divide_the_speech(
    within: tuple[float, float], weights: list[float], spans: list[tuple[float, float]]
) -> None:
    assert TurnIndex(TURNS).divide_speech(*within, weights) == spans


@given(
    annotation=conversations(),
    start_ms=st.integers(0, 20_000),
    length_ms=st.integers(0, 9_000),
    weights=st.lists(st.integers(1, 12), min_size=1, max_size=9),
)
def test_shares_are_those_of_the_slow_reference(
    annotation: Annotation, start_ms: int, length_ms: int, weights: list[int]
) -> None:
    shares = TurnIndex(annotation).divide_speech(
        start_ms / 1000, (start_ms + length_ms) / 1000, weights
    )
    busy = [
        at
        for at in range(start_ms, start_ms + length_ms)
        if any(s.start * 1000 <= at + 0.5 <= s.end * 1000 for s, _ in annotation)
    ] or list(range(start_ms, start_ms + length_ms))
    before = 0
    for (start_s, end_s), weight in zip(shares, weights, strict=True):
        assert start_ms / 1000 - 1e-9 <= start_s <= end_s <= (start_ms + length_ms) / 1000 + 1e-9
        talked = sum(start_s * 1000 <= at + 0.5 < end_s * 1000 for at in busy)
        assert talked == pytest.approx(weight / sum(weights) * len(busy), abs=1.5)
        before += talked
    assert before == pytest.approx(len(busy), abs=len(weights) + 0.5)


def test_without_turns_there_is_no_speaker() -> None:
    assert TurnIndex(Annotation()).speaker_of(1, 2, "A", 60) is None
    assert TurnIndex(Annotation()).divide_speech(1, 2, [1, 1]) == [(1, 1.5), (1.5, 2)]


def test_turns_that_meet_or_overlap_count_once() -> None:
    turns = Annotation.of([(0, 1, "A"), (0.5, 2, "A"), (2, 3, "A"), (0, 2.9, "B")])
    assert TurnIndex(turns).speaker_of(0, 3, None, 0) == "A"
    assert TurnIndex(turns).speaker_of(0, 2, None, 0) == "A"
    assert TurnIndex(turns).speaker_of(0, 2, "B", 0) == "B"


def test_a_long_turn_from_long_ago_is_not_forgotten() -> None:
    turns = Annotation.of([(0, 100, "A"), *((n, n + 0.5, "B") for n in range(1, 90))])
    assert TurnIndex(turns).speaker_of(95, 96, None, 0) == "A"
    assert TurnIndex(turns).speaker_of(60.6, 60.9, "B", 0) == "A"
