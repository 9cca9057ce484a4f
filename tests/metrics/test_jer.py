"""The Jaccard error weighs all speakers the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from reference.frame_scoring import best_mappings, frames, jaccard_error
from reference.scored_cases import Scored, recordings, scored

from ovdiar.annotation import Annotation
from ovdiar.metrics import JaccardErrors, jaccard_errors


@settings(max_examples=60, deadline=None)
@given(scored())
def test_equals_the_frame_by_frame_count(case: Scored) -> None:
    heard = frames(
        case.reference,
        case.hypothesis,
        case.uem,
        case.scoring.side_s,
        skip_overlap=case.scoring.skip_overlap,
    )
    found = jaccard_errors(case.reference, case.hypothesis, uem=case.uem, scoring=case.scoring)
    expected = [jaccard_error(heard, naming) for naming in best_mappings(heard)]
    assert found.error in [pytest.approx(error) for error in expected]
    assert found.speakers == len({who for frame in heard for who in frame.reference})


@given(recordings())
def test_a_reference_is_its_own_perfect_hypothesis(annotation: Annotation) -> None:
    errors = jaccard_errors(annotation, annotation)
    assert errors.error == pytest.approx(0)
    assert errors.speakers == len(annotation.labels())


def test_short_and_long_speakers_have_equal_weight() -> None:
    reference = Annotation.of([(0, 99, "A"), (99, 100, "B")])
    hypothesis = Annotation.of([(0, 100, "x")])
    assert jaccard_errors(reference, hypothesis).rate == pytest.approx((0.01 + 1) / 2)


def test_a_sum_is_the_mean_over_speakers_not_over_recordings() -> None:
    assert (JaccardErrors(0.0, 3) + JaccardErrors(1.0, 1)).rate == 0.25


def test_without_speakers_the_rate_is_one_as_in_pyannote_metrics() -> None:
    assert jaccard_errors(Annotation(), Annotation()).rate == 1
