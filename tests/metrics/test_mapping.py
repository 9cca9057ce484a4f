"""Speakers are paired one to one, by the time they share."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from ovdiar.annotation import Annotation
from ovdiar.errors import ConfigError
from ovdiar.metrics import Scoring, diarization_errors, speaker_mapping
from ovdiar.metrics.mapping import pairs
from ovdiar.segment import Segment

MATRICES = nps.arrays(
    np.float64, st.tuples(st.integers(0, 4), st.integers(0, 4)), elements=st.integers(0, 9)
)


def _time(matrix: np.ndarray, chosen: list[tuple[int, int]]) -> float:
    return float(sum(matrix[row, column] for row, column in chosen))


@given(MATRICES, st.sampled_from(["optimal", "greedy"]))
def test_speakers_are_mapped_one_to_one_and_only_with_overlap(
    matrix: np.ndarray, mapping: str
) -> None:
    found = pairs(matrix, mapping)  # type: ignore[arg-type]
    assert all(len(set(side)) == len(found) for side in zip(*found, strict=True))
    assert all(matrix[row, column] > 0 for row, column in found)


@given(MATRICES)
def test_optimal_shares_as_much_as_the_best_of_all(matrix: np.ndarray) -> None:
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    columns = range(tall.shape[1])
    best = max(
        _time(tall, list(zip(rows, columns, strict=True)))
        for rows in permutations(range(tall.shape[0]), tall.shape[1])
    )
    assert _time(matrix, pairs(matrix)) == best


@given(MATRICES)
def test_greedy_takes_the_largest_first_and_never_beats_optimal(matrix: np.ndarray) -> None:
    found = pairs(matrix, "greedy")
    times = [matrix[row, column] for row, column in found]
    assert times == sorted(times, reverse=True)
    assert not found or times[0] == matrix.max()
    assert _time(matrix, found) <= _time(matrix, pairs(matrix))


def test_greedy_can_cost_what_optimal_saves() -> None:
    matrix = np.array([[10.0, 9.0], [9.0, 1.0]])
    assert sorted(pairs(matrix)) == [(0, 1), (1, 0)]
    assert pairs(matrix, "greedy") == [(0, 0), (1, 1)]


def test_speakers_are_named_after_the_reference() -> None:
    reference = Annotation.of([(0, 5, "Ann"), (5, 9, "Bob")])
    hypothesis = Annotation.of([(0, 4, "S1"), (4, 9, "S0"), (20, 21, "S2")])
    assert speaker_mapping(reference, hypothesis) == {"S0": "Bob", "S1": "Ann"}


def test_speakers_are_mapped_under_the_given_conditions() -> None:
    """Strictly, x is most like A; each condition leaves it most like B, or the greedy way C."""
    reference = Annotation.of([(0, 10, "A"), (10, 19, "B"), (30, 39, "A")])
    hypothesis = Annotation.of([(0, 19, "x"), (30, 39, "y")])
    assert speaker_mapping(reference, hypothesis, mapping="greedy") == {"x": "A"}
    assert speaker_mapping(reference, hypothesis) == {"x": "B", "y": "A"}
    within = [Segment(0, 11)]
    assert speaker_mapping(reference, hypothesis, uem=within) == {"x": "A"}
    short = Annotation.of([(0, 1, "A"), (5, 6, "A"), (10, 11.5, "B")])
    alone = Annotation.of([(0, 12, "x")])
    assert speaker_mapping(short, alone) == {"x": "A"}
    collar = Scoring(nist_collar_s=0.5)
    assert speaker_mapping(short, alone, scoring=collar) == {"x": "B"}


def test_an_unknown_mapping_is_refused() -> None:
    with pytest.raises(ConfigError, match="mapping 'best' is unknown: choose optimal or greedy"):
        diarization_errors(Annotation(), Annotation(), mapping="best")  # type: ignore[arg-type]
