"""The diarization error counts what a stopwatch counts."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.frame_scoring import best_mappings, diarization_counts, frames
from reference.scored_cases import Scored, recordings, scored

from ovdiar.annotation import Annotation
from ovdiar.metrics import DiarizationErrors, Scoring, diarization_errors
from ovdiar.segment import Segment


def _errors(case: Scored) -> DiarizationErrors:
    return diarization_errors(case.reference, case.hypothesis, uem=case.uem, scoring=case.scoring)


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
    expected = [diarization_counts(heard, naming) for naming in best_mappings(heard)]
    assert astuple(_errors(case)) in [pytest.approx(counts) for counts in expected]


@given(recordings())
def test_a_reference_is_its_own_perfect_hypothesis(annotation: Annotation) -> None:
    errors = diarization_errors(annotation, annotation)
    assert (errors.error_s, errors.rate) == (0, 0)


@given(scored(), st.permutations("xyz"))
def test_the_names_of_speakers_do_not_matter(case: Scored, names: list[str]) -> None:
    # Two mappings that share the same time are equally right, but only distinct turns of a
    # speaker make them cost the same.
    plain = case._replace(reference=case.reference.support(), hypothesis=case.hypothesis.support())
    renamed = plain.hypothesis.rename_labels(dict(zip("xyz", names, strict=True)))
    found = astuple(_errors(plain._replace(hypothesis=renamed)))
    assert found == pytest.approx(astuple(_errors(plain)))


@given(scored())
def test_what_is_missed_one_way_is_invented_the_other_way(case: Scored) -> None:
    one = diarization_errors(case.reference, case.hypothesis, uem=case.uem)
    other = diarization_errors(case.hypothesis, case.reference, uem=case.uem)
    assert (one.miss_s, one.false_alarm_s) == pytest.approx((other.false_alarm_s, other.miss_s))


def test_each_kind_of_error_is_counted_apart() -> None:
    reference = Annotation.of([(0, 10, "A"), (10, 20, "B")])
    hypothesis = Annotation.of([(0, 12, "x"), (12, 18, "y"), (5, 6, "y"), (20, 23, "y")])
    errors = diarization_errors(reference, hypothesis)
    assert errors == DiarizationErrors(miss_s=2, false_alarm_s=4, confusion_s=2, total_s=20)
    assert errors.rate == pytest.approx(0.4)
    assert errors.correct_s == 16


def test_a_nist_collar_is_worth_twice_its_length_in_width() -> None:
    reference = Annotation.of([(1, 4, "A")])
    for scoring in (Scoring(nist_collar_s=0.25), Scoring(collar_width_s=0.5)):
        errors = diarization_errors(reference, Annotation(), scoring=scoring)
        assert errors.total_s == pytest.approx(2.5)


def test_overlap_that_is_not_scored_costs_nothing() -> None:
    reference = Annotation.of([(0, 4, "A"), (3, 6, "B")])
    hypothesis = Annotation.of([(0, 4, "x"), (4, 6, "y")])
    strict = diarization_errors(reference, hypothesis)
    lenient = diarization_errors(reference, hypothesis, scoring=Scoring(skip_overlap=True))
    assert (strict.miss_s, lenient.miss_s) == (1, 0)
    assert lenient.total_s == 5


def test_only_the_parts_of_the_uem_are_scored() -> None:
    reference, hypothesis = Annotation.of([(0, 4, "A")]), Annotation.of([(2, 9, "x")])
    errors = diarization_errors(reference, hypothesis, uem=[Segment(1, 3), Segment(2.5, 5)])
    assert errors == DiarizationErrors(miss_s=1, false_alarm_s=1, total_s=3)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "rate"),
    [([], [], 0.0), ([], [(0, 1, "x")], 1.0), ([(0, 1, "A")], [], 1.0)],
)
def test_rates_where_one_side_is_silent(
    reference: list[tuple[float, float, str]],
    hypothesis: list[tuple[float, float, str]],
    rate: float,
) -> None:
    assert diarization_errors(Annotation.of(reference), Annotation.of(hypothesis)).rate == rate
