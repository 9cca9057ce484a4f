"""Every metric equals pyannote.metrics on 500 generated pairs (data/capture_metrics.py)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from reference.random_annotations import Case, generate

from ovdiar.annotation import Annotation
from ovdiar.metrics import (
    Scoring,
    coverage,
    detection_errors,
    diarization_errors,
    jaccard_errors,
    purity,
    speaker_counts,
)
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

with np.load(Path(__file__).parents[1] / "data" / "pyannote_metrics.npz") as _captured:
    NAMES: list[str] = _captured["names"].tolist()
    EXPECTED: NDArray[np.float64] = _captured["values"]


def _answers(case: Case) -> dict[str, float]:
    reference, hypothesis = Annotation.of(case.reference), Annotation.of(case.hypothesis)
    uem = None if case.uem is None else [Segment(*part) for part in case.uem]
    scoring = Scoring(collar_width_s=case.collar_width_s, skip_overlap=case.skip_overlap)
    optimal = diarization_errors(reference, hypothesis, uem=uem, scoring=scoring)
    greedy = diarization_errors(reference, hypothesis, uem=uem, scoring=scoring, mapping="greedy")
    jaccard = jaccard_errors(reference, hypothesis, uem=uem, scoring=scoring)
    detection = detection_errors(reference, hypothesis, uem=uem, scoring=scoring)
    return {
        "optimal rate": optimal.rate,
        "optimal missed detection": optimal.miss_s,
        "optimal false alarm": optimal.false_alarm_s,
        "optimal confusion": optimal.confusion_s,
        "optimal total": optimal.total_s,
        "greedy rate": greedy.rate,
        "greedy missed detection": greedy.miss_s,
        "greedy false alarm": greedy.false_alarm_s,
        "greedy confusion": greedy.confusion_s,
        "greedy total": greedy.total_s,
        "jaccard rate": jaccard.rate,
        "jaccard speakers": jaccard.speakers,
        "detection rate": detection.rate,
        "detection miss": detection.false_negative_s,
        "detection false alarm": detection.false_positive_s,
        "detection total": detection.total_s,
        "detection accuracy": detection.accuracy,
        "detection true negative": detection.true_negative_s,
        "detection precision": detection.precision,
        "detection recall": detection.recall,
        "detection F 1.0": detection.f_measure(),
        "detection F 0.5": detection.f_measure(0.5),
        "detection F 2.0": detection.f_measure(2.0),
        "detection cost": detection.cost(),
        "purity": purity(reference, hypothesis, uem=uem, scoring=scoring).rate,
        "coverage": coverage(reference, hypothesis, uem=uem, scoring=scoring).rate,
        "speaker count error": speaker_counts(reference, hypothesis, uem=uem).rate,
    }


@pytest.fixture(scope="module")
def answers() -> list[dict[str, float]]:
    return [_answers(generate(seed)) for seed in range(len(EXPECTED))]


def test_five_hundred_pairs_were_captured_with_collars_overlaps_and_uems() -> None:
    cases = [generate(seed) for seed in range(len(EXPECTED))]
    assert len(cases) == 500
    assert sum(case.collar_width_s > 0 for case in cases) > 200
    assert sum(case.skip_overlap for case in cases) > 150
    assert sum(case.uem is not None for case in cases) > 200
    assert np.sum(EXPECTED[:, NAMES.index("optimal confusion")] > 0) > 250


@pytest.mark.parametrize("name", NAMES)
def test_equals_pyannote_metrics(name: str, answers: list[dict[str, float]]) -> None:
    found = [answer[name] for answer in answers]
    np.testing.assert_allclose(found, EXPECTED[:, NAMES.index(name)], rtol=0, atol=1e-6)
