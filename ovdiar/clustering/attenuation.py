"""Agglomerative clustering by cosine similarity corrected for attenuation.

The cosine similarity of two embeddings of one voice decreases with noise and with short speech, and
the similarity of two voices increases with a channel that they share, so that no threshold serves
every recording. Here the similarity of two clusters is divided by what one voice reaches in the
same recording with as much speech: Spearman's correction for attenuation ("The proof and
measurement of association between two things", 1904). How the constants were chosen:
docs/studies/corrected-similarity.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.ahc import in_tree
from ovdiar.clustering.assignment import unit
from ovdiar.windows import slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_FIRST_CLUSTERS = 400
"""First clusters at most, which bounds the time of the merges that follow."""
ROWS_AT_ONCE = 256
"""Rows compared with all others at once."""
_LEAST_SECONDS = 0.05
_LEAST_WEIGHT = 1e-6


@dataclass(frozen=True)
class Attenuation:
    """Hyper-parameters (see `ovdiar.parameters`), and constants beside them.

    Parameters
    ----------
    fade_s : an embedding of d seconds keeps 1 - exp(-d / fade_s) of its similarity
    usual_level : mean cosine similarity of one voice's long embeddings in a usual recording
    margin_s : lowers the threshold by margin_s / d for clusters of d seconds
    side : raises the threshold by up to so much for clusters that windows hold apart, and lowers it
        for those that they hold together
    level_pairs : pairs of rows that ``usual_level`` counts for
    least_s : shorter rows are assigned, not clustered
    first : height of the first clusters, in corrected distance
    side_links : number of links between two clusters that count half of ``side``
    shrink : pairs that the recording's level counts for in a cluster's own
    leftover_s : clusters with less speech are no speakers
    """

    fade_s: float
    usual_level: float
    margin_s: float
    side: float
    level_pairs: float = 15.0
    least_s: float = 1.0
    first: float = 0.2
    side_links: float = 3.0
    shrink: float = 10.0
    leftover_s: float = 1.0


@dataclass(frozen=True, eq=False)
class Rows:
    """Embeddings to cluster.

    Parameters
    ----------
    embeddings : (N, D), none of them zero
    seconds : (N,), clean speech that each was computed from
    spans : (N, 2) int, first sample or frame and the one after the last, sorted by the first; rows
        whose spans overlap may share audio, and their similarity does not count
    share : part of a row's speech that no other row repeats: 1, or step over width of windows
    """

    embeddings: NDArray[Any]
    seconds: NDArray[np.float64]
    spans: NDArray[np.int64]
    share: float


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of rows (M, 2) that windows give to the same speaker, or hold apart."""

    same: NDArray[np.int64]
    apart: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MergeTree:
    """First clusters and their merges, best first.

    ``first`` (N,) are labels of rows, -1 of those not clustered; ``merges`` (K - 1, 2) name two of
    the K first clusters, the second of which becomes part of the first; ``scores`` (K - 1,) are the
    corrected similarities of the merges, with margin and side. ``seconds`` (K,) is the speech of
    each.
    """

    first: NDArray[np.int64]
    merges: NDArray[np.int64]
    scores: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def owners(self, undone: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the cluster of each first cluster (K,), where some merges are left out."""
        owner = np.arange(len(self.seconds))
        for (kept, lost), skip in zip(self.merges, undone, strict=True):
            if not skip:
                owner[owner == owner[lost]] = owner[kept]
        return owner


def fading(seconds: NDArray[np.float64], fade_s: float) -> NDArray[np.float64]:
    """Return the share of their similarity that embeddings of so many seconds keep, 0 to 1."""
    kept: NDArray[np.float64] = 1 - np.exp(-np.maximum(seconds, _LEAST_SECONDS) / fade_s)
    return kept


def level_of(rows: Rows, links: Links, parameters: Attenuation) -> float:
    """Estimate the corrected similarity of one voice in this recording, from pairs of one speaker.

    Least squares of cosine = level * fading * fading, shrunk to ``usual_level``.
    """
    vectors, kept = unit(rows.embeddings), fading(rows.seconds, parameters.fade_s)
    one, two = links.same[(rows.seconds[links.same] >= parameters.least_s).all(axis=1)].T
    weights = kept[one] * kept[two]
    cosines = np.einsum("nd,nd->n", vectors[one], vectors[two])
    prior = parameters.level_pairs
    return float((weights @ cosines + prior * parameters.usual_level) / (weights @ weights + prior))


class PairSums:
    """Sums over pairs of rows, by cluster; those of a merged cluster are sums of its parts'.

    Between clusters a and b, ``products`` holds the sum of f_i f_j cos_ij over their rows and
    ``weights`` that of (f_i f_j)^2, so that the quotient is the least-squares corrected cosine. The
    diagonal holds each pair within a cluster once. Pairs whose spans overlap are left out; between
    clusters that have no others, ``all_products`` and ``all_weights`` count. ``same`` and ``apart``
    count links.
    """

    def __init__(
        self, rows: Rows, links: Links, labels: NDArray[np.int64], parameters: Attenuation
    ) -> None:
        self.parameters = parameters
        self.level = level_of(rows, links, parameters)
        kept = np.where(labels >= 0, fading(rows.seconds, parameters.fade_s), 0)
        vectors = kept[:, np.newaxis] * unit(rows.embeddings)
        count, names = int(labels.max()) + 1, np.maximum(labels, 0)
        sums = np.zeros((count, vectors.shape[1]))
        np.add.at(sums, names, vectors)
        squares = np.bincount(names, kept**2, count)
        self.products, self.weights = sums @ sums.T, np.outer(squares, squares)
        self.all_products, self.all_weights = self.products.copy(), self.weights.copy()
        self._subtract_shared(rows.spans, vectors, kept, names)
        for table in (self.products, self.weights):
            np.fill_diagonal(table, np.diag(table) / 2)
        self.seconds = rows.share * np.bincount(names, rows.seconds * (labels >= 0), count)
        self.strength = rows.share * np.bincount(names, rows.seconds * kept, count)
        self.same = _count_links(links.same, labels, count) * rows.share
        self.apart = _count_links(links.apart, labels, count) * rows.share
        self.share = rows.share

    def _subtract_shared(
        self,
        spans: NDArray[np.int64],
        vectors: NDArray[np.float64],
        kept: NDArray[np.float64],
        names: NDArray[np.int64],
    ) -> None:
        """Subtract the pairs whose spans overlap, and each row with itself."""
        for offset in range(len(spans)):
            one = np.flatnonzero(spans[: len(spans) - offset, 1] > spans[offset:, 0])
            if not len(one):
                break
            two = one + offset
            product = np.einsum("nd,nd->n", vectors[one], vectors[two])
            weight = (kept[one] * kept[two]) ** 2
            for table, values in ((self.products, product), (self.weights, weight)):
                np.subtract.at(table, (names[one], names[two]), values)
                if offset:
                    np.subtract.at(table, (names[two], names[one]), values)

    def levels(self) -> NDArray[np.float64]:
        """Return the corrected similarity of each cluster to itself (K,).

        It is shrunk to the recording's level.
        """
        shrink = self.parameters.shrink
        pairs = np.diag(self.weights) * self.share**2
        within = np.diag(self.products) * self.share**2 + shrink * self.level
        levels: NDArray[np.float64] = np.maximum(within / (pairs + shrink), 0.25 * self.level)
        return levels

    def scores(self, row: int) -> NDArray[np.float64]:
        """Return the corrected similarity of one cluster to each, with margin and side: (K,)."""
        p = self.parameters
        within = self.levels()
        known = self.weights[row] > _LEAST_WEIGHT
        products = np.where(known, self.products[row], self.all_products[row])
        weights = np.where(known, self.weights[row], self.all_weights[row])
        between = products / np.maximum(weights, _LEAST_WEIGHT)
        ratio = between / np.sqrt(within[row] * within)
        strength = np.maximum(self.strength, _LEAST_SECONDS)
        margin = p.margin_s * (1 / strength[row] + 1 / strength)
        same, apart = self.same[row], self.apart[row]
        side = p.side * (apart - same) / (apart + same + p.side_links)
        scores: NDArray[np.float64] = ratio + margin - side
        return scores

    def merge(self, kept: int, lost: int) -> None:
        """Make the second cluster part of the first."""
        for table in (self.products, self.weights):
            inner = table[kept, kept] + table[lost, lost] + table[kept, lost]
            table[kept] += table[lost]
            table[:, kept] = table[kept]
            table[kept, kept] = inner
        for table in (self.all_products, self.all_weights, self.same, self.apart):
            table[kept] += table[lost]
            table[:, kept] = table[kept]
        for column in (self.seconds, self.strength):
            column[kept] += column[lost]


def _count_links(
    pairs: NDArray[np.int64], labels: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    table = np.zeros((count, count))
    one, two = labels[pairs].T
    known = (one >= 0) & (two >= 0)
    np.add.at(table, (one[known], two[known]), 1.0)
    np.add.at(table, (two[known], one[known]), 1.0)
    return table


def first_clusters(rows: Rows, links: Links, parameters: Attenuation) -> NDArray[np.int64]:
    """Cut average linkage low: labels (N,), -1 of rows that are too short.

    The distance is 1 minus the corrected similarity of two rows.
    """
    from scipy.cluster import hierarchy  # noqa: PLC0415 - SciPy loads when a stage needs it

    labels = np.full(len(rows.seconds), -1, dtype=np.int64)
    chosen = np.flatnonzero(rows.seconds >= parameters.least_s)
    chosen = chosen if len(chosen) else np.arange(len(labels))
    chosen = chosen[in_tree(len(chosen))]
    if len(chosen) < 2:
        labels[chosen] = 0
        return labels
    kept = fading(rows.seconds[chosen], parameters.fade_s)
    vectors = unit(rows.embeddings[chosen]) / kept[:, np.newaxis]
    distances = _distances(vectors, level_of(rows, links, parameters))
    tree = hierarchy.linkage(distances, "average")
    cut = hierarchy.fcluster(tree, parameters.first, criterion="distance")
    if cut.max() > MOST_FIRST_CLUSTERS:
        cut = hierarchy.fcluster(tree, MOST_FIRST_CLUSTERS, criterion="maxclust")
    labels[chosen] = cut - 1
    return labels


def _distances(vectors: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Return 1 minus the products of vectors (N, D) over the level, at least 0, as SciPy's `pdist`.

    In parts, since a square matrix of 6000 rows (see `in_tree`) takes 288 MB.
    """
    count = len(vectors)
    distances = np.empty(count * (count - 1) // 2)
    done = 0
    for here in slices(count, ROWS_AT_ONCE):
        products = vectors[here] @ vectors.T
        for row, others in enumerate(products, here.start):
            first, done = done, done + count - row - 1
            distances[first:done] = others[row + 1 :]
    distances /= -level
    distances += 1
    return np.maximum(distances, 0, out=distances)


def merge_tree(rows: Rows, links: Links, parameters: Attenuation) -> MergeTree:
    """Merge the two clusters with the highest score, until one is left."""
    first = first_clusters(rows, links, parameters)
    sums = PairSums(rows, links, first, parameters)
    seconds = sums.seconds.copy()
    count = len(seconds)
    alive = np.ones(count, dtype=bool)
    table = np.stack([sums.scores(row) for row in range(count)])
    np.fill_diagonal(table, -np.inf)
    merges, scores = np.zeros((count - 1, 2), dtype=np.int64), np.zeros(count - 1)
    for step in range(count - 1):
        kept, lost = np.unravel_index(int(table.argmax()), table.shape)
        merges[step], scores[step] = (kept, lost), table[kept, lost]
        sums.merge(int(kept), int(lost))
        alive[lost] = False
        table[lost] = table[:, lost] = -np.inf
        found = np.where(alive, sums.scores(int(kept)), -np.inf)
        found[kept] = -np.inf
        table[kept] = table[:, kept] = found
    return MergeTree(first, merges, scores, seconds)
