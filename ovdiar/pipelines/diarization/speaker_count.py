"""Meet the number of speakers that was given, more strictly than pyannote does.

pyannote aims at the number while clustering, and may still return another: small clusters are
absorbed, embeddings move to another centroid, a cluster is nowhere the loudest, or an overlap
counts more speakers than there are clusters. Here, where its answer is out of bounds:

1. no more speakers are active at once than there are clusters;
2. with too few speakers, clustering is repeated with ever smaller clusters, then with ever more of
   them and every active window speaker as a training row, finally by k-means (whose clusters are
   seldom too small for a turn), until there are enough;
3. with too many speakers, the two most similar clusters are merged, until there are few enough.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.cancellation import check_cancelled
from ovdiar.clustering.ahc import CountBounds
from ovdiar.clustering.assignment import cosine_distances
from ovdiar.clustering.cluster import Clusters, cluster_speakers
from ovdiar.errors import ConfigError
from ovdiar.notices import Notice
from ovdiar.pipelines.diarization.back_end import Decoded, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ovdiar.clustering.plda import Plda
    from ovdiar.clustering.window_speakers import WindowSpeakers
    from ovdiar.parameters import BackEndParameters, DurationParameters
    from ovdiar.pipelines.diarization.prepared import Prepared

UNBOUNDED = sys.maxsize
EXTRA_CLUSTERS = 8
"""How many clusters beyond the number given are tried at most."""


def speaker_bounds(
    num_speakers: int | None, min_speakers: int | None, max_speakers: int | None
) -> CountBounds:
    """Check the numbers that were given; ``num_speakers`` outweighs the other two, as in pyannote.

    Without a minimum it is 0, so that silence is within the bounds.
    """
    given = {
        "num_speakers": num_speakers,
        "min_speakers": min_speakers,
        "max_speakers": max_speakers,
    }
    for name, value in given.items():
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


def within_bounds(
    prepared: Prepared,
    speakers: WindowSpeakers,
    decoded: Decoded,
    parameters: BackEndParameters,
    bounds: CountBounds,
    plda: Plda | None,
) -> Decoded:
    """Return pyannote's answer where it is within the bounds, else the first other one that is.

    Where none is, the one with the most speakers is returned.
    """
    found = len(decoded.speakers)
    without_cluster = decoded.discrete.data[:, len(decoded.clusters.centroids) :]
    if bounds.least <= found - without_cluster.any(axis=0).sum() and found <= bounds.most:
        return decoded
    best = decode_at_most(prepared, decoded.clusters, parameters, bounds.most)
    for attempt, wanted in _attempts(prepared, parameters, bounds):
        if len(best.speakers) >= bounds.least:
            break
        check_cancelled()
        clusters = cluster_speakers(speakers, attempt, wanted, plda)
        other = decode_at_most(prepared, clusters, parameters, bounds.most)
        best = max(best, other, key=lambda each: len(each.speakers))
    return best


def count_notice(prepared: Prepared, found: int, bounds: CountBounds) -> Notice | None:
    """Describe a number of speakers that is out of bounds, and the reason."""
    if bounds.least <= found <= bounds.most:
        return None
    if bounds.exact is not None:
        limit = str(bounds.exact)
    else:
        limit = f"at least {bounds.least}" if found < bounds.least else f"at most {bounds.most}"
    usable = int(prepared.active.data.any(axis=1).sum())
    reason = (
        f"the recording holds {usable} stretches of speech in its windows that tell voices apart"
        if usable
        else "nobody speaks in it"
    )
    return Notice(
        "speaker-count",
        f"asked for {limit} speakers and found {found}: {reason}",
        {"found": found, "min_speakers": bounds.least, "max_speakers": bounds.most},
    )


def _attempts(
    prepared: Prepared, parameters: BackEndParameters, bounds: CountBounds
) -> Iterator[tuple[BackEndParameters, CountBounds]]:
    """List other ways to cluster, from the mildest: smaller clusters, then more clusters."""
    size = parameters.min_cluster_size
    while (size := size // 2) >= 1 and parameters.clustering == "ahc":
        yield replace(parameters, min_cluster_size=size), bounds
    every = replace(parameters, min_cluster_size=1, training_filter="active")
    usable = int(prepared.active.data.any(axis=1).sum())
    numbers = range(bounds.least, min(bounds.least + EXTRA_CLUSTERS, usable) + 1)
    if parameters.clustering in ("ahc", "corrected"):
        for number in numbers:
            yield every, CountBounds(number, number)
    for number in numbers:
        yield replace(every, clustering="kmeans"), CountBounds(number, number)


def decode_at_most(
    prepared: Prepared, clusters: Clusters, parameters: DurationParameters, most: int
) -> Decoded:
    """Decode, and merge the two most similar clusters while more than ``most`` have turns."""
    while True:
        limit = min(most, len(clusters.centroids))
        decoded = decode(prepared, clusters, parameters, most=limit)
        if len(decoded.speakers) <= most:
            return decoded
        clusters = _merge_nearest(clusters, decoded.speakers)


def _merge_nearest(clusters: Clusters, speaking: NDArray[np.int64]) -> Clusters:
    """Merge the two most similar clusters that have turns."""
    distances = cosine_distances(clusters.centroids[speaking], clusters.centroids[speaking])
    distances[np.diag_indices_from(distances)] = np.inf
    pair = np.unravel_index(distances.argmin(), distances.shape)
    kept, lost = sorted(speaking[list(pair)].tolist())
    return merge_clusters(clusters, kept, lost)


def merge_clusters(clusters: Clusters, kept: int, lost: int) -> Clusters:
    """Assign the window speakers of one cluster to another.

    The lost cluster's number is gone too: a column without window speakers would be switched on
    where more speakers are counted than are active.
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
