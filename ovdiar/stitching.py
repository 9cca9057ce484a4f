"""Stitch the speakers of overlapping windows together, without embeddings.

Source: pyannote.audio 2.1.1, ``SpeakerSegmentation.get_stitching_graph`` and
``.stitchable_components``.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ovdiar.clustering.assignment import UNASSIGNED
from ovdiar.frames import round_half_even

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ovdiar.frames import WindowedFrames

FACTOR = 0.5
"""Factor applied to the threshold while speakers remain."""


@dataclass(frozen=True, eq=False)
class StitchingGraph:
    """Active speakers of all windows, and the pairs of them that may be the same person.

    Parameters
    ----------
    speakers
        Number of speakers per window, S. Speaker s of window c is node ``c * S + s``.
    nodes
        (N,), in order of first appearance, which determines the numbers of the components.
    pairs
        (E, 2), pairs of nodes.
    costs
        (E,), cost of each pair.
    """

    speakers: int
    nodes: NDArray[np.int64]
    pairs: NDArray[np.int64]
    costs: NDArray[np.float64]


def stitch(scores: WindowedFrames, *, onset: float, threshold: float) -> NDArray[np.int64]:
    """Assign each speaker of each window to a component.

    Speakers of overlapping windows are matched to minimise the mean absolute difference of their
    scores. Pairs above the threshold are removed. Connected components without two speakers of the
    same window are accepted, and the threshold is halved for the remaining speakers until none
    remain.

    Parameters
    ----------
    scores
        (C, F, S).
    onset
        Score above which a speaker is active.
    threshold
        Largest mean absolute difference of a pair.

    Returns
    -------
    (C, S), index of each speaker's component; `UNASSIGNED` for speakers that are never above the
    onset in frames shared with other windows.
    """
    graph = stitching_graph(scores, onset)
    labels = np.full(scores.data.shape[0] * graph.speakers, UNASSIGNED, dtype=np.int64)
    for number, component in enumerate(stitchable_components(graph, threshold)):
        labels[component] = number
    return labels.reshape(-1, graph.speakers)


def stitching_graph(scores: WindowedFrames, onset: float) -> StitchingGraph:
    """Match the speakers of windows that share about one step or more.

    Speakers of a recording with a single window become isolated nodes; pyannote drops them.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - SciPy loads when needed

    count, _, speakers = scores.data.shape
    lookahead = scores.windows.width // scores.windows.step - 1
    shared = [_Shared.of(scores, lag, onset) for lag in range(1, min(lookahead, count - 1) + 1)]
    nodes: dict[int, None] = {}
    if count == 1:
        nodes.update(dict.fromkeys(np.flatnonzero(scores.data[0].max(axis=0) > onset).tolist()))
    pairs, costs = array("q"), array("d")
    for this in range(count):
        for that in range(max(0, this - lookahead), min(count, this + lookahead + 1)):
            if this == that:
                continue
            cost, this_speaks, that_speaks = shared[abs(this - that) - 1].between(this, that)
            for i, j in enumerate(linear_sum_assignment(cost)[1].tolist()):
                active = []
                if this_speaks[i]:
                    active.append(this * speakers + i)
                if that_speaks[j]:
                    active.append(that * speakers + j)
                nodes.update(dict.fromkeys(active))
                if len(active) == 2:
                    pairs.extend(active)
                    costs.append(cost[i, j])
    return StitchingGraph(
        speakers,
        np.fromiter(nodes, np.int64, len(nodes)),
        np.array(pairs, np.int64).reshape(-1, 2),
        np.array(costs, np.float64),
    )


