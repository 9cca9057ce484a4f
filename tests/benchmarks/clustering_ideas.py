"""Ways to cluster window speakers, as lists of settings for `benchmarks.clustering_study`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ovdiar.clustering.ahc import FREE, CountBounds, agglomerate, dendrogram
from ovdiar.clustering.assignment import (
    assign_apart,
    assign_nearest,
    centroids_of,
    cosine_distances,
    similarities,
    unit,
)
from ovdiar.clustering.cluster import Clusters, cluster_speakers
from ovdiar.clustering.window_speakers import WindowSpeakers
from ovdiar.parameters import DiarizationParameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.tuning.corpus import Sample

    Labels = NDArray[np.int64]
    Way = Callable[..., Labels]

THRESHOLDS = (0.19, 0.2, 0.21, 0.22, 0.23, 0.24, 0.25, 0.26, 0.27, 0.28, 0.3, 0.32)
PLAIN = DiarizationParameters(
    training_filter="clean", linkage="average", threshold=0.25, min_cluster_size=15
)
TOP = 2.0
"""A threshold above all: the last state of the tree that has the number wanted."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording of a group, prepared; ``speakers`` keeps its dendrograms."""

    group: str
    sample: Sample
    prepared: Prepared
    speakers: WindowSpeakers

    @property
    def embeddings(self) -> NDArray[Any]:
        """Embeddings of the window speakers (C, S, D)."""
        return self.speakers.embeddings

    @property
    def active(self) -> NDArray[Any]:
        """Activity in each window (C, F, S)."""
        return self.prepared.active.data

    def with_embeddings(self, embeddings: NDArray[Any]) -> Recording:
        """Return the recording with other embeddings."""
        return replace(self, speakers=WindowSpeakers(embeddings, self.active))


@dataclass(frozen=True, eq=False)
class Setting:
    """One way to label the window speakers (C, S); ``value`` where it is a threshold."""

    name: str
    labels: Callable[[Recording], Labels]
    value: float | None = None


class Idea(NamedTuple):
    """Settings of one kind, thresholds in rising order."""

    name: str
    settings: tuple[Setting, ...]


def cluster(
    recording: Recording, parameters: DiarizationParameters, bounds: CountBounds = FREE
) -> Clusters:
    """Cluster as the pipeline does."""
    return cluster_speakers(recording.speakers, parameters, bounds, None)


def plain(recording: Recording, parameters: DiarizationParameters) -> Labels:
    return cluster(recording, parameters).labels


def count(recording: Recording, parameters: DiarizationParameters) -> int:
    return int(cluster(recording, parameters).labels.max()) + 1


def true_count(recording: Recording) -> int:
    return len(recording.sample.reference.labels())


def with_true_count(recording: Recording, parameters: DiarizationParameters) -> Labels:
    """Take the number of speakers from the reference."""
    return to_number(recording, replace(parameters, threshold=TOP), true_count(recording))


def to_number(recording: Recording, parameters: DiarizationParameters, number: int) -> Labels:
    """Cluster into a given number."""
    return cluster(recording, parameters, CountBounds(number, number)).labels


def centred(
    recording: Recording, parameters: DiarizationParameters, *, ideal: bool = False
) -> Labels:
    """Count on raw embeddings, cluster after subtracting the mean and normalising again."""
    moved = _centred(recording, parameters.clean_share)
    if moved is None:
        return plain(recording, parameters)
    number = true_count(recording) if ideal else count(recording, parameters)
    return to_number(moved, replace(parameters, threshold=TOP, side_by_side=1.0), number)


@cache
def _centred(recording: Recording, clean_share: float) -> Recording | None:
    rows = unit(recording.embeddings)
    mean = rows[recording.speakers.training(replace(PLAIN, clean_share=clean_share))].mean(axis=0)
    return None if np.isnan(mean).any() else recording.with_embeddings(unit(rows - mean))


def whitened(recording: Recording, parameters: DiarizationParameters) -> Labels:
    """Whiten by the scatter within small clusters (WCCN; 0.3 of it spread evenly), then cluster."""
    moved = _whitened(recording, parameters.clean_share)
    if moved is None:
        return plain(recording, parameters)
    there = replace(parameters, threshold=TOP, side_by_side=1.0)
    return to_number(moved, there, count(recording, parameters))


