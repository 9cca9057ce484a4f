"""Scored time is split at every boundary, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from reference.frame_scoring import FRAME_S, frames
from reference.scored_cases import Scored, scored

from ovdiar.annotation import Annotation
from ovdiar.metrics import Scoring
from ovdiar.metrics.cells import scored_cells
from ovdiar.segment import Segment

ONE = Annotation.of([(1.0, 3.0, "A"), (2.0, 4.0, "B")])
NOBODY = Annotation()


@given(scored())
def test_the_scored_time_is_that_of_a_stopwatch(case: Scored) -> None:
    cells = scored_cells(case.reference, case.hypothesis, uem=case.uem, scoring=case.scoring)
    expected = frames(
        case.reference,
        case.hypothesis,
        case.uem,
        case.scoring.side_s,
        skip_overlap=case.scoring.skip_overlap,
    )
    assert cells.durations_s.sum() == pytest.approx(len(expected) * FRAME_S)
    assert set(cells.reference_labels) == {who for frame in expected for who in frame.reference}
    assert set(cells.hypothesis_labels) == {who for frame in expected for who in frame.hypothesis}


def test_nothing_changes_within_a_cell() -> None:
    cells = scored_cells(ONE, NOBODY)
    np.testing.assert_allclose(cells.starts_s, [1, 2, 3])
    np.testing.assert_allclose(cells.durations_s, [1, 1, 1])
    assert cells.reference.tolist() == [[1, 0], [1, 1], [0, 1]]
    assert cells.hypothesis.shape == (3, 0)


def test_a_speakers_own_turns_that_meet_count_each() -> None:
    twice = Annotation.of([(0, 2, "A"), (1, 3, "A"), (1, 3, "A")])
    assert scored_cells(twice, NOBODY).reference.tolist() == [[1], [3], [2]]


def test_scored_parts_may_overlap_and_lie_anywhere() -> None:
    parts = [Segment(0, 2), Segment(1.5, 2.5), Segment(50, 60)]
    assert scored_cells(ONE, NOBODY, uem=parts).durations_s.sum() == pytest.approx(12.5)


def test_without_a_uem_invented_speech_after_the_end_is_scored() -> None:
    assert scored_cells(ONE, Annotation.of([(9, 10, "x")])).durations_s.sum() == pytest.approx(9)


def test_with_an_empty_uem_nothing_is_scored() -> None:
    cells = scored_cells(ONE, ONE, uem=[])
    assert cells.durations_s.size == 0
    assert cells.reference_labels == cells.hypothesis_labels == ()


def test_collars_lie_around_borders_beyond_the_uem_too() -> None:
    cells = scored_cells(ONE, NOBODY, uem=[Segment(0, 0.9)], scoring=Scoring(nist_collar_s=0.25))
    assert cells.durations_s.sum() == pytest.approx(0.75)


def test_a_speaker_active_for_a_microsecond_has_no_column() -> None:
    hypothesis = Annotation.of([(1.0, 2.0, "x"), (0.0, 1.0, "y")])
    cells = scored_cells(NOBODY, hypothesis, uem=[Segment(0.0, 1.0 + 5e-7)])
    assert cells.hypothesis_labels == ("y",)
