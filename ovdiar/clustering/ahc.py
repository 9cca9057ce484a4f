"""Agglomerative hierarchical clustering (pyannote.audio ``AgglomerativeClustering``).

Thresholds of centroid, median and Ward linkage are Euclidean distances between L2-normalised
embeddings (0 to 2), those of the other linkages cosine distances (0 to 2).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.assignment import centroids_of, cosine_distances, nearest_centroids, unit
from ovdiar.clustering.side_by_side import penalised_dendrogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.clustering.side_by_side import SideBySide
    from ovdiar.parameters import Linkage

EUCLIDEAN_LINKAGES = ("centroid", "median", "ward")
LARGEST_DENDROGRAM = 6000
"""Embeddings of one dendrogram: their distances fill 144 MB, and SciPy copies them once."""


@dataclass(frozen=True)
class CountBounds:
    """Bounds of the number of clusters; ``exact`` is the number where the two agree."""

    least: int
    most: int

    @property
    def exact(self) -> int | None:
        """The number of clusters, where it is given."""
        return self.least if self.least == self.most else None

    def within(self, available: int) -> CountBounds:
        """Clip both bounds to 1 ... ``available``, as pyannote does."""
        return CountBounds(*(min(max(bound, 1), available) for bound in (self.least, self.most)))

    def target(self, found: int) -> int | None:
        """Return the number of clusters wanted; None where ``found`` is within the bounds."""
        if found < self.least:
            return self.least
        if found > self.most:
            return self.most
        return self.exact


FREE = CountBounds(1, sys.maxsize)
"""Any number of clusters."""


def dendrogram(
    embeddings: NDArray[Any], linkage: Linkage, apart: SideBySide | None = None
) -> NDArray[np.float64]:
    """Merge step by step: (N, D) -> SciPy's linkage matrix (N - 1, 4), empty for N < 2.

    Beyond `LARGEST_DENDROGRAM` embeddings it is that of evenly spaced ones (see `in_tree`).
    """
    chosen = in_tree(len(embeddings))
    embeddings, apart = embeddings[chosen], None if apart is None else apart[chosen]
    if len(embeddings) < 2:
        return np.zeros((0, 4))
    if apart is not None:
        return penalised_dendrogram(embeddings, linkage, apart)
    from scipy.cluster import hierarchy  # noqa: PLC0415 - SciPy loads when a stage needs it

    if linkage in EUCLIDEAN_LINKAGES:
        return hierarchy.linkage(unit(embeddings), method=linkage, metric="euclidean")
    return hierarchy.linkage(embeddings, method=linkage, metric="cosine")


def in_tree(count: int) -> NDArray[np.int64]:
    """Choose the embeddings that make the tree: all, or `LARGEST_DENDROGRAM` evenly spaced ones.

    pyannote draws such a subset at random (``max_num_embeddings``).
    """
    return np.linspace(0, count - 1, min(count, LARGEST_DENDROGRAM)).astype(np.int64)


def cut_at(tree: NDArray[np.float64], height: float) -> NDArray[np.int64]:
    """Cut where merges exceed a height: labels (N,) from 0, in SciPy's order."""
    from scipy.cluster import hierarchy  # noqa: PLC0415

    labels = hierarchy.fcluster(tree, height, criterion="distance")
    return labels.astype(np.int64) - 1


