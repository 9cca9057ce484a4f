"""Stitching window by window and frame by frame (pyannote.audio 2.1.1 ``SpeakerSegmentation``)."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovdiar.frames import WindowedFrames

Node = tuple[int, int]
"""Window and speaker."""
NOWHERE = -2
LEAST_DIFFERENCE = 1e-6


class TieError(Exception):
    """Two pairings are equally good."""


def stitch(scores: WindowedFrames, onset: float, threshold: float) -> list[list[int]]:
    """Give window speakers the numbers of their stitches, unless pairings tie."""
    links = _links(scores, onset)
    count, _, speakers = scores.data.shape
    labels = [[NOWHERE] * speakers for _ in range(count)]
    number = 0
    while links:
        left: dict[Node, dict[Node, float]] = {}
        for group in _groups(links, threshold):
            if len({window for window, _ in group}) == len(group):
                for window, speaker in group:
                    labels[window][speaker] = number
                number += 1
            else:
                left.update({node: links[node] for node in links if node in group})
        links = {
            node: {other: cost for other, cost in far.items() if cost <= threshold}
            for node, far in links.items()
            if node in left
        }
        threshold /= 2
    return labels


def _links(scores: WindowedFrames, onset: float) -> dict[Node, dict[Node, float]]:
    """Map each node that speaks to those it may be one with, in the order of discovery."""
    windows = scores.windows
    count, frames, speakers = scores.data.shape
    reach = windows.width // windows.step - 1
    links: dict[Node, dict[Node, float]] = {}
    for this in range(count):
        for that in range(max(0, this - reach), min(count, this + reach + 1)):
            if this == that:
                continue
            shift = round(abs(this - that) * frames * windows.step / windows.width)
            mine, theirs = scores.data[this].tolist(), scores.data[that].tolist()
            if that < this:
                mine, theirs = mine[: frames - shift], theirs[shift:]
            else:
                mine, theirs = mine[shift:], theirs[: frames - shift]
            cost = [
                [
                    sum(abs(a[i] - b[j]) for a, b in zip(mine, theirs, strict=True)) / len(mine)
                    for j in range(speakers)
                ]
                for i in range(speakers)
            ]
            best = _pair(cost)
            for i, j in enumerate(best):
                speaks = [
                    any(row[i] > onset for row in mine),
                    any(row[j] > onset for row in theirs),
                ]
                for node, active in zip(((this, i), (that, j)), speaks, strict=True):
                    if active:
                        links.setdefault(node, {})
                if all(speaks):
                    links[this, i][that, j] = links[that, j][this, i] = cost[i][j]
    return links


def _pair(cost: list[list[float]]) -> tuple[int, ...]:
    """Try all pairings."""
    orders = {
        order: sum(cost[i][j] for i, j in enumerate(order))
        for order in permutations(range(len(cost)))
    }
    best, *others = sorted(orders, key=orders.__getitem__)
    if others and orders[others[0]] - orders[best] < LEAST_DIFFERENCE:
        raise TieError
    return best


def _groups(links: dict[Node, dict[Node, float]], threshold: float) -> list[set[Node]]:
    """Flood from node to node over all links up to the threshold."""
    found: list[set[Node]] = []
    for start in links:
        if any(start in group for group in found):
            continue
        group, edge = {start}, [start]
        while edge:
            node = edge.pop()
            near = {other for other, cost in links[node].items() if cost <= threshold}
            edge.extend(near - group)
            group |= near
        found.append(group)
    return found
