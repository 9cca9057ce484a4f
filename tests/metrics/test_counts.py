"""Counts add up; rates come from sums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.scored_cases import Scored, scored

from ovdiar.metrics import DetectionErrors, DiarizationErrors, Scores, diarization_errors, score
from ovdiar.metrics.counts import correct_share, error_share


@given(scored(), scored(), scored())
def test_adding_commutes_associates_and_starts_at_zero(a: Scored, b: Scored, c: Scored) -> None:
    one, two, three = (diarization_errors(case.reference, case.hypothesis) for case in (a, b, c))
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert sum([one, two], start=DiarizationErrors()) == one + two


@given(scored(), scored())
def test_scores_add_metric_by_metric(a: Scored, b: Scored) -> None:
    one, two = score(a.reference, a.hypothesis), score(b.reference, b.hypothesis)
    assert (one + two).diarization == one.diarization + two.diarization
    assert (one + two).speakers.recordings == 2
    assert one + Scores() == one


def test_the_rate_of_a_sum_weighs_recordings_by_their_speech() -> None:
    long, short = DiarizationErrors(miss_s=1, total_s=9), DiarizationErrors(miss_s=1, total_s=1)
    assert (long + short).rate == pytest.approx(0.2)


def test_counts_of_different_kinds_do_not_add() -> None:
    with pytest.raises(TypeError):
        DiarizationErrors() + DetectionErrors()  # type: ignore[operator]


@given(st.floats(0.001, 1e6))
def test_shares_of_nothing_are_agreed(errors: float) -> None:
    assert error_share(0, 0) == 0
    assert error_share(errors, 0) == 1
    assert correct_share(0, 0) == 1
