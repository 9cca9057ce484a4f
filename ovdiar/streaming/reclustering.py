"""Clustering of all pieces that were heard, again and again, while speakers keep their names.

The clusters are those of `ovdiar.clustering.attenuation`. Each gets the name of the speaker with
whose label most of its speech was shown: what is final stays, and what follows is as if everything
so far had been clustered offline. docs/studies/live-clustering.md has the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.attenuation import Links, Rows, merge_tree
from ovdiar.clustering.corrected import Centroids, cut_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.clustering.attenuation import Attenuation
    from ovdiar.streaming.speech import LivePiece

NEARBY_S = 10.0
"""Pieces this near tell whether two voices are one by their tracks, as a window does."""


def rows_of(pieces: Sequence[LivePiece], frame_s: float) -> Rows:
    """Make rows of embedded pieces, in order of time."""
    embeddings = [each.embedding for each in pieces if each.embedding is not None]
    return Rows(
        embeddings=np.stack(embeddings).astype(np.float64),
        seconds=np.array([each.embedded * frame_s for each in pieces]),
        spans=np.array([(each.start, each.end) for each in pieces], dtype=np.int64),
        share=1.0,
    )


def links_of(pieces: Sequence[LivePiece], frame_s: float) -> Links:
    """Link pieces of the same ten seconds: of one track, or of two."""
    spans = np.array([(each.start, each.end) for each in pieces], dtype=np.int64)
    tracks = np.array([each.track for each in pieces])
    near = NEARBY_S / frame_s
    same, apart = [np.zeros((0, 2), np.int64)], [np.zeros((0, 2), np.int64)]
    for offset in range(1, len(pieces)):
        one = np.flatnonzero(spans[offset:, 0] - spans[:-offset, 1] < near)
        if not len(one):
            break
        pairs = np.column_stack([one, one + offset])
        alike = tracks[one] == tracks[one + offset]
        same.append(pairs[alike])
        apart.append(pairs[~alike])
    return Links(np.concatenate(same), np.concatenate(apart))


def clusters_of(
    pieces: Sequence[LivePiece],
    frame_s: float,
    parameters: Attenuation,
    threshold: float,
    bounds: CountBounds,
) -> NDArray[np.int64]:
    """Cluster at least one piece: labels (N,); what is too short goes to the nearest centroid."""
    rows = rows_of(pieces, frame_s)
    tree = merge_tree(rows, links_of(pieces, frame_s), parameters)
    labels = cut_tree(tree, bounds, threshold, parameters)
    lacking = labels < 0
    if lacking.any():
        soft = Centroids.of(rows, labels, parameters).similarities(
            rows.embeddings[lacking][:, np.newaxis]
        )
        labels[lacking] = soft[:, 0].argmax(axis=1)
    return labels


def matched(
    labels: NDArray[np.int64], shown: NDArray[np.int64], seconds: NDArray[np.float64]
) -> dict[int, int]:
    """Give clusters the speakers that most of their speech was shown with, each one's own.

    ``labels`` and ``shown`` (N,) are the cluster and the speaker of each piece. Clusters that
    share no speech with a speaker who is free are left out.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    names, column = np.unique(shown, return_inverse=True)
    common = np.zeros((int(labels.max()) + 1, len(names)))
    np.add.at(common, (labels, column), seconds)
    return {
        int(cluster): int(names[name])
        for cluster, name in zip(*linear_sum_assignment(common, maximize=True), strict=True)
        if common[cluster, name] > 0
    }
