"""Merging with a price on unions of voices that speak side by side, from the clusters' members."""

from __future__ import annotations

from itertools import combinations, product
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FROM_MEMBERS: dict[str, Callable[[list[float]], float]] = {
    "average": fmean,
    "complete": max,
    "single": min,
}
"""Linkages that all pairs of members tell; ``weighted`` depends on the order of merges."""


def merges(
    distances: Sequence[Sequence[float]], windows: Sequence[int], linkage: str, weight: float
) -> list[tuple[frozenset[int], float]]:
    """Unite the two clusters that stand least apart until one is left: unions and heights."""

    def apart(a: frozenset[int], b: frozenset[int]) -> float:
        pairs = list(product(sorted(a), sorted(b)))
        shared = sum(windows[i] == windows[j] for i, j in pairs)
        linked = FROM_MEMBERS[linkage]([distances[i][j] for i, j in pairs])
        return linked + weight * shared / min(len(a), len(b))

    clusters = [frozenset([row]) for row in range(len(distances))]
    found = []
    while len(clusters) > 1:
        clusters.sort(key=min)
        a, b = min(combinations(clusters, 2), key=lambda two: apart(*two))
        found.append((a | b, apart(a, b)))
        clusters = [each for each in clusters if each not in {a, b}] + [a | b]
    return found
