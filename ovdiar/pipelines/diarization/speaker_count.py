"""Make the number of speakers obey what was asked for, more strictly than pyannote does.

pyannote aims at the number while clustering, and may still answer with another: small clusters
are absorbed, embeddings move to another centroid, a cluster is nowhere the loudest, or an overlap
counts more speakers than there are clusters and invents one. Here, where that answer disobeys:

1. no more speak at once than there are clusters;
2. with too few labels, clustering is tried again with ever smaller clusters, then with ever more
   of them, and with every speaking window speaker as training material, at last by k-means (whose
   clusters are seldom too small to be heard), until enough labels show;
3. with too many labels, the two whose centroids are most alike become one, until they are few.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.ahc import CountBounds
from ovdiar.clustering.assignment import cosine_distances
from ovdiar.clustering.cluster import Clusters, cluster_speakers
from ovdiar.errors import ConfigError, OvdiarWarning
from ovdiar.pipelines.diarization.back_end import Decoded, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ovdiar.clustering.plda import Plda
    from ovdiar.pipelines.diarization.front_end import Evidence
    from ovdiar.presets import DiarizationParameters

UNBOUNDED = sys.maxsize
EXTRA_CLUSTERS = 8
"""How many clusters beyond those asked for are tried before giving up."""


def speaker_bounds(
    num_speakers: int | None, min_speakers: int | None, max_speakers: int | None
) -> CountBounds:
    """Check what was asked for; ``num_speakers`` outweighs the other two, as in pyannote.

    Where no least number was asked for it is 0, so that silence obeys.
    """
    asked = {
        "num_speakers": num_speakers,
        "min_speakers": min_speakers,
        "max_speakers": max_speakers,
    }
    for name, value in asked.items():
        if value is not None and not (isinstance(value, Integral) and value >= 1):
            raise ConfigError(
                f"{name} is {value}: give a whole number of at least 1, or leave it out"
            )
    least = num_speakers or min_speakers or 0
    most = num_speakers or max_speakers or UNBOUNDED
    if least > most:
        raise ConfigError(
            f"min_speakers {least} exceeds max_speakers {most}: lower the one or raise the other"
        )
    return CountBounds(least, most)


def obey(
    evidence: Evidence,
    answer: Decoded,
    parameters: DiarizationParameters,
    bounds: CountBounds,
    plda: Plda | None,
) -> Decoded:
    """Return pyannote's answer where it obeys the bounds, else the first attempt that does.

    Where none does, the one with the most speakers is returned.
    """
    invented = answer.discrete.data[:, len(answer.clusters.centroids) :].any(axis=0).sum()
    if bounds.least <= answer.speakers - invented and answer.speakers <= bounds.most:
        return answer
    best = decode_within(evidence, answer.clusters, parameters, bounds)
    for attempt, wanted in _attempts(parameters, bounds, evidence):
        if best.speakers >= bounds.least:
            break
        clusters = cluster_speakers(
            evidence.embeddings, evidence.active.data, attempt, wanted, plda
        )
        reading = decode_within(evidence, clusters, parameters, bounds)
        best = max(best, reading, key=lambda decoded: decoded.speakers)
    return best


def warn_unless_obeyed(found: int, bounds: CountBounds, evidence: Evidence) -> None:
    """Say what was found where it is not what was asked for, and why."""
    if bounds.least <= found <= bounds.most:
        return
    if bounds.exact is not None:
        limit = str(bounds.exact)
    else:
        limit = f"at least {bounds.least}" if found < bounds.least else f"at most {bounds.most}"
    usable = int(evidence.active.data.any(axis=1).sum())
    why = (
        f"the recording holds {usable} stretches of speech in its windows that tell voices apart"
        if usable
        else "nobody speaks in it"
    )
    warnings.warn(
        f"asked for {limit} speakers and found {found}: {why}", OvdiarWarning, stacklevel=4
    )


def _attempts(
    parameters: DiarizationParameters, bounds: CountBounds, evidence: Evidence
) -> Iterator[tuple[DiarizationParameters, CountBounds]]:
    """List other ways to cluster, from the mildest: smaller clusters, then more clusters."""
    size = parameters.min_cluster_size
    while (size := size // 2) >= 1 and parameters.clustering == "ahc":
        yield replace(parameters, min_cluster_size=size), bounds
    every = replace(parameters, min_cluster_size=1, training_filter="active")
    usable = int(evidence.active.data.any(axis=1).sum())
    numbers = range(bounds.least, min(bounds.least + EXTRA_CLUSTERS, usable) + 1)
    for clustering in ("ahc", "kmeans") if parameters.clustering == "ahc" else ("kmeans",):
        for number in numbers:
            yield replace(every, clustering=clustering), CountBounds(number, number)


def decode_within(
    evidence: Evidence,
    clusters: Clusters,
    parameters: DiarizationParameters,
    bounds: CountBounds,
) -> Decoded:
    """Decode, and unite the most alike of the visible clusters while there are too many."""
    while True:
        decoded = decode(
            evidence,
            clusters,
            most=min(bounds.most, len(clusters.centroids)),
            min_duration_on=parameters.min_duration_on,
            min_duration_off=parameters.min_duration_off,
        )
        if decoded.speakers <= bounds.most:
            return decoded
        clusters = _unite_nearest(clusters, decoded.columns)


def _unite_nearest(clusters: Clusters, visible: NDArray[np.int64]) -> Clusters:
    """Make the two most similar visible clusters one."""
    distances = cosine_distances(clusters.centroids[visible], clusters.centroids[visible])
    distances[np.diag_indices_from(distances)] = np.inf
    kept, lost = sorted(visible[list(np.unravel_index(distances.argmin(), distances.shape))])
    return unite(clusters, kept, lost)


def unite(clusters: Clusters, kept: int, lost: int) -> Clusters:
    """Give the window speakers of one cluster to another.

    The one that is given away is gone, its number too: a column that nobody holds would be
    switched on again where more speak at once than are heard.
    """
    labels = np.where(clusters.labels == lost, kept, clusters.labels)
    soft = clusters.soft.copy()
    soft[..., kept] = np.maximum(soft[..., kept], soft[..., lost])
    return replace(
        clusters,
        labels=labels - (labels > lost),
        centroids=np.delete(clusters.centroids, lost, axis=0),
        soft=np.delete(soft, lost, axis=2),
    )
