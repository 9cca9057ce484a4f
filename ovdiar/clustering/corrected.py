"""Clustering by corrected similarity: cut the tree, then assign window speakers.

The tree is that of `ovdiar.clustering.attenuation`. Window speakers are assigned to the nearest
centroid after the recording's mean is subtracted from both: the direction that all its voices share
does not distinguish them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.assignment import unit
from ovdiar.clustering.attenuation import fading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.clustering.attenuation import Attenuation, MergeTree, Rows

SPREAD = 0.15
"""Corrected similarity beyond the threshold that is worth one unit of log odds."""
MOST_ALTERNATIVES = 5


@dataclass(frozen=True)
class Alternative:
    """A number of speakers and its plausibility, 0 to 1; those of all alternatives sum to 1."""

    speakers: int
    plausibility: float


def speakers_of(
    tree: MergeTree, undone: NDArray[np.bool_], parameters: Attenuation
) -> NDArray[np.int64]:
    """Return the clusters with enough speech for a speaker; at least the largest."""
    owner = tree.owners(undone)
    seconds = np.bincount(owner, tree.seconds, len(owner))
    return np.flatnonzero(seconds >= min(parameters.leftover_s, seconds.max()))


def natural_cut(tree: MergeTree, threshold: float) -> NDArray[np.bool_]:
    """Undo the first merge below the threshold and all after it: (K - 1,)."""
    undone: NDArray[np.bool_] = np.logical_or.accumulate(tree.scores < threshold)
    return undone


def cut_for(
    tree: MergeTree, wanted: int, threshold: float, parameters: Attenuation
) -> NDArray[np.bool_]:
    """Undo as many merges as leave the number of speakers wanted, or comes closest to it.

    From the natural cut, the next best merges are made; or those are undone that separate the least
    speech, since a speaker who was missed mostly speaks little.
    """
    undone = natural_cut(tree, threshold)
    found = len(speakers_of(tree, undone, parameters))
    while found > wanted and undone.any():
        undone[undone.argmax()] = False
        found = len(speakers_of(tree, undone, parameters))
    while found < wanted and (least := _smallest(tree, undone, parameters)) is not None:
        undone[least] = True
        found = len(speakers_of(tree, undone, parameters))
    return undone


def _smallest(tree: MergeTree, undone: NDArray[np.bool_], parameters: Attenuation) -> int | None:
    """Return the merge of which one side holds the least speech, enough for a speaker."""
    smaller_s = np.full(len(tree.merges), np.inf)
    seconds = tree.seconds.copy()
    for step in np.flatnonzero(~undone):
        kept, lost = tree.merges[step]
        smaller_s[step] = min(seconds[kept], seconds[lost])
        seconds[kept] += seconds[lost]
    smaller_s[smaller_s < parameters.leftover_s] = np.inf
    return int(smaller_s.argmin()) if np.isfinite(smaller_s).any() else None


def alternatives(tree: MergeTree, threshold: float, parameters: Attenuation) -> list[Alternative]:
    """List the plausible numbers of speakers, the most plausible first.

    A cut is as plausible as exp(s / `SPREAD`), where s sums how far its merges between speakers
    exceed the threshold: each excess is taken as log odds that the two are one person. A merge
    exceeds it by no more than those before it, so that the natural cut is the most plausible.
    """
    natural = len(speakers_of(tree, natural_cut(tree, threshold), parameters))
    found: dict[int, float] = {}
    for wanted in range(max(1, natural - MOST_ALTERNATIVES), natural + MOST_ALTERNATIVES + 1):
        undone = cut_for(tree, wanted, threshold, parameters)
        count = len(speakers_of(tree, undone, parameters))
        found.setdefault(count, _gain(tree, undone, threshold, parameters))
    counts = np.array(list(found))
    odds = np.exp((np.array(list(found.values())) - max(found.values())) / SPREAD)
    order = np.argsort(-odds, kind="stable")[:MOST_ALTERNATIVES]
    shares = odds[order] / odds[order].sum()
    return [Alternative(int(n), float(p)) for n, p in zip(counts[order], shares, strict=True)]


def _gain(
    tree: MergeTree, undone: NDArray[np.bool_], threshold: float, parameters: Attenuation
) -> float:
    """Sum how far the merges of two clusters with enough speech exceed the threshold."""
    seconds = tree.seconds.copy()
    gain = 0.0
    scores = np.minimum.accumulate(tree.scores)
    for (kept, lost), score, skip in zip(tree.merges, scores, undone, strict=True):
        if not skip:
            if min(seconds[kept], seconds[lost]) >= parameters.leftover_s:
                gain += float(score) - threshold
            seconds[kept] += seconds[lost]
    return gain


def cut_tree(
    tree: MergeTree, bounds: CountBounds, threshold: float, parameters: Attenuation
) -> NDArray[np.int64]:
    """Cut the tree to a number of speakers within the bounds: labels (N,), -1 of no speaker."""
    undone = natural_cut(tree, threshold)
    found = len(speakers_of(tree, undone, parameters))
    wanted = bounds.target(found)
    if wanted is not None and wanted != found:
        undone = cut_for(tree, wanted, threshold, parameters)
    owner = tree.owners(undone)
    speakers = speakers_of(tree, undone, parameters)
    number = np.full(len(owner), -1)
    number[speakers] = np.arange(len(speakers))
    clusters: NDArray[np.int64] = np.where(tree.first >= 0, number[owner[tree.first]], -1)
    return clusters


@dataclass(frozen=True, eq=False)
class Centroids:
    """Centroids of clusters, and what window speakers are compared with.

    ``raw`` (K, D) are means of normalised embeddings, ``centred`` (K, D) those after ``mean`` (D,),
    the recording's, was subtracted from each; of one cluster, nothing is subtracted.
    """

    raw: NDArray[np.float64]
    centred: NDArray[np.float64]
    mean: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Rows, labels: NDArray[np.int64], parameters: Attenuation) -> Centroids:
        """Average clusters of rows, labels (N,) with -1 for none; rows weigh by their `fading`."""
        weights = fading(rows.seconds, parameters.fade_s)[:, np.newaxis]
        vectors = unit(np.asarray(rows.embeddings, dtype=np.float64))
        members = labels == np.arange(int(labels.max()) + 1)[:, np.newaxis]
        mean = np.zeros(vectors.shape[1])
        if len(members) > 1:
            mean = (weights * vectors).sum(axis=0) / weights.sum()
        raw = members @ (weights * vectors) / (members @ weights)
        return cls(raw, unit(members @ (weights * unit(vectors - mean))), mean)

    def similarities(self, embeddings: NDArray[Any]) -> NDArray[np.float64]:
        """Compare window speakers (C, S, D) with the centroids: 2 - cosine distance (C, S, K).

        NaN where an embedding is.
        """
        soft = np.full((*embeddings.shape[:2], len(self.centred)), np.nan)
        known = np.isfinite(embeddings).all(axis=2)
        vectors = unit(unit(embeddings[known].astype(np.float64)) - self.mean)
        soft[known] = 1 + vectors @ self.centred.T
        return soft
