"""Cluster the speakers of all windows: choose the training rows, cluster them, assign the rest.

Source: pyannote.audio ``BaseClustering.__call__`` (3.3.2) and ``VBxClustering.__call__`` (4.x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.ahc import FREE, agglomerate, keep_largest
from ovdiar.clustering.assignment import (
    WINDOWS_AT_ONCE,
    assign_apart,
    assign_nearest,
    centroids_of,
    settle,
    similarities,
)
from ovdiar.clustering.kmeans import kmeans
from ovdiar.clustering.side_by_side import SideBySide
from ovdiar.clustering.vbx import Posterior, initial_responsibilities, vbx
from ovdiar.errors import ConfigError
from ovdiar.windows import slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.clustering.plda import Plda
    from ovdiar.presets import DiarizationParameters

MOST_RESPONSIBILITIES = 10_000_000
"""What VBx may start from, rows times clusters: 80 MB, and five such arrays at once."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Who is who: labels of window speakers and what they were chosen by.

    ``labels`` (C, S), of silent speakers too, `UNASSIGNED` where one is left over;
    ``centroids`` (K, D);
    ``soft`` (C, S, K) similarities. ``training`` holds the rows (windows, speakers) that were
    clustered, ``training_labels`` (N,) what they first became; with VBx, ``features`` (N, D') are
    their PLDA projections and ``posterior`` is what it believes.
    """

    labels: NDArray[np.int64]
    centroids: NDArray[Any]
    soft: NDArray[np.float64]
    training: tuple[NDArray[np.int64], NDArray[np.int64]]
    training_labels: NDArray[np.int64]
    features: NDArray[np.float64] | None = None
    posterior: Posterior | None = None


def training_rows(
    embeddings: NDArray[Any],
    active: NDArray[np.bool_],
    training_filter: str,
    clean_share: float = 0.2,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the window speakers to cluster, window by window: indices of windows and speakers.

    ``active`` (pyannote 3.x): those that speak at all; ``clean`` (4.x): those that hold at
    least ``clean_share`` of the window's frames alone. Embeddings without a direction (NaN,
    infinite, zero) are left out.
    """
    if training_filter not in ("active", "clean"):
        raise ConfigError(f"training_filter {training_filter!r} is unknown: choose active or clean")
    usable = np.empty(embeddings.shape[:2], dtype=bool)
    for here in slices(len(embeddings), WINDOWS_AT_ONCE):
        with np.errstate(over="ignore"):
            lengths = np.linalg.norm(embeddings[here], axis=2)
        usable[here] = np.isfinite(lengths) & (lengths > 0)
        if training_filter == "active":
            usable[here] &= active[here].any(axis=1)
        else:
            alone = active[here] & (active[here].sum(axis=2, keepdims=True) == 1)
            usable[here] &= alone.sum(axis=1) >= clean_share * active.shape[1]
    windows, speakers = np.nonzero(usable)
    return windows, speakers


def cluster_speakers(
    embeddings: NDArray[Any],
    active: NDArray[np.bool_],
    parameters: DiarizationParameters,
    bounds: CountBounds,
    plda: Plda | None,
) -> Clusters:
    """Cluster embeddings (C, S, D) of window speakers whose binary activity is (C, F, S)."""
    training = training_rows(embeddings, active, parameters.training_filter, parameters.clean_share)
    rows = embeddings[training]
    if parameters.clustering == "vbx":
        clusters = _by_vbx(embeddings, active, training, parameters, bounds, plda)
    elif bounds.within(max(1, len(rows))).most < 2:
        clusters = _one_speaker(embeddings, training)
    else:
        if parameters.clustering == "ahc":
            labels = agglomerate(
                rows,
                threshold=parameters.threshold,
                linkage=parameters.linkage,
                min_cluster_size=parameters.min_cluster_size,
                bounds=bounds,
                apart=_apart(training[0], parameters.side_by_side),
            )
            labels = settle(rows, labels) if parameters.refine_clusters else labels
        else:
            if bounds.exact is None:
                raise ConfigError("clustering 'kmeans' needs the number of speakers: give it")
            labels = kmeans(rows, bounds.exact)
        centroids = centroids_of(rows, labels)
        soft = similarities(embeddings, centroids)
        clusters = Clusters(assign_nearest(soft), centroids, soft, training, labels)
    return clusters


def _apart(windows: NDArray[np.int64], weight: float) -> SideBySide | None:
    return SideBySide(windows, weight) if weight else None


def _one_speaker(
    embeddings: NDArray[Any], training: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> Clusters:
    """Give everything to one cluster; its centroid is NaN where nothing was usable."""
    rows = embeddings[training]
    windows, speakers, dimension = embeddings.shape
    centroid = rows.mean(axis=0) if len(rows) else np.full(dimension, np.nan)
    return Clusters(
        labels=np.zeros((windows, speakers), dtype=np.int64),
        centroids=centroid[np.newaxis],
        soft=np.ones((windows, speakers, 1)),
        training=training,
        training_labels=np.zeros(len(rows), dtype=np.int64),
    )


def _by_vbx(
    embeddings: NDArray[Any],
    active: NDArray[np.bool_],
    training: tuple[NDArray[np.int64], NDArray[np.int64]],
    parameters: DiarizationParameters,
    bounds: CountBounds,
    plda: Plda | None,
) -> Clusters:
    """Start from agglomerative clusters, refine by VBx, assign the speakers of a window apart.

    Where VBx finds a number of speakers out of bounds, k-means replaces it and speakers of one
    window may share a cluster (as in pyannote 4). Of more clusters than `MOST_RESPONSIBILITIES`
    allows, which takes hours of noise, VBx starts from the largest.
    """
    if plda is None:
        raise ConfigError("clustering 'vbx' needs a PLDA: give plda=FOLDER with its two .npz files")
    rows = embeddings[training]
    if len(rows) < 2:
        return _one_speaker(embeddings, training)
    start = agglomerate(
        rows,
        threshold=parameters.threshold,
        linkage="centroid",
        min_cluster_size=1,
        bounds=FREE,
    )
    start = keep_largest(rows, start, max(1, MOST_RESPONSIBILITIES // len(rows)))
    features = plda(rows)
    posterior = vbx(
        features, plda.phi, initial_responsibilities(start), fa=parameters.fa, fb=parameters.fb
    )
    weights = posterior.alive()
    target = bounds.target(weights.shape[1])
    if target is None or target == weights.shape[1]:
        centroids = weights.T @ rows / weights.sum(axis=0, keepdims=True).T
        soft = similarities(embeddings, centroids)
        soft[~np.any(active, axis=1)] = np.nanmin(soft) - 1.0
        return Clusters(assign_apart(soft), centroids, soft, training, start, features, posterior)
    labels = kmeans(rows, target)
    centroids = centroids_of(rows, labels)
    soft = similarities(embeddings, centroids)
    return Clusters(assign_nearest(soft), centroids, soft, training, start, features, posterior)
