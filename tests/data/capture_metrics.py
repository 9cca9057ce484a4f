"""Capture what pyannote.metrics answers on generated pairs: writes pyannote_metrics.npz.

It runs in an environment of its own, with ``pyannote.metrics>=4`` and NumPy::

    python tests/data/capture_metrics.py

Only numbers are kept; the pairs come from ``tests/reference/random_annotations.py`` by seed.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from reference.random_annotations import Case, Row, generate  # noqa: E402

CASES = 500


def capture(case: Case) -> dict[str, float]:
    """Score one case with every metric."""
    core = importlib.import_module("pyannote.core")
    detection = importlib.import_module("pyannote.metrics.detection")
    diarization = importlib.import_module("pyannote.metrics.diarization")
    utils = importlib.import_module("pyannote.metrics.utils")

    def annotation(rows: list[Row]) -> Any:
        made = core.Annotation()
        for track, (start, end, speaker) in enumerate(rows):
            made[core.Segment(start, end), track] = speaker
        return made

    reference, hypothesis = annotation(case.reference), annotation(case.hypothesis)
    uem = None if case.uem is None else core.Timeline([core.Segment(*part) for part in case.uem])
    scoring = {"collar": case.collar_width_s, "skip_overlap": case.skip_overlap}

    def detail(metric: Any) -> dict[str, float]:
        return dict(metric(reference, hypothesis, uem=uem, detailed=True))

    answers: dict[str, float] = {}
    for name, kind in (
        ("optimal", diarization.DiarizationErrorRate),
        ("greedy", diarization.GreedyDiarizationErrorRate),
    ):
        found = detail(kind(**scoring))
        answers[f"{name} rate"] = found["diarization error rate"]
        for component in ("missed detection", "false alarm", "confusion", "total"):
            answers[f"{name} {component}"] = found[component]
    found = detail(diarization.JaccardErrorRate(**scoring))
    answers["jaccard rate"] = found["jaccard error rate"]
    answers["jaccard speakers"] = found["speaker count"]

    found = detail(detection.DetectionErrorRate(**scoring))
    answers["detection rate"] = found["detection error rate"]
    for component in ("miss", "false alarm", "total"):
        answers[f"detection {component}"] = found[component]
    found = detail(detection.DetectionAccuracy(**scoring))
    answers["detection accuracy"] = found["detection accuracy"]
    answers["detection true negative"] = found["true negative"]
    found = detail(detection.DetectionPrecision(**scoring))
    answers["detection precision"] = found["detection precision"]
    found = detail(detection.DetectionRecall(**scoring))
    answers["detection recall"] = found["detection recall"]
    for beta in (1.0, 0.5, 2.0):
        measure = detection.DetectionPrecisionRecallFMeasure(beta=beta, **scoring)
        answers[f"detection F {beta}"] = measure(reference, hypothesis, uem=uem)
    found = detail(detection.DetectionCostFunction(**scoring))
    answers["detection cost"] = found["detection cost function"]

    # Purity and coverage know no UEM, collar or overlap: they are given what these leave.
    cropped = utils.UEMSupportMixin().uemify(reference, hypothesis, uem=uem, **scoring)
    answers["purity"] = diarization.DiarizationPurity()(*cropped)
    answers["coverage"] = diarization.DiarizationCoverage()(*cropped)
    answers["speaker count error"] = detail(diarization.DiarizationSpeakerCountError())["error"]
    return answers


def main() -> None:
    """Score every case and keep the numbers."""
    warnings.filterwarnings("ignore", message="'uem' was approximated")
    answers = [capture(generate(seed)) for seed in range(CASES)]
    names = list(answers[0])
    np.savez_compressed(
        HERE / "pyannote_metrics.npz",
        names=np.array(names),
        values=np.array([[answer[name] for name in names] for answer in answers]),
        version=np.array(importlib.metadata.version("pyannote.metrics")),
    )


if __name__ == "__main__":
    main()
