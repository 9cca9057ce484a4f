"""Purity falls when speakers are mixed, coverage when they are split."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from reference.frame_scoring import Frame, frames, main_speaker_time
from reference.scored_cases import Scored, recordings, scored

from ovdiar.annotation import Annotation
from ovdiar.metrics import Scoring, coverage, purity

REFERENCE = Annotation.of([(0, 6, "A"), (6, 10, "B")])


@given(scored())
def test_equals_the_frame_by_frame_count(case: Scored) -> None:
    heard = frames(
        case.reference,
        case.hypothesis,
        case.uem,
        case.scoring.side_s,
        skip_overlap=case.scoring.skip_overlap,
    )
    swapped = [Frame(frame.hypothesis, frame.reference) for frame in heard]
    pure = purity(case.reference, case.hypothesis, uem=case.uem, scoring=case.scoring)
    covered = coverage(case.reference, case.hypothesis, uem=case.uem, scoring=case.scoring)
    assert astuple(pure) == pytest.approx(main_speaker_time(heard))
    assert astuple(covered) == pytest.approx(main_speaker_time(swapped))


@given(recordings())
def test_a_reference_is_its_own_perfect_hypothesis(annotation: Annotation) -> None:
    assert purity(annotation, annotation).rate == coverage(annotation, annotation).rate == 1


def test_one_cluster_of_two_speakers_is_impure_but_covers() -> None:
    together = Annotation.of([(0, 10, "x")])
    assert purity(REFERENCE, together).rate == pytest.approx(0.6)
    assert coverage(REFERENCE, together).rate == 1


def test_a_speaker_in_two_clusters_is_pure_but_not_covered() -> None:
    split = Annotation.of([(0, 4, "x"), (4, 6, "y"), (6, 10, "z")])
    assert purity(REFERENCE, split).rate == 1
    assert coverage(REFERENCE, split).rate == pytest.approx(0.8)


def test_the_collar_is_around_the_references_boundaries_for_both() -> None:
    early = Annotation.of([(0, 5.9, "x"), (5.9, 10, "y")])
    scoring = Scoring(nist_collar_s=0.25)
    assert purity(REFERENCE, early, scoring=scoring).rate == 1
    assert coverage(REFERENCE, early, scoring=scoring).rate == 1
    assert coverage(REFERENCE, early).rate < 1
