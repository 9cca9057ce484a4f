"""All metrics of one recording are scored alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from reference.scored_cases import Scored, scored

from ovdiar.annotation import Annotation
from ovdiar.metrics import (
    Scores,
    coverage,
    detection_errors,
    diarization_errors,
    jaccard_errors,
    purity,
    score,
    speaker_counts,
)
from ovdiar.segment import Segment


@given(scored())
def test_each_is_what_its_own_function_gives(case: Scored) -> None:
    reference, hypothesis, uem, scoring = case
    found = score(
        reference,
        hypothesis,
        uem=None if uem is None else iter(uem),
        scoring=scoring,
        mapping="greedy",
    )
    assert found == Scores(
        diarization_errors(reference, hypothesis, uem=uem, scoring=scoring, mapping="greedy"),
        jaccard_errors(reference, hypothesis, uem=uem, scoring=scoring),
        detection_errors(reference, hypothesis, uem=uem, scoring=scoring),
        purity(reference, hypothesis, uem=uem, scoring=scoring),
        coverage(reference, hypothesis, uem=uem, scoring=scoring),
        speaker_counts(reference, hypothesis, uem=uem),
    )


@given(scored())
def test_figures_are_rates_of_the_counts(case: Scored) -> None:
    found = score(case.reference, case.hypothesis, uem=case.uem, scoring=case.scoring)
    figures = found.figures()
    assert figures["diarization_error_rate"] == found.rate == found.diarization.rate
    assert figures["jaccard_error_rate"] == found.jaccard.rate
    assert figures["detection_error_rate"] == found.detection.rate
    assert figures["speaker_count_error"] == found.speakers.error


def test_every_figure_has_its_name() -> None:
    reference = Annotation.of([(0, 8, "A"), (8, 12, "B")])
    hypothesis = Annotation.of([(0, 9, "x"), (9, 11, "y"), (14, 16, "z")])
    found = score(reference, hypothesis, uem=[Segment(0, 20)])
    assert found.figures() == pytest.approx(
        {
            "diarization_error_rate": 4 / 12,
            "miss_s": 1,
            "false_alarm_s": 2,
            "confusion_s": 1,
            "total_s": 12,
            "jaccard_error_rate": (1 / 9 + 2 / 4) / 2,
            "detection_error_rate": 3 / 12,
            "detection_accuracy": 17 / 20,
            "detection_precision": 11 / 13,
            "detection_recall": 11 / 12,
            "detection_f_measure": 22 / 25,
            "detection_cost": 0.25 * 2 / 8 + 0.75 * 1 / 12,
            "purity": 10 / 13,
            "coverage": 10 / 12,
            "speakers_expected": 2,
            "speakers_found": 3,
            "speaker_count_error": 1,
            "speaker_count_exact": 0,
        }
    )
