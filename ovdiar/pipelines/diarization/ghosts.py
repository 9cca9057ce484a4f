"""Ghost speakers: speakers with hardly any speech.

A ghost has under 2 % of all speech and no turn over 2 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.assignment import cosine_distances
from ovdiar.notices import Notice
from ovdiar.pipelines.diarization.back_end import label_of
from ovdiar.pipelines.diarization.speaker_count import decode_at_most, merge_clusters

if TYPE_CHECKING:
    from ovdiar.activity import SpeakerTurns
    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.parameters import DurationParameters
    from ovdiar.pipelines.diarization.back_end import Decoded
    from ovdiar.pipelines.diarization.prepared import Prepared

LARGEST_SHARE = 0.02
"""Of the speech of all speakers; a ghost has less."""
LONGEST_TURN_S = 2.0
"""A speaker with a longer turn is no ghost."""


def ghosts_of(turns: SpeakerTurns) -> dict[int, float]:
    """Return the ghosts' columns and speech (s), the one with the least speech first."""
    speech_s = {
        int(column): float(turns.durations_s[turns.columns == column].sum())
        for column in turns.speakers()
    }
    longest_s = {column: turns.durations_s[turns.columns == column].max() for column in speech_s}
    all_s = sum(speech_s.values())
    found = [
        column
        for column, duration_s in speech_s.items()
        if duration_s < LARGEST_SHARE * all_s and longest_s[column] <= LONGEST_TURN_S
    ]
    return {column: speech_s[column] for column in sorted(found, key=lambda k: (speech_s[k], -k))}


def fold_ghosts(
    prepared: Prepared, decoded: Decoded, parameters: DurationParameters, bounds: CountBounds
) -> Decoded:
    """Merge each ghost with the most similar cluster, one after the other.

    Never more of them than leaves the minimum number of speakers.
    """
    least = max(bounds.least, 1)
    while len(decoded.speakers) > least:
        found = ghosts_of(decoded.turns)
        if not found:
            break
        fewer = _fold(prepared, decoded, next(iter(found)), parameters, bounds)
        if not least <= len(fewer.speakers) < len(decoded.speakers):
            break
        decoded = fewer
    return decoded


def _fold(
    prepared: Prepared,
    decoded: Decoded,
    ghost: int,
    parameters: DurationParameters,
    bounds: CountBounds,
) -> Decoded:
    """Merge one ghost; one without a cluster goes as no more are active than there are clusters."""
    clusters, speaking = decoded.clusters, decoded.speakers
    others = speaking[(speaking != ghost) & (speaking < len(clusters.centroids))]
    if ghost < len(clusters.centroids) and len(others):
        distances = cosine_distances(clusters.centroids[[ghost]], clusters.centroids[others])[0]
        nearest = others[np.nan_to_num(distances, nan=np.inf).argmin()]
        clusters = merge_clusters(clusters, int(nearest), ghost)
    return decode_at_most(prepared, clusters, parameters, bounds.most)


def ghost_notice(turns: SpeakerTurns, columns: list[int]) -> Notice | None:
    """Name the ghosts, if there are any; ``columns`` are in the order of the labels."""
    found = {label_of(columns.index(column)): s for column, s in ghosts_of(turns).items()}
    if not found:
        return None
    listed = ", ".join(f"{label} ({speech_s:.1f} s)" for label, speech_s in found.items())
    return Notice(
        "ghost-speakers",
        f"little speech, and perhaps no speakers of their own: {listed}: with ghosts='fold' they "
        "join the most similar speaker",
        {"speakers": {label: round(speech_s, 3) for label, speech_s in found.items()}},
    )
