"""Cluster the speakers of all windows: choose the training rows, cluster them, assign the rest.

Source: pyannote.audio ``BaseClustering.__call__`` (3.3.2) and ``VBxClustering.__call__`` (4.x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ovdiar.activity import speakers_active
from ovdiar.clustering.ahc import FREE, agglomerate, dendrogram, keep_largest
from ovdiar.clustering.assignment import (
    WINDOWS_AT_ONCE,
    assign_apart,
    assign_nearest,
    centroids_of,
    settle,
    similarities,
)
from ovdiar.clustering.kmeans import kmeans
from ovdiar.clustering.side_by_side import SideBySide, check_linkage
from ovdiar.clustering.vbx import Posterior, initial_responsibilities, vbx
from ovdiar.errors import ConfigError
from ovdiar.windows import slices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.clustering.plda import Plda
    from ovdiar.parameters import ClusteringParameters, Linkage

MOST_RESPONSIBILITIES = 10_000_000
"""Largest initial responsibilities of VBx, rows times clusters: 80 MB, and five such arrays."""

Rows = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
"""Indices of windows and of speakers."""


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
    training: Rows
    training_labels: NDArray[np.int64]
    features: NDArray[np.float64] | None = None
    posterior: Posterior | None = None


class TreeSettings(NamedTuple):
    """The hyper-parameters that a dendrogram depends on."""

    training_filter: str
    clean_share: float
    linkage: Linkage
    side_by_side: float


def tree_settings(parameters: ClusteringParameters) -> TreeSettings | None:
    """Return what the dendrogram of these hyper-parameters depends on; None where there is none.

    Raises
    ------
    ConfigError
        ``side_by_side`` does not fit the linkage.
    """
    if parameters.clustering == "kmeans":
        return None
    filtered = parameters.training_filter, parameters.clean_share
    if parameters.clustering == "vbx":
        return TreeSettings(*filtered, "centroid", 0.0)
    if parameters.side_by_side:
        check_linkage(parameters.linkage)
    return TreeSettings(*filtered, parameters.linkage, parameters.side_by_side)


class WindowSpeakers:
    """Embeddings (C, S, D) of window speakers and their activity (C, F, S), ready to be clustered.

    Dendrograms, the costly part, are computed once for each `TreeSettings`; ``trees`` are known
    ones.
    """

    def __init__(
        self,
        embeddings: NDArray[Any],
        active: NDArray[np.bool_],
        trees: Mapping[TreeSettings, NDArray[np.float64]] | None = None,
    ) -> None:
        self.embeddings, self.active = embeddings, active
        self._trees = dict(trees or {})

    def training(self, parameters: ClusteringParameters | TreeSettings) -> Rows:
        """Choose the rows to cluster (see `training_rows`)."""
        return training_rows(
            self.embeddings, self.active, parameters.training_filter, parameters.clean_share
        )

    def tree(self, settings: TreeSettings) -> NDArray[np.float64]:
        """Return the dendrogram of the training rows."""
        if settings not in self._trees:
            training = self.training(settings)
            weight = settings.side_by_side
            apart = SideBySide(training[0], weight) if weight else None
            self._trees[settings] = dendrogram(self.embeddings[training], settings.linkage, apart)
        return self._trees[settings]


def training_rows(
    embeddings: NDArray[Any],
    active: NDArray[np.bool_],
    training_filter: str,
    clean_share: float = 0.2,
) -> Rows:
    """Choose the window speakers to cluster, window by window: indices of windows and speakers.

    ``active`` (pyannote 3.x): all that are active; ``clean`` (4.x): those that are the only
    active speaker in at least ``clean_share`` of the window's frames. Embeddings without a
    direction (NaN, infinite, zero) are left out.
    """
    if training_filter not in ("active", "clean"):
        raise ConfigError(f"training_filter {training_filter!r} is unknown: choose active or clean")
    if training_filter == "active":
        chosen = speakers_active(active)
    else:
        chosen = _clean_frames(active) >= clean_share * active.shape[1]
    windows, speakers = np.nonzero(chosen)
    usable = np.empty(len(windows), dtype=bool)
    for here in slices(len(windows), WINDOWS_AT_ONCE):
        with np.errstate(over="ignore"):
            lengths = np.linalg.norm(embeddings[windows[here], speakers[here]], axis=1)
        usable[here] = np.isfinite(lengths) & (lengths > 0)
    return windows[usable], speakers[usable]


def _clean_frames(active: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the frames in which a speaker is the only active one: (C, F, S) -> (C, S)."""
    counts = np.empty(active.shape[::2], dtype=np.int64)
    for here in slices(len(active), WINDOWS_AT_ONCE):
        by_speaker = np.ascontiguousarray(active[here].transpose(0, 2, 1))
        alone = by_speaker.sum(axis=1, keepdims=True) == 1
        counts[here] = (by_speaker & alone).sum(axis=2)
    return counts


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
    training = speakers.training(parameters)
    rows = speakers.embeddings[training]
    settings = tree_settings(parameters)
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


def _one_speaker(embeddings: NDArray[Any], training: Rows) -> Clusters:
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


def _by_vbx(
    speakers: WindowSpeakers,
    training: Rows,
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