def agglomerate(
    embeddings: NDArray[Any],
    tree: NDArray[np.float64],
    *,
    threshold: float,
    linkage: Linkage,
    min_cluster_size: int,
    bounds: CountBounds,
) -> NDArray[np.int64]:
    """Cluster embeddings (N, D), N >= 1, by their `dendrogram`: labels (N,) from 0 without gaps.

    Clusters smaller than ``min_cluster_size`` (at most a tenth of N) join the nearest large one.
    Where the number of large ones is not within the bounds, the cut is moved to the merge nearest
    the threshold that gives the number wanted, or else comes closest to it. Embeddings that are
    not in the tree join the nearest centroid.
    """
    chosen = in_tree(len(embeddings))
    if len(chosen) < len(embeddings):
        few = agglomerate(
            embeddings[chosen],
            tree,
            threshold=threshold,
            linkage=linkage,
            min_cluster_size=min_cluster_size,
            bounds=bounds,
        )
        return _join_nearest(embeddings, centroids_of(embeddings[chosen], few))
    count = len(embeddings)
    if count == 1:
        return np.zeros(1, dtype=np.int64)
    bounds = bounds.within(count)
    smallest = min(min_cluster_size, max(1, round(0.1 * count)))
    labels = cut_at(tree, threshold)
    found = count_large(labels, smallest)
    target = bounds.target(found)
    if target is not None and target != found:
        labels = _cut_for(tree, threshold, smallest, target)
    return _absorb_small(embeddings, labels, smallest, linkage)


def keep_largest(
    embeddings: NDArray[Any], labels: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """Keep so many clusters at most, the largest, whose centroids all embeddings then join."""
    sizes = np.bincount(labels)
    if len(sizes) <= most:
        return labels
    kept = np.sort(np.argsort(-sizes, kind="stable")[:most])
    return _join_nearest(embeddings, centroids_of(embeddings, labels)[kept])


def _join_nearest(embeddings: NDArray[Any], centroids: NDArray[Any]) -> NDArray[np.int64]:
    """Label embeddings by their nearest centroid; numbers leave no gaps."""
    return np.unique(nearest_centroids(embeddings, centroids), return_inverse=True)[1]


def count_large(labels: NDArray[np.int64], smallest: int) -> int:
    """Count the clusters of at least ``smallest`` members."""
    return int(np.count_nonzero(np.bincount(labels) >= smallest))


def _cut_for(
    tree: NDArray[np.float64], threshold: float, smallest: int, target: int
) -> NDArray[np.int64]:
    """Cut after the merge nearest the threshold that leaves ``target`` large clusters.

    Heights become merge numbers first, since centroid linkage may merge at falling heights.
    Merges into something smaller than ``smallest`` are skipped. Where no cut gives the target,
    the first of those that come closest is taken.
    """
    steps = tree.copy()
    steps[:, 2] = np.arange(len(tree))
    nearest = np.argsort(np.abs(tree[:, 2] - threshold), kind="stable")
    nearest = nearest[tree[nearest, 3] >= smallest]
    errors = np.abs(_count_large_after_merges(tree, smallest)[nearest] - target)
    best = len(tree)
    if len(nearest) and errors.min() < abs(1 - target):
        best = int(nearest[errors.argmin()])
    return cut_at(steps, best)


def _count_large_after_merges(tree: NDArray[np.float64], smallest: int) -> NDArray[np.int64]:
    """Count the clusters of at least ``smallest`` members after each merge: (N - 1,)."""
    singles = len(tree) + 1
    large = np.append(np.full(singles, smallest <= 1), tree[:, 3] >= smallest).astype(np.int64)
    first, second = tree[:, :2].astype(np.int64).T
    before = int(large[:singles].sum())
    return before + np.cumsum(large[singles:] - large[first] - large[second])


def _absorb_small(
    embeddings: NDArray[Any], labels: NDArray[np.int64], smallest: int, linkage: Linkage
) -> NDArray[np.int64]:
    """Give the members of small clusters to the large cluster with the nearest centroid."""
    sizes = np.bincount(labels)
    large, small = np.flatnonzero(sizes >= smallest), np.flatnonzero(sizes < smallest)
    if len(large) == 0:
        return np.zeros_like(labels)
    rows = unit(embeddings) if linkage in EUCLIDEAN_LINKAGES else embeddings
    centroids = centroids_of(rows, labels)
    nearest = large[cosine_distances(centroids[large], centroids[small]).argmin(axis=0)]
    owner = np.arange(len(sizes))
    owner[small] = nearest
    return np.unique(owner[labels], return_inverse=True)[1]