@cache
def _whitened(recording: Recording, clean_share: float) -> Recording | None:
    rows = unit(recording.embeddings).astype(np.float64)
    training = rows[recording.speakers.training(replace(PLAIN, clean_share=clean_share))]
    if len(training) < 2:
        return None
    tight = average_linkage(training, threshold=0.12, smallest=1)
    scattered = training - centroids_of(training, tight)[tight]
    within = scattered.T @ scattered / len(training)
    even = np.trace(within) / len(within) * np.eye(len(within))
    transform = np.linalg.cholesky(np.linalg.inv(0.7 * within + 0.3 * even))
    return recording.with_embeddings((rows - training.mean(axis=0)) @ transform)


def average_linkage(
    rows: NDArray[Any],
    *,
    threshold: float,
    smallest: int,
    tree: NDArray[np.float64] | None = None,
) -> Labels:
    """Cluster embeddings (N, D) by average linkage: labels (N,)."""
    return agglomerate(
        rows,
        dendrogram(rows, "average") if tree is None else tree,
        threshold=threshold,
        linkage="average",
        min_cluster_size=smallest,
        bounds=FREE,
    )


def merged_centroids(
    recording: Recording, parameters: DiarizationParameters, limit: float
) -> Labels:
    """Cut early, then merge clusters while two centroids are nearer than a limit."""
    clusters = cluster(recording, parameters)
    training = recording.embeddings[clusters.training]
    labels = clusters.training_labels
    while labels.size and labels.max() > 0:
        centroids = centroids_of(unit(training), labels)
        distances = cosine_distances(centroids, centroids)
        np.fill_diagonal(distances, np.inf)
        kept, lost = sorted(np.unravel_index(distances.argmin(), distances.shape))
        if distances[kept, lost] >= limit:
            break
        labels = np.unique(np.where(labels == lost, kept, labels), return_inverse=True)[1]
    if not labels.size:
        return clusters.labels
    return assign_nearest(similarities(recording.embeddings, centroids_of(training, labels)))


def by_speech(recording: Recording, parameters: DiarizationParameters) -> Labels:
    """Weight embeddings by their clean speech: one copy for each fifth of the window."""
    rows, tree, single = _copied(recording, parameters.clean_share)
    if len(rows) < 2:
        return plain(recording, parameters)
    smallest = round(parameters.min_cluster_size * len(rows) / single)
    labels = average_linkage(rows, threshold=parameters.threshold, smallest=smallest, tree=tree)
    return assign_nearest(similarities(recording.embeddings, centroids_of(rows, labels)))


@cache
def _copied(
    recording: Recording, clean_share: float
) -> tuple[NDArray[Any], NDArray[np.float64], int]:
    """Return the copies (N, D), their dendrogram, and the number of different rows."""
    windows, speakers = rows = recording.speakers.training(replace(PLAIN, clean_share=clean_share))
    alone = recording.active & (recording.active.sum(axis=2, keepdims=True) == 1)
    copies = np.rint(5 * alone[windows, :, speakers].mean(axis=1)).astype(int)
    repeated = np.repeat(recording.embeddings[rows], np.maximum(copies, 1), axis=0)
    return repeated, dendrogram(repeated, "average"), len(windows)


def kept_apart(recording: Recording, parameters: DiarizationParameters) -> Labels:
    """Assign the speakers of one window to different clusters."""
    return assign_apart(cluster(recording, parameters).soft)


def most_stable(recording: Recording, parameters: DiarizationParameters) -> Labels:
    """Take the number that holds over the longest stretch of thresholds, 0.15 to 0.45."""
    heights = np.geomspace(0.15, 0.45, 45)
    counts = [count(recording, replace(parameters, threshold=float(h))) for h in heights]
    runs = np.split(np.array(counts), np.flatnonzero(np.diff(counts)) + 1)
    number = int(max(runs, key=len)[0])
    return to_number(recording, replace(parameters, threshold=TOP), number)


