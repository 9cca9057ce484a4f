"""Fit the calibration of confidence on the development set, and measure how well it holds.

cd tests && python -m benchmarks.confidence [--models tiny|base] [--conversations FOLDER]

Needs the reference material (OVDIAR_SHARED, else ../shared) and the bundle. FOLDER holds simulated
conversations (``benchmarks.scenes``), which the formula is then fitted to as well. It
(`ovdiar.confidence`) is fitted to clusterings at several thresholds: at the default, speakers are
hardly ever confused, and what confusion looks like could not be learned.
"""

from __future__ import annotations

import argparse
import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from benchmarks.development import Labelled, recordings
from sklearn.linear_model import LogisticRegression

import ovdiar
from ovdiar import Segment, SpeakerDiarization
from ovdiar.activity import speaker_turns
from ovdiar.confidence import confidence, turn_features
from ovdiar.errors import ModelError, OvdiarWarning
from ovdiar.metrics import speaker_mapping
from ovdiar.segment import merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar.calibration import Calibration

GROUPS = ("simulated", "sample", "calls", "mixes")
ELSEWHERE = ("programmes", "ami")
"""Recordings that the formula is not fitted to."""
THRESHOLDS = {"tiny": (0.2, 0.25, 0.3, 0.35), "base": (0.6, 0.7, 0.8, 0.9)}
SURE = 0.9


class Rated(NamedTuple):
    """Turns of some clusterings: features (N, 2), scored time and right time (N,), s."""

    features: NDArray[np.float64]
    scored_s: NDArray[np.float64]
    right_s: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Rated]) -> Rated:
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def rate(recording: Labelled, threshold: float, pipeline: SpeakerDiarization) -> Rated:
    """Cluster, and measure how much of each turn's time its speaker talks in the reference."""
    prepared, parameters = recording.prepared, pipeline.parameters
    trace: dict[str, Any] = {}
    found = pipeline.cluster(prepared, threshold=threshold, trace=trace)
    if not found.speaker_diarization.turns:
        return Rated(np.zeros((0, 2)), np.zeros(0), np.zeros(0))
    turns = speaker_turns(
        trace["discrete_diarization"],
        min_duration_on=parameters.min_duration_on,
        min_duration_off=parameters.min_duration_off,
    )
    clusters = trace["hard_clusters"], trace["soft_clusters"]
    (features,) = turn_features(prepared.scores, prepared.active.data, *clusters, turns)
    reference = recording.reference()
    names = {int(column): str(column) for column in turns.speakers()}
    mapping = speaker_mapping(reference, turns.to_annotation(names), uem=recording.uem)
    said = {name: merge(reference.label_timeline(name)) for name in reference.labels()}
    scored_s, right_s = np.zeros(len(turns)), np.zeros(len(turns))
    rows = zip(turns.columns.tolist(), turns.starts_s, turns.ends_s, strict=True)
    for row, (column, start_s, end_s) in enumerate(rows):
        segment = Segment(float(start_s), float(end_s))
        for part in (segment & part for part in recording.uem):
            scored_s[row] += part.duration
            right_s[row] += sum(
                (part & s).duration for s in said.get(mapping.get(names[column], ""), ())
            )
    return Rated(features, scored_s, right_s)


def fit(turns: Rated, shipped: Calibration) -> Calibration:
    """Fit to seconds: each turn counts as right and as wrong, by how much of it is.

    The largest margin stays as shipped.
    """
    limit = shipped.largest_margin
    activation, margin = turns.features.T
    features = np.column_stack([activation, np.clip(margin, -limit, limit)])
    wrong_s = turns.scored_s - turns.right_s
    model = LogisticRegression(C=np.inf, max_iter=10_000).fit(
        np.tile(features, (2, 1)),
        np.repeat([1, 0], len(features)),
        sample_weight=np.concatenate([turns.right_s, np.maximum(wrong_s, 0)]),
    )
    weights, bias = model.coef_[0].tolist(), float(model.intercept_[0])
    return replace(shipped, activation=weights[0], margin=weights[1], bias=bias)


def figures(turns: Rated, shares: NDArray[np.float64]) -> dict[str, float]:
    """Shares: of time given `SURE` or more, of it that is right, of the rest that is right."""
    sure = shares >= SURE
    return {
        "speech_s": float(turns.scored_s.sum()),
        "right": _share(turns.right_s, turns.scored_s),
        "expected": float(shares @ turns.scored_s / turns.scored_s.sum()),
        "sure": _share(turns.scored_s * sure, turns.scored_s),
        "right_where_sure": _share(turns.right_s[sure], turns.scored_s[sure]),
        "right_elsewhere": _share(turns.right_s[~sure], turns.scored_s[~sure]),
    }


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    return float(part.sum() / whole.sum()) if whole.sum() else float("nan")


def main() -> None:
    """Print the fitted formula and its figures, by recordings left out and not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", choices=THRESHOLDS, default="tiny")
    parser.add_argument("--conversations", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    models = ovdiar.load(options.models)
    shipped = models.bundle.calibration
    if shipped is None:
        raise ModelError(f"the bundle {options.models} has no calibration: export it again")
    pipeline = SpeakerDiarization(models)
    default, thresholds = pipeline.parameters.threshold, THRESHOLDS[options.models]
    known = list(recordings(pipeline, GROUPS))
    if options.conversations:
        folder = options.conversations
        simulated = sorted(each.name for each in folder.iterdir() if each.is_dir())
        known += recordings(pipeline, simulated, folder)
    others = list(recordings(pipeline, ELSEWHERE))
    rated = {
        (each.name, threshold): rate(each, threshold, pipeline)
        for each in known + others
        for threshold in (*thresholds, default)
    }

    def of(names: Sequence[str], thresholds: Sequence[float]) -> Rated:
        return Rated.joined([rated[name, t] for name in names for t in thresholds])

    names = [each.name for each in known]
    fitted = fit(of(names, thresholds), shipped)
    left_out = {
        name: fit(of([other for other in names if other != name], thresholds), shipped)
        for name in names
    }
    rows = {}
    for threshold in thresholds:
        shares = [confidence(rated[n, threshold].features, left_out[n]) for n in names]
        everything = of(names, [threshold])
        rows[f"left out, threshold {threshold}"] = figures(everything, np.concatenate(shares))
    for name in names:
        here = rated[name, default]
        rows[name] = figures(here, confidence(here.features, shipped))
    groups = dict.fromkeys(each.group for each in known + others)
    for group in (GROUPS, *((each,) for each in groups)):
        here = of([n.name for n in known + others if n.group in group], [default])
        rows[", ".join(group)] = figures(here, confidence(here.features, shipped))
    print(json.dumps({"fitted": fitted.to_dict(), "shipped": shipped.to_dict()}))
    for name, row in rows.items():
        print(f"{name:32}" + "  ".join(f"{key} {value:.3f}" for key, value in row.items()))


if __name__ == "__main__":
    main()
