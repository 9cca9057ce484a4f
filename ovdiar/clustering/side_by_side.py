"""Agglomerative clustering that minds who speaks side by side.

Two speakers of one window are different people, says the segmentation. Now and then it splits one
person in two, so that to forbid their union would do harm; here it has its price. Clusters A and
B stand apart by

    linkage(A, B) + weight * pairs(A, B) / min(|A|, |B|)

where pairs(A, B) counts the members of A and B that share a window: the share of the smaller
cluster that speaks side by side with the other. The linkage is one of those that merges update by
the recurrence of Lance and Williams (1967) on cosine distances; numbers of pairs add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.assignment import cosine_distances
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Update = Callable[[NDArray[Any], NDArray[Any], int, int], NDArray[Any]]

UPDATES: dict[str, Update] = {
    "average": lambda a, b, size_a, size_b: (size_a * a + size_b * b) / (size_a + size_b),
    "complete": lambda a, b, _size_a, _size_b: np.maximum(a, b),
    "single": lambda a, b, _size_a, _size_b: np.minimum(a, b),
    "weighted": lambda a, b, _size_a, _size_b: (a + b) / 2,
}
"""How far a union is from every other cluster, by how far its two halves are."""


def check_linkage(linkage: str) -> None:
    """Refuse linkages whose distances no price in cosine distance can be added to.

    Raises
    ------
    ConfigError
    """
    if linkage not in UPDATES:
        raise ConfigError(
            f"side_by_side does not fit linkage {linkage!r}, which is not of cosine distances: "
            f"give side_by_side=0, or one of {', '.join(UPDATES)}"
        )


@dataclass(frozen=True, eq=False)
class SideBySide:
    """What windows tell of embeddings: ``windows`` (N,) says which one each comes from.

    ``weight`` is the price of a union, in cosine distance, of clusters that share all windows.
    """

    windows: NDArray[np.int64]
    weight: float

    def __getitem__(self, rows: NDArray[np.int64]) -> SideBySide:
        """Choose some of the embeddings."""
        return SideBySide(self.windows[rows], self.weight)


def penalised_dendrogram(
    embeddings: NDArray[Any], linkage: str, apart: SideBySide
) -> NDArray[np.float64]:
    """Merge the clusters that stand least apart, step by step: (N, D) -> (N - 1, 4).

    The matrix is laid out as SciPy's; heights may fall from one merge to the next, because a
    union shares fewer windows with the others than a half of it. Of equals, the clusters whose
    first members come first are merged first. Takes O(N^2) memory, 12 bytes a pair, and O(N^2)
    time as a rule.
    """
    count = len(embeddings)
    distances = cosine_distances(embeddings, embeddings)
    pairs = (apart.windows[:, np.newaxis] == apart.windows).astype(np.int32)
    sizes, names, gone = np.ones(count), np.arange(count), np.zeros(count)
    update = UPDATES[linkage]

    def heights(row: int) -> NDArray[np.float64]:
        """Tell how far apart from every other cluster one stands; infinitely if it is gone."""
        shared = pairs[row] / np.minimum(sizes, sizes[row])
        found: NDArray[np.float64] = distances[row] + apart.weight * shared + gone
        found[row] = np.inf
        return found

    nearest = np.empty(count, dtype=np.int64)
    least = np.empty(count)

    def look_around(row: int) -> None:
        found = heights(row)
        nearest[row] = found.argmin()
        least[row] = found[nearest[row]]

    for row in range(count):
        look_around(row)
    tree = np.empty((count - 1, 4))
    for step in range(count - 1):
        kept = int(least.argmin())
        lost = int(nearest[kept])
        tree[step] = *sorted((names[kept], names[lost])), least[kept], sizes[kept] + sizes[lost]
        union = update(distances[kept], distances[lost], int(sizes[kept]), int(sizes[lost]))
        distances[kept] = distances[:, kept] = union
        pairs[kept] += pairs[lost]
        pairs[:, kept] = pairs[kept]
        sizes[kept] += sizes[lost]
        names[kept] = count + step
        least[lost] = gone[lost] = np.inf
        _tell_others(kept, lost, heights(kept), nearest, least, look_around)
    return tree


def _tell_others(
    kept: int,
    lost: int,
    found: NDArray[np.float64],
    nearest: NDArray[np.int64],
    least: NDArray[np.float64],
    look_around: Callable[[int], None],
) -> None:
    """Bring everybody's nearest cluster up to date after a merge, at ``found`` heights."""
    alive = np.isfinite(found)
    nearest[kept] = found.argmin()
    least[kept] = found[nearest[kept]]
    orphans = alive & ((nearest == kept) | (nearest == lost))
    nearer = alive & ((found < least) | ((found == least) & (kept < nearest))) & ~orphans
    nearest[nearer], least[nearer] = kept, found[nearer]
    for row in np.flatnonzero(orphans):
        look_around(int(row))
