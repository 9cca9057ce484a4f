"""Cluster the speakers of all windows: choose the training rows, cluster them, assign the rest.

Source: pyannote.audio ``BaseClustering.__call__`` (3.3.2) and ``VBxClustering.__call__`` (4.x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.ahc import FREE, agglomerate, keep_largest
from ovdiar.clustering.assignment import (
    UNASSIGNED,
    assign_apart,
    assign_nearest,
    centroids_of,
    settle,
    similarities,
)
from ovdiar.clustering.corrected import Alternative, Centroids, alternatives, cut_tree
from ovdiar.clustering.kmeans import kmeans
from ovdiar.clustering.vbx import Posterior, initial_responsibilities, vbx
from ovdiar.clustering.window_speakers import (
    MergeSettings,
    RowIndices,
    TreeSettings,
    WindowSpeakers,
    attenuation_of,
    tree_settings,
)
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.clustering.plda import Plda
    from ovdiar.parameters import ClusteringParameters

MOST_RESPONSIBILITIES = 10_000_000
"""Largest initial responsibilities of VBx, rows times clusters: 80 MB, and five such arrays."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """The clusters of window speakers.

    ``labels`` (C, S), of inactive speakers too, `UNASSIGNED` where one is left over;
    ``centroids`` (K, D); ``soft`` (C, S, K) similarities. ``training`` holds the rows (windows,
    speakers) that were clustered and ``training_labels`` (N,) their first labels; with VBx,
    ``features`` (N, D') are their PLDA projections, with their ``posterior``.
    """

    labels: NDArray[np.int64]
    centroids: NDArray[Any]
    soft: NDArray[np.float64]
    training: RowIndices
    training_labels: NDArray[np.int64]
    features: NDArray[np.float64] | None = None
    posterior: Posterior | None = None


def cluster_speakers(
    speakers: WindowSpeakers,
    parameters: ClusteringParameters,
    bounds: CountBounds,
    plda: Plda | None,
) -> Clusters:
    """Cluster window speakers, to a number within the bounds.

    Raises
    ------
    ConfigError
        VBx lacks a PLDA, or k-means the number of speakers.
    """
    settings = tree_settings(parameters)
    if isinstance(settings, MergeSettings):
        return _by_corrected_similarity(speakers, settings, parameters, bounds)
    training = speakers.training(parameters)
    rows = speakers.embeddings[training]
    if parameters.clustering == "vbx" and settings is not None:
        return _by_vbx(speakers, training, settings, parameters, bounds, plda)
    if bounds.within(max(1, len(rows))).most < 2:
        return _one_speaker(speakers.embeddings, training)
    if settings is not None:
        labels = agglomerate(
            rows,
            speakers.tree(settings),
            threshold=parameters.threshold,
            linkage=parameters.linkage,
            min_cluster_size=parameters.min_cluster_size,
            bounds=bounds,
        )
        labels = settle(rows, labels) if parameters.refine_clusters else labels
    elif bounds.exact is None:
        raise ConfigError("clustering 'kmeans' needs the number of speakers: give it")
    else:
        labels = kmeans(rows, bounds.exact)
    centroids = centroids_of(rows, labels)
    soft = similarities(speakers.embeddings, centroids)
    return Clusters(assign_nearest(soft), centroids, soft, training, labels)


def _one_speaker(embeddings: NDArray[Any], training: RowIndices) -> Clusters:
    """Assign everything to one cluster; its centroid is NaN without any training row."""
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


def _by_corrected_similarity(
    speakers: WindowSpeakers,
    settings: MergeSettings,
    parameters: ClusteringParameters,
    bounds: CountBounds,
) -> Clusters:
    """Cut the tree of rows, and assign window speakers to the nearest centroid."""
    rows, none = speakers.source.rows, np.zeros(0, dtype=np.int64)
    if not len(rows.seconds):
        return _one_speaker(speakers.embeddings, (none, none))
    tree = speakers.merge_tree(settings)
    if bounds.least > len(tree.seconds):
        settings = settings._replace(fine=True)
        tree = speakers.merge_tree(settings)
    attenuation = attenuation_of(settings)
    labels = cut_tree(tree, bounds, parameters.threshold, attenuation)
    centroids = Centroids.of(rows, labels, attenuation)
    soft = centroids.similarities(speakers.embeddings)
    assigned = np.full(soft.shape[:2], UNASSIGNED, dtype=np.int64)
    known = ~np.isnan(soft[..., 0])
    assigned[known] = soft[known].argmax(axis=1)
    return Clusters(assigned, centroids.raw, soft, (none, none), labels)


def plausible_counts(
    speakers: WindowSpeakers, parameters: ClusteringParameters
) -> list[Alternative]:
    """List the plausible numbers of speakers (see `ovdiar.clustering.corrected.alternatives`).

    Raises
    ------
    ConfigError
        ``clustering`` is another than ``corrected``.
    """
    settings = check_alternatives(parameters)
    if not len(speakers.source.rows.seconds):
        return []
    tree = speakers.merge_tree(settings)
    return alternatives(tree, parameters.threshold, attenuation_of(settings))


def check_alternatives(parameters: ClusteringParameters) -> MergeSettings:
    """Return what the tree of `plausible_counts` depends on, if the clustering has one."""
    settings = tree_settings(parameters)
    if not isinstance(settings, MergeSettings):
        raise ConfigError(
            f"clustering {parameters.clustering!r} does not tell how plausible other numbers of "
            "speakers are: use clustering 'corrected'"
        )
    return settings


def _by_vbx(
    speakers: WindowSpeakers,
    training: RowIndices,
    settings: TreeSettings,
    parameters: ClusteringParameters,
    bounds: CountBounds,
    plda: Plda | None,
) -> Clusters:
    """Start from agglomerative clusters, refine by VBx, keep the speakers of a window apart.

    Where VBx finds a number of speakers out of bounds, k-means replaces it and speakers of one
    window may share a cluster (as in pyannote 4). Of more clusters than `MOST_RESPONSIBILITIES`
    allows (hours of noise), VBx starts from the largest.
    """
    if plda is None:
        raise ConfigError("clustering 'vbx' needs a PLDA: give plda=FOLDER with its two .npz files")
    embeddings = speakers.embeddings
    rows = embeddings[training]
    if len(rows) < 2:
        return _one_speaker(embeddings, training)
    start = agglomerate(
        rows,
        speakers.tree(settings),
        threshold=parameters.threshold,
        linkage=settings.linkage,
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
        soft[~np.any(speakers.active, axis=1)] = np.nanmin(soft) - 1.0
        return Clusters(assign_apart(soft), centroids, soft, training, start, features, posterior)
    labels = kmeans(rows, target)
    centroids = centroids_of(rows, labels)
    soft = similarities(embeddings, centroids)
    return Clusters(assign_nearest(soft), centroids, soft, training, start, features, posterior)
