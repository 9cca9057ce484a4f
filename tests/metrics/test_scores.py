"""All metrics of one recording are scored alike."""

from __future__ import annotations

from hypothesis import given
from reference.scored_cases import Scored, scored

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