def spectral(recording: Recording, parameters: DiarizationParameters) -> Labels:
    """Cluster by the graph Laplacian (NME-SC, Park et al. 2019), speakers of a window unlinked."""
    from scipy.linalg import eigh
    from sklearn.cluster import KMeans

    windows, speakers = recording.speakers.training(parameters)
    rows = unit(recording.embeddings[windows, speakers]).astype(np.float64)
    if len(rows) < 4:
        return plain(recording, parameters)
    affinity = rows @ rows.T
    linked = windows[:, np.newaxis] != windows
    np.fill_diagonal(linked, val=True)
    order, best = np.argsort(-affinity, axis=1), (np.inf, 1, np.empty(0))
    for kept in np.unique(np.linspace(2, max(3, len(rows) // 4), 12).astype(int)):
        graph = np.zeros_like(affinity)
        np.put_along_axis(graph, order[:, :kept], 1.0, axis=1)
        graph = (graph + graph.T) / 2 * linked
        laplacian = np.diag(graph.sum(axis=1)) - graph
        largest = min(10, len(rows) - 1)
        values, vectors = eigh(laplacian, subset_by_index=(0, largest))
        gaps = np.diff(values) / (np.abs(laplacian).sum(axis=1).max() + 1e-10)
        ratio = kept / len(rows) / (gaps.max() + 1e-10)
        if ratio < best[0]:
            number = int(gaps.argmax()) + 1
            best = float(ratio), number, vectors[:, :number]
    labels = KMeans(best[1], n_init=5, random_state=0).fit_predict(best[2]).astype(np.int64)
    centroids = centroids_of(rows, np.unique(labels, return_inverse=True)[1])
    return assign_nearest(similarities(recording.embeddings, centroids))


def over_thresholds(
    name: str,
    way: Way = plain,
    thresholds: tuple[float, ...] = THRESHOLDS,
    **changes: Any,
) -> Idea:
    """Try a way to cluster at many thresholds."""
    base = replace(PLAIN, **changes)
    return Idea(
        name,
        tuple(
            Setting(f"{t:g}", partial(way, parameters=replace(base, threshold=t)), t)
            for t in thresholds
        ),
    )


def once(name: str, way: Way, **changes: Any) -> Idea:
    """Try a way to cluster that has no threshold."""
    return Idea(name, (Setting("", partial(way, parameters=replace(PLAIN, **changes))),))


WIDE = tuple(round(t * 1.3, 3) for t in THRESHOLDS)
CLEAN: dict[str, Any] = {"clean_share": 0.4, "min_cluster_size": 10}
IDEAS = (
    over_thresholds("average linkage"),
    *(over_thresholds(f"side by side {w:g}", side_by_side=w) for w in (0.1, 0.3, 1.0)),
    over_thresholds("weighted by clean speech", by_speech),
    over_thresholds("clean 0.32", clean_share=0.32, min_cluster_size=12),
    over_thresholds("clean 0.4", **CLEAN),
    *(over_thresholds(f"clean 0.4, side by side {w:g}", **CLEAN, side_by_side=w) for w in (0.3, 1)),
    over_thresholds("linkage weighted", thresholds=WIDE, linkage="weighted"),
    over_thresholds(
        "linkage complete", thresholds=tuple(2 * t for t in THRESHOLDS), linkage="complete"
    ),
    over_thresholds("centred, count from raw", centred),
    over_thresholds("whitened, count from raw", whitened),
    Idea(
        "centroids merged after 0.2",
        tuple(
            Setting(
                f"{t:g}",
                partial(merged_centroids, parameters=replace(PLAIN, threshold=0.2), limit=t),
                t,
            )
            for t in (0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2)
        ),
    ),
    over_thresholds("clusters refined", refine_clusters=True),
    over_thresholds("speakers of a window apart", kept_apart),
    once("most stable count", most_stable),
    once("most stable count, side by side 0.3", most_stable, side_by_side=0.3),
    once("spectral, eigengap", spectral),
    once("ideal count", with_true_count),
    once("ideal count, centred", partial(centred, ideal=True)),
)
