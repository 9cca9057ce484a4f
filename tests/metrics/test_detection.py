"""Detection looks at whether anybody speaks, never at who."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.frame_scoring import FRAME_S, frames
from reference.scored_cases import Scored, recordings, scored

from ovdiar.annotation import Annotation
from ovdiar.metrics import DetectionErrors, detection_errors
from ovdiar.segment import Segment

SECONDS = st.integers(0, 50)


@given(scored())
def test_equals_the_frame_by_frame_count(case: Scored) -> None:
    found = detection_errors(case.reference, case.hypothesis, uem=case.uem, scoring=case.scoring)
    heard = frames(
        case.reference,
        case.hypothesis,
        case.uem,
        case.scoring.side_s,
        skip_overlap=case.scoring.skip_overlap,
    )
    kinds = [(bool(frame.reference), bool(frame.hypothesis)) for frame in heard]
    order = [(True, True), (False, True), (True, False), (False, False)]
    assert astuple(found) == pytest.approx([FRAME_S * kinds.count(kind) for kind in order])


@given(recordings())
def test_a_reference_is_its_own_perfect_hypothesis(annotation: Annotation) -> None:
    errors = detection_errors(annotation, annotation.rename_labels({"A": "B"}))
    assert (errors.rate, errors.accuracy, errors.precision, errors.recall) == (0, 1, 1, 1)
    assert (errors.f_measure(), errors.cost()) == (1, 0)


@given(st.builds(DetectionErrors, SECONDS, SECONDS, SECONDS, SECONDS))
def test_f_is_between_precision_and_recall(errors: DetectionErrors) -> None:
    low, high = sorted([errors.precision, errors.recall])
    for beta in (0.5, 1, 2):
        assert low - 1e-12 <= errors.f_measure(beta) <= high + 1e-12


def test_figures_of_a_small_example() -> None:
    reference = Annotation.of([(0, 6, "A"), (4, 8, "B")])
    hypothesis = Annotation.of([(2, 10, "x")])
    errors = detection_errors(reference, hypothesis, uem=[Segment(0, 20)])
    assert errors == DetectionErrors(6, 2, 2, 10)
    assert (errors.rate, errors.accuracy) == (0.5, 0.8)
    assert (errors.precision, errors.recall, errors.f_measure()) == (0.75, 0.75, 0.75)
    assert errors.cost() == pytest.approx(0.25 * 2 / 12 + 0.75 * 2 / 8)


def test_where_nothing_is_to_be_found_or_was_found() -> None:
    speech = Annotation.of([(0, 1, "A")])
    missed, invented = (
        detection_errors(speech, Annotation()),
        detection_errors(Annotation(), speech),
    )
    assert (missed.precision, missed.recall, missed.f_measure(), missed.rate) == (1, 0, 0, 1)
    assert (invented.precision, invented.recall, invented.f_measure(), invented.rate) == (
        0,
        1,
        0,
        1,
    )
