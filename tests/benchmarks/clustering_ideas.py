"""Ways to cluster window speakers, as lists of settings for `benchmarks.clustering_study`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ovdiar.clustering import ahc
from ovdiar.clustering.ahc import FREE, CountBounds, agglomerate
from ovdiar.clustering.assignment import (
    assign_apart,
    assign_nearest,
    centroids_of,
    cosine_distances,
    similarities,
    unit,
)
from ovdiar.clustering.cluster import Clusters, cluster_speakers, training_rows
from ovdiar.presets import DiarizationParameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ovdiar.clustering.side_by_side import SideBySide
    from ovdiar.frames import WindowedFrames
    from ovdiar.pipelines.diarization.front_end import Evidence
    from ovdiar.tuning.corpus import Sample

THRESHOLDS = (0.19, 0.2, 0.21, 0.22, 0.23, 0.24, 0.25, 0.26, 0.27, 0.28, 0.3, 0.32)
PLAIN = DiarizationParameters(
    training_filter="clean", linkage="average", threshold=0.25, min_cluster_size=15
)
TOP = 2.0
"""A threshold above all: the last state of the tree that has the number wanted."""


class Heard(NamedTuple):
    """A recording, and what the networks say of it; the embeddings are (C, S, D)."""

    group: str
    sample: Sample
    scores: WindowedFrames
    evidence: Evidence
    embeddings: NDArray[np.float32]

    @property
    def active(self) -> NDArray[np.bool_]:
        """Who is active in each window, (C, F, S)."""
        return self.evidence.active.data


@dataclass(frozen=True, eq=False)
class Setting:
    """One way to label the window speakers (C, S); ``value`` where it is a threshold."""

    name: str
    labels: Callable[[Heard], NDArray[np.int64]]
    value: float | None = None


class Idea(NamedTuple):
    """Settings of one kind, thresholds in rising order."""

    name: str
    settings: tuple[Setting, ...]


def remembered_dendrogram() -> Callable[..., NDArray[np.float64]]:
    """Return the merging of `ahc`, which remembers its trees."""
    original, known = ahc.dendrogram, {}

    def dendrogram(
        rows: NDArray[Any], linkage: ahc.Linkage, apart: SideBySide | None = None
    ) -> NDArray[np.float64]:
        price = () if apart is None else (apart.weight, apart.windows.tobytes())
        key = (rows.tobytes(), linkage, price)
        if key not in known:
            known[key] = original(rows, linkage, apart)
        return known[key]

    return dendrogram


def cluster(
    heard: Heard,
    parameters: DiarizationParameters,
    bounds: CountBounds = FREE,
    embeddings: NDArray[Any] | None = None,
) -> Clusters:
    """Cluster as the pipeline does, perhaps other embeddings."""
    rows = heard.embeddings if embeddings is None else embeddings
    return cluster_speakers(rows, heard.active, parameters, bounds, None)


def plain(heard: Heard, parameters: DiarizationParameters) -> NDArray[np.int64]:
    return cluster(heard, parameters).labels


def count(heard: Heard, parameters: DiarizationParameters) -> int:
    return int(cluster(heard, parameters).labels.max()) + 1


def told(heard: Heard, parameters: DiarizationParameters) -> NDArray[np.int64]:
    """Take the right number from the reference: what an ideal count would bring."""
    number = len(heard.sample.reference.labels())
    return forced(heard, replace(parameters, threshold=TOP), number)


def forced(
    heard: Heard,
    parameters: DiarizationParameters,
    number: int,
    embeddings: NDArray[Any] | None = None,
) -> NDArray[np.int64]:
    """Cluster into a given number."""
    return cluster(heard, parameters, CountBounds(number, number), embeddings).labels


def centred(
    heard: Heard, parameters: DiarizationParameters, *, ideal: bool = False
) -> NDArray[np.int64]:
    """Count on raw embeddings, cluster after subtracting the mean and normalising again."""
    rows = unit(heard.embeddings)
    mean = rows[_training(heard, parameters)].mean(axis=0)
    if np.isnan(mean).any():
        return plain(heard, parameters)
    number = len(heard.sample.reference.labels()) if ideal else count(heard, parameters)
    there = replace(parameters, threshold=TOP, side_by_side=1.0)
    return forced(heard, there, number, unit(rows - mean))


def whitened(heard: Heard, parameters: DiarizationParameters) -> NDArray[np.int64]:
    """Whiten by the scatter within small clusters (WCCN; 0.3 of it spread evenly), then cluster."""
    rows = unit(heard.embeddings).astype(np.float64)
    training = rows[_training(heard, parameters)]
    if len(training) < 2:
        return plain(heard, parameters)
    tight = agglomerate(
        training, threshold=0.12, linkage="average", min_cluster_size=1, bounds=FREE
    )
    scattered = training - centroids_of(training, tight)[tight]
    within = scattered.T @ scattered / len(training)
    even = np.trace(within) / len(within) * np.eye(len(within))
    transform = np.linalg.cholesky(np.linalg.inv(0.7 * within + 0.3 * even))
    there = replace(parameters, threshold=TOP, side_by_side=1.0)
    whitened_rows = (rows - training.mean(axis=0)) @ transform
    return forced(heard, there, count(heard, parameters), whitened_rows)


def merged_centroids(
    heard: Heard, parameters: DiarizationParameters, limit: float
) -> NDArray[np.int64]:
    """Cut early, then unite clusters while two centroids are nearer than a limit."""
    clusters = cluster(heard, parameters)
    training = heard.embeddings[_training(heard, parameters)]
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
    return assign_nearest(similarities(heard.embeddings, centroids_of(training, labels)))


def by_speech(heard: Heard, parameters: DiarizationParameters) -> NDArray[np.int64]:
    """Let embeddings weigh by their clean speech: one copy for each fifth of the window."""
    windows, speakers = training = _training(heard, parameters)
    alone = heard.active & (heard.active.sum(axis=2, keepdims=True) == 1)
    copies = np.rint(5 * alone[windows, :, speakers].mean(axis=1)).astype(int)
    rows = np.repeat(heard.embeddings[training], np.maximum(copies, 1), axis=0)
    if len(rows) < 2:
        return plain(heard, parameters)
    labels = agglomerate(
        rows,
        threshold=parameters.threshold,
        linkage="average",
        min_cluster_size=round(parameters.min_cluster_size * len(rows) / len(windows)),
        bounds=FREE,
    )
    return assign_nearest(similarities(heard.embeddings, centroids_of(rows, labels)))


def kept_apart(heard: Heard, parameters: DiarizationParameters) -> NDArray[np.int64]:
    """Give the speakers of one window to different clusters."""
    return assign_apart(cluster(heard, parameters).soft)


def most_stable(heard: Heard, parameters: DiarizationParameters) -> NDArray[np.int64]:
    """Take the number that holds over the longest stretch of thresholds, 0.15 to 0.45."""
    heights = np.geomspace(0.15, 0.45, 45)
    counts = [count(heard, replace(parameters, threshold=float(h))) for h in heights]
    runs = np.split(np.array(counts), np.flatnonzero(np.diff(counts)) + 1)
    return forced(heard, replace(parameters, threshold=TOP), int(max(runs, key=len)[0]))


def spectral(heard: Heard, parameters: DiarizationParameters) -> NDArray[np.int64]:
    """Cluster by the graph Laplacian (NME-SC, Park et al. 2019), speakers of a window unlinked."""
    from scipy.linalg import eigh
    from sklearn.cluster import KMeans

    windows, speakers = _training(heard, parameters)
    rows = unit(heard.embeddings[windows, speakers]).astype(np.float64)
    if len(rows) < 4:
        return plain(heard, parameters)
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
    return assign_nearest(similarities(heard.embeddings, centroids))


def _training(
    heard: Heard, parameters: DiarizationParameters
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return training_rows(
        heard.embeddings, heard.active, parameters.training_filter, parameters.clean_share
    )


def over_thresholds(
    name: str,
    way: Callable[..., NDArray[np.int64]] = plain,
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


def once(name: str, way: Callable[..., NDArray[np.int64]], **changes: Any) -> Idea:
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
    once("ideal count", told),
    once("ideal count, centred", partial(centred, ideal=True)),
)
