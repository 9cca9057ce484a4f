"""What is done with a merge tree, set by set (pyannote.audio ``AgglomerativeClustering``).

The tree is SciPy's: row i merges two clusters into number n + i, at a height, of a size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Partition = set[frozenset[int]]
Tree = list[list[float]]


def cut(tree: Tree, height: float) -> Partition:
    """Keep each merge that lies, with all merges beneath it, at or below a height."""
    count = len(tree) + 1
    members = {leaf: frozenset([leaf]) for leaf in range(count)}
    highest = dict.fromkeys(range(count), -math.inf)
    whole = set(range(count))
    for number, (a, b, merge_height, _) in enumerate(tree, start=count):
        members[number] = members[int(a)] | members[int(b)]
        highest[number] = max(highest[int(a)], highest[int(b)], merge_height)
        if highest[number] <= height:
            whole = whole - {int(a), int(b)} | {number}
    return {members[number] for number in whole}


def large(partition: Partition, smallest: int) -> list[frozenset[int]]:
    """List the clusters that are large enough, in the order of their first members."""
    return sorted((c for c in partition if len(c) >= smallest), key=min)


def forced_cut(tree: Tree, threshold: float, smallest: int, target: int) -> Partition:
    """Cut after the merge nearest the threshold that gives the number of large clusters wanted."""
    in_order = [[a, b, float(step), size] for step, (a, b, _, size) in enumerate(tree)]
    candidates = sorted(range(len(tree)), key=lambda step: abs(tree[step][2] - threshold))
    best, least_error = float(len(tree)), abs(1 - target)
    for step in candidates:
        if tree[step][3] >= smallest:
            error = abs(len(large(cut(in_order, step), smallest)) - target)
            if error < least_error:
                best, least_error = step, error
            if error == 0:
                break
    return cut(in_order, best)


def absorb(
    partition: Partition, smallest: int, distance: Callable[[frozenset[int], frozenset[int]], float]
) -> Partition:
    """Unite each small cluster with the nearest large one; without a large one, everything."""
    hosts = large(partition, smallest)
    if not hosts:
        return {frozenset().union(*partition)}
    guests: dict[frozenset[int], frozenset[int]] = dict.fromkeys(hosts, frozenset())
    for cluster in partition.difference(hosts):
        nearest = min(hosts, key=lambda host: distance(host, cluster))
        guests[nearest] |= cluster
    return {host | joined for host, joined in guests.items()}


def partition_of(labels: Sequence[int]) -> Partition:
    """Turn labels into sets of rows."""
    return {
        frozenset(row for row, other in enumerate(labels) if other == label) for label in labels
    }
