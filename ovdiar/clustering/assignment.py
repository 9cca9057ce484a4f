"""Centroids, and which cluster every window speaker belongs to (pyannote ``BaseClustering``).

Dtypes are kept: pyannote normalises and averages float32 embeddings in float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.windows import slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNASSIGNED = -2
"""Label of a window speaker that belongs to no cluster."""
MOST_MOVES = 100
"""Largest number of iterations; a few are usual."""
EMBEDDED_WINDOWS_AT_ONCE = 4096
"""Windows processed at once, so that a long recording is never copied whole."""


def unit(embeddings: NDArray[Any]) -> NDArray[Any]:
    """L2-normalise rows; a row of zeros becomes NaN, as in pyannote."""
    with np.errstate(invalid="ignore"):
        rows: NDArray[Any] = embeddings / np.linalg.norm(embeddings, axis=-1, keepdims=True)
    return rows


def cosine_distances(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Compute all pairs' cosine distances: (N, D) and (M, D) -> (N, M), 0 to 2."""
    from scipy.spatial.distance import cdist  # noqa: PLC0415 - SciPy loads when a stage needs it

    return cdist(a, b, metric="cosine")


def centroids_of(embeddings: NDArray[Any], labels: NDArray[np.integer]) -> NDArray[Any]:
    """Average the members of clusters 0 ... K-1: (N, D), labels (N,) -> (K, D)."""
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    return np.vstack([embeddings[rows].mean(axis=0) for rows in members])


def similarities(embeddings: NDArray[Any], centroids: NDArray[Any]) -> NDArray[np.float64]:
    """Compare window speakers with centroids: (C, S, D), (K, D) -> 2 - cosine distance (C, S, K).

    Embeddings that are NaN give NaN.
    """
    soft = np.full((*embeddings.shape[:2], len(centroids)), np.nan)
    # distances are computed in float64
    for here in slices(len(embeddings), EMBEDDED_WINDOWS_AT_ONCE):
        known = ~np.isnan(embeddings[here, :, 0])
        soft[here][known] = 2 - cosine_distances(embeddings[here][known], centroids)
    return soft


def nearest_centroids(embeddings: NDArray[Any], centroids: NDArray[Any]) -> NDArray[np.int64]:
    """Find each embedding's most similar centroid, the first of equals: (N, D), (K, D) -> (N,)."""
    return assign_nearest(similarities(embeddings[:, np.newaxis], centroids))[:, 0]


def assign_nearest(soft: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give each window speaker the most similar cluster: (C, S, K) -> (C, S).

    The first of equals wins. NaN goes to cluster 0, where ``argmax`` sees the first NaN.
    """
    hard: NDArray[np.int64] = np.argmax(soft, axis=2)
    return hard


def settle(embeddings: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move members to the nearest centroid, and centroids to their members, until none moves.

    Lloyd's iteration ("Least squares quantization in PCM", 1982), by cosine distance and from
    clusters that are known: (N, D), labels (N,) -> (N,). It ends before a cluster would be empty.
    """
    for _ in range(MOST_MOVES):
        moved = nearest_centroids(embeddings, centroids_of(embeddings, labels))
        if np.array_equal(moved, labels) or len(np.unique(moved)) <= labels.max():
            break
        labels = moved
    return labels


def assign_apart(soft: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the speakers of one window different clusters: (C, S, K) -> (C, S).

    The assignment of most similarity in all; NaN counts as the least similarity of all. With more
    speakers than clusters, the worst are `UNASSIGNED` (pyannote ``constrained_argmax``).
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    if np.isnan(soft).all():
        soft = np.zeros_like(soft)
    soft = np.nan_to_num(soft, nan=float(np.nanmin(soft)))
    hard = np.full(soft.shape[:2], UNASSIGNED, dtype=np.int64)
    for window, gains in zip(hard, soft, strict=True):
        speakers, clusters = linear_sum_assignment(gains, maximize=True)
        window[speakers] = clusters
    return hard