class _Shared(NamedTuple):
    """Comparison of all pairs of windows that are ``lag`` steps apart, over the frames they share.

    Parameters
    ----------
    cost
        (C - lag, S of the later window, S of the earlier window).
    later, earlier
        (C - lag, S), whether each speaker is active in the shared frames.
    """

    cost: NDArray[np.float64]
    later: NDArray[np.bool_]
    earlier: NDArray[np.bool_]

    @classmethod
    def of(cls, scores: WindowedFrames, lag: int, onset: float) -> _Shared:
        count, frames, speakers = scores.data.shape
        shift = round_half_even(lag * frames * scores.windows.step, scores.windows.width)
        later = scores.data[lag:, : frames - shift]
        earlier = scores.data[: count - lag, shift:]
        cost = np.empty((count - lag, speakers, speakers))
        for i, j in np.ndindex(speakers, speakers):
            cost[:, i, j] = np.abs(later[:, :, i] - earlier[:, :, j]).mean(axis=1)
        return cls(cost, later.max(axis=1) > onset, earlier.max(axis=1) > onset)

    def between(
        self, this: int, that: int
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the costs (S of ``this``, S of ``that``), and the active speakers of both."""
        if this > that:
            return self.cost[that], self.later[that], self.earlier[that]
        return self.cost[this].T, self.earlier[this], self.later[this]


def stitchable_components(graph: StitchingGraph, threshold: float) -> Iterator[NDArray[np.int64]]:
    """Yield the groups of nodes that have at most one speaker of each window.

    pyannote does not terminate if groups with several speakers of a window remain although all
    costs are 0, which the hard scores of powerset networks can cause. Here, the remaining pairs are
    then joined one by one, nearest windows first, unless that would join two speakers of a window.

    Parameters
    ----------
    graph
        Nodes, pairs and costs.
    threshold
        Largest cost of a pair.
    """
    nodes, pairs, costs = graph.nodes, graph.pairs, graph.costs
    while len(nodes):
        pairs, costs = pairs[costs <= threshold], costs[costs <= threshold]
        if not costs.any():
            yield from _join_one_by_one(nodes, pairs, graph.speakers)
            return
        remaining = []
        for component in _connected_components(nodes, pairs):
            if len(np.unique(component // graph.speakers)) == len(component):
                yield component
            else:
                remaining.append(component)
        is_remaining = np.isin(nodes, np.concatenate([nodes[:0], *remaining]))
        nodes = nodes[is_remaining]
        kept = np.isin(pairs[:, 0], nodes)
        pairs, costs = pairs[kept], costs[kept]
        threshold *= FACTOR


def _connected_components(
    nodes: NDArray[np.int64], pairs: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Return the connected components, in order of the first node of each."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - SciPy loads when needed
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    order = np.argsort(nodes)
    rows, columns = order[np.searchsorted(nodes, pairs, sorter=order)].T
    ones, places = np.ones(len(pairs), dtype=np.int8), np.stack([rows, columns]).astype(np.int32)
    adjacent = coo_array((ones, tuple(places)), shape=(len(nodes), len(nodes)))  # SciPy 1.11: int32
    groups = connected_components(adjacent, directed=False)[1]
    by_group = np.argsort(groups, kind="stable")
    boundaries = np.flatnonzero(np.diff(groups[by_group])) + 1
    members = np.split(by_group, boundaries)
    return [nodes[group] for group in sorted(members, key=lambda group: int(group[0]))]


def _join_one_by_one(
    nodes: NDArray[np.int64], pairs: NDArray[np.int64], speakers: int
) -> list[NDArray[np.int64]]:
    """Join pairs, nearest windows first; a group maps windows to nodes."""
    groups = {node: {node // speakers: node} for node in nodes.tolist()}
    distance = np.abs(np.diff(pairs // speakers, axis=1))[:, 0]
    for one, other in pairs[np.argsort(distance, kind="stable")].tolist():
        small, large = sorted((groups[one], groups[other]), key=len)
        if small is not large and small.keys().isdisjoint(large.keys()):
            large.update(small)
            groups.update(dict.fromkeys(small.values(), large))
    unique = {id(group): group for group in groups.values()}
    return [np.array(list(group.values())) for group in unique.values()]
