"""Ghosts: labels that hardly speak, and what becomes of them.

A ghost holds under 2 % of the talk and has no turn over 2 s.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.assignment import cosine_distances
from ovdiar.errors import OvdiarWarning
from ovdiar.pipelines.diarization.speaker_count import decode_within, unite

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation
    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.pipelines.diarization.back_end import Decoded
    from ovdiar.pipelines.diarization.front_end import Evidence
    from ovdiar.presets import DiarizationParameters

LARGEST_SHARE = 0.02
"""Of the talk of all speakers; at this share a label is no ghost."""
LONGEST_TURN_S = 2.0
"""One longer turn makes a label a speaker."""


def ghosts_of(annotation: Annotation) -> list[str]:
    """List the labels that hardly speak, from the one that talks least."""
    chart = annotation.chart()[::-1]
    talk_s = sum(duration_s for _, duration_s in chart)
    longest_s = dict.fromkeys(annotation.labels(), 0.0)
    for segment, label in annotation:
        longest_s[label] = max(longest_s[label], segment.duration)
    return [
        label
        for label, duration_s in chart
        if duration_s < LARGEST_SHARE * talk_s and longest_s[label] <= LONGEST_TURN_S
    ]


def lay_ghosts(
    evidence: Evidence, answer: Decoded, parameters: DiarizationParameters, bounds: CountBounds
) -> Decoded:
    """Do with ghosts what ``parameters.ghosts`` says: keep, fold or report them.

    Folded, the window speakers of a ghost join the cluster with the most similar centroid, one
    ghost after the other, and never more of them than leaves the least number asked for.
    """
    if parameters.ghosts == "report":
        _report(answer.result.speaker_diarization)
    if parameters.ghosts != "fold":
        return answer
    least = max(bounds.least, 1)
    while answer.speakers > least:
        found = ghosts_of(answer.result.speaker_diarization)
        fewer = _fold(evidence, answer, found[0], parameters, bounds) if found else answer
        if not least <= fewer.speakers < answer.speakers:
            break
        answer = fewer
    return answer


def _fold(
    evidence: Evidence,
    answer: Decoded,
    ghost: str,
    parameters: DiarizationParameters,
    bounds: CountBounds,
) -> Decoded:
    """Give one ghost away; one without a cluster, made up where many speak at once, just goes."""
    clusters = answer.clusters
    visible = answer.columns
    lost = visible[int(ghost.removeprefix("SPEAKER_"))]
    others = visible[(visible != lost) & (visible < len(clusters.centroids))]
    if lost < len(clusters.centroids) and len(others):
        distances = cosine_distances(clusters.centroids[[lost]], clusters.centroids[others])[0]
        clusters = unite(clusters, others[np.nan_to_num(distances, nan=np.inf).argmin()], lost)
    return decode_within(evidence, clusters, parameters, bounds)


def _report(annotation: Annotation) -> None:
    """Name the ghosts, if there are any."""
    found = ghosts_of(annotation)
    if found:
        said = ", ".join(f"{label} ({annotation.label_duration(label):.1f} s)" for label in found)
        warnings.warn(
            f"hardly heard, and perhaps no speakers of their own: {said}: with ghosts='fold' they "
            "join the most similar voice",
            OvdiarWarning,
            stacklevel=5,
        )
