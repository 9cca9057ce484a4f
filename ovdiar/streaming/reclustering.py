"""Clustering of all pieces that were heard, again and again, while speakers keep their names.

The clusters are those of `ovdiar.clustering.attenuation`. Each gets the name of the speaker with
whose label most of its speech was shown: what is final stays, and what follows is as if everything
so far had been clustered offline. docs/studies/live-clustering.md has the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.attenuation import merge_tree
from ovdiar.clustering.corrected import Centroids, cut_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.clustering.attenuation import Attenuation, Links, Rows

APART = 0.15
"""How much more alike two known speakers must be, to be united."""


def clusters_of(
    rows: Rows,
    links: Links,
    parameters: Attenuation,
    threshold: float,
    bounds: CountBounds,
    known: int = 0,
) -> NDArray[np.int64]:
    """Cluster at least one row: labels (N,); what is too short goes to the nearest centroid.

    Up to the number of speakers ``known``, who are shown already, clusters must be more alike by
    `APART` to be united.
    """
    tree = merge_tree(rows, links, parameters)
    labels = cut_tree(tree, bounds, threshold + APART, parameters)
    if labels.max() >= known:
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

    ``labels`` and ``shown`` (N,) are the cluster and the speaker of each piece, -1 for none.
    Clusters that share no speech with a speaker who is free are left out.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    names, column = np.unique(shown, return_inverse=True)
    common = np.zeros((int(labels.max()) + 1, len(names)))
    np.add.at(common, (labels, column), seconds)
    common[:, names < 0] = 0.0
    return {
        int(cluster): int(names[name])
        for cluster, name in zip(*linear_sum_assignment(common, maximize=True), strict=True)
        if common[cluster, name] > 0
    }
