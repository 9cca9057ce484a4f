"""Fit the formula of `ovdiar.confidence` on the development set, and say how well it holds.

cd tests && python -m benchmarks.confidence

Needs the reference material (OVDIAR_SHARED, else ../shared) and the bundle ``tiny``. The formula
is fitted to decodings at several clustering thresholds: at the right one hardly a voice is taken
for another, and what confusion looks like could not be learned.
"""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from benchmarks.development import Labelled, recordings
from sklearn.linear_model import LogisticRegression

import ovdiar
from ovdiar import SpeakerDiarization
from ovdiar.activity import to_annotation
from ovdiar.confidence import BIAS, WEIGHTS, turn_evidence
from ovdiar.errors import OvdiarWarning
from ovdiar.metrics import speaker_mapping
from ovdiar.segment import merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar import Annotation

GROUPS = ("simulated", "sample", "calls", "mixes")
ELSEWHERE = ("programmes", "ami")
"""Recordings that the formula is not fitted to."""
THRESHOLDS = (0.2, 0.25, 0.3, 0.35)
DEFAULT = 0.24
SURE = 0.9


class Rated(NamedTuple):
    """Turns of some decodings: their evidence (N, 2), scored time and right time, s."""

    evidence: NDArray[np.float64]
    scored_s: NDArray[np.float64]
    right_s: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Rated]) -> Rated:
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class Logistic(NamedTuple):
    weights: NDArray[np.float64]
    bias: float

    def __call__(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        chances: NDArray[np.float64] = 1 / (1 + np.exp(-(self.bias + evidence @ self.weights)))
        return chances


def rate(recording: Labelled, threshold: float, models: ovdiar.Models) -> Rated:
    """Decode, and see how much of each turn's time its speaker talks in the reference."""
    trace: dict[str, Any] = {}
    pipeline = SpeakerDiarization(models, threshold=threshold)
    found = recording.decode(pipeline, trace=trace).speaker_diarization
    reference = recording.reference()
    mapping = speaker_mapping(reference, found, uem=recording.uem)
    said = {name: merge(reference.label_timeline(name)) for name in reference.labels()}
    scored_s, right_s = np.zeros(len(found)), np.zeros(len(found))
    for row, turn in enumerate(found.turns):
        for part in (turn.segment & part for part in recording.uem):
            scored_s[row] += part.duration
            right_s[row] += sum(
                (part & s).duration for s in said.get(mapping.get(turn.speaker, ""), ())
            )
    numbered = to_annotation(
        trace["discrete_diarization"],
        min_duration_on=pipeline.parameters.min_duration_on,
        min_duration_off=pipeline.parameters.min_duration_off,
    )
    return Rated(_evidence(numbered, trace), scored_s, right_s)


def _evidence(numbered: Annotation, trace: dict[str, Any]) -> NDArray[np.float64]:
    return turn_evidence(
        numbered,
        trace["segmentations"],
        trace["binarized_segmentations"].data,
        trace["hard_clusters"],
        trace["soft_clusters"],
    )


def fit(turns: Rated) -> Logistic:
    """Fit to seconds: each turn counts as right and as wrong, by how much of it is."""
    wrong_s = turns.scored_s - turns.right_s
    model = LogisticRegression(C=np.inf, max_iter=10_000).fit(
        np.tile(turns.evidence, (2, 1)),
        np.repeat([1, 0], len(turns.evidence)),
        sample_weight=np.concatenate([turns.right_s, np.maximum(wrong_s, 0)]),
    )
    return Logistic(model.coef_[0], float(model.intercept_[0]))


def figures(turns: Rated, chances: NDArray[np.float64]) -> dict[str, float]:
    """Shares: of time given `SURE` or more, of it that is right, of the rest; mean gap."""
    sure = chances >= SURE
    return {
        "speech_s": float(turns.scored_s.sum()),
        "right": _share(turns.right_s, turns.scored_s),
        "expected": float(chances @ turns.scored_s / turns.scored_s.sum()),
        "sure": _share(turns.scored_s * sure, turns.scored_s),
        "right_where_sure": _share(turns.right_s[sure], turns.scored_s[sure]),
        "right_elsewhere": _share(turns.right_s[~sure], turns.scored_s[~sure]),
    }


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    return float(part.sum() / whole.sum()) if whole.sum() else float("nan")


def main() -> None:
    """Print the fitted formula and its figures, by recordings left out and not."""
    warnings.simplefilter("ignore", OvdiarWarning)
    models = ovdiar.load("tiny")
    known = list(recordings(models, GROUPS))
    strange = list(recordings(models, ELSEWHERE))
    rated = {
        (each.name, threshold): rate(each, threshold, models)
        for each in known + strange
        for threshold in (*THRESHOLDS, DEFAULT)
    }

    def of(names: Sequence[str], thresholds: Sequence[float]) -> Rated:
        return Rated.joined([rated[name, t] for name in names for t in thresholds])

    names = [each.name for each in known]
    formula = fit(of(names, THRESHOLDS))
    left_out = [fit(of([other for other in names if other != name], THRESHOLDS)) for name in names]
    shipped = Logistic(np.array(WEIGHTS), BIAS)
    rows = {}
    for threshold in THRESHOLDS:
        everything = of(names, [threshold])
        chances = [
            each(rated[name, threshold].evidence)
            for each, name in zip(left_out, names, strict=True)
        ]
        rows[f"left out, threshold {threshold}"] = figures(everything, np.concatenate(chances))
    for name in names:
        here = rated[name, DEFAULT]
        rows[name] = figures(here, shipped(here.evidence))
    for group in (GROUPS, *((each,) for each in ELSEWHERE)):
        here = of([n.name for n in known + strange if n.group in group], [DEFAULT])
        rows[", ".join(group)] = figures(here, shipped(here.evidence))
    print(json.dumps({"weights": list(formula.weights), "bias": formula.bias}))
    print("shipped:", WEIGHTS, BIAS)
    for name, row in rows.items():
        print(f"{name:32}" + "  ".join(f"{key} {value:.3f}" for key, value in row.items()))


if __name__ == "__main__":
    main()
