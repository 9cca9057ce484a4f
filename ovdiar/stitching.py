"""Join the speakers of overlapping windows into stitches, without knowing any voice.

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
"""By which the threshold shrinks as long as speakers are left."""


@dataclass(frozen=True, eq=False)
class StitchingGraph:
    """Window speakers that speak, and which of them may be one person.

    Speaker s of window c is ``c * speakers + s``. ``nodes`` (N,) are in the order in which they
    were met, which numbers the stitches; ``pairs`` (E, 2) of nodes are ``costs`` (E,) apart.
    """

    speakers: int
    nodes: NDArray[np.int64]
    pairs: NDArray[np.int64]
    costs: NDArray[np.float64]


def stitch(scores: WindowedFrames, *, onset: float, threshold: float) -> NDArray[np.int64]:
    """Give window speakers the numbers of their stitches: scores (C, F, S) -> (C, S).

    Speakers of windows that overlap are paired so that the mean absolute difference of their
    scores is least. Pairs beyond the threshold come apart; groups of paired speakers, no two of
    the same window, become stitches. The threshold is halved for those left, until none is.
    Speakers never above the onset in what a window shares with others become `UNASSIGNED`.
    """
    graph = stitching_graph(scores, onset)
    labels = np.full(scores.data.shape[0] * graph.speakers, UNASSIGNED, dtype=np.int64)
    for number, component in enumerate(stitchable_components(graph, threshold)):
        labels[component] = number
    return labels.reshape(-1, graph.speakers)


def stitching_graph(scores: WindowedFrames, onset: float) -> StitchingGraph:
    """Pair the speakers of windows that share at least about a step.

    Of a recording of one window, which shares nothing, the speakers stand for themselves;
    pyannote forgets them.
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
                met = []
                if this_speaks[i]:
                    met.append(this * speakers + i)
                if that_speaks[j]:
                    met.append(that * speakers + j)
                nodes.update(dict.fromkeys(met))
                if len(met) == 2:
                    pairs.extend(met)
                    costs.append(cost[i, j])
    return StitchingGraph(
        speakers,
        np.fromiter(nodes, np.int64, len(nodes)),
        np.array(pairs, np.int64).reshape(-1, 2),
        np.array(costs, np.float64),
    )


class _Shared(NamedTuple):
    """What windows so many steps apart make of the frames that they share.

    ``cost`` (C - lag, S of the later window, S of the earlier); ``later``, ``earlier``
    (C - lag, S): who speaks there.
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
        """Return the costs (speakers of this, of that), and who speaks in this and in that."""
        if this > that:
            return self.cost[that], self.later[that], self.earlier[that]
        return self.cost[this].T, self.earlier[this], self.later[this]


def stitchable_components(graph: StitchingGraph, threshold: float) -> Iterator[NDArray[np.int64]]:
    """Yield groups of nodes that hold no two speakers of a window.

    Where such groups remain although all differences are 0, as the hard 0 and 1 of powerset
    networks may have it, pyannote never ends. Here, pairs are then joined one by one, those of
    the nearest windows first, unless that would put two speakers of a window together.
    """
    nodes, pairs, costs = graph.nodes, graph.pairs, graph.costs
    while len(nodes):
        pairs, costs = pairs[costs <= threshold], costs[costs <= threshold]
        if not costs.any():
            yield from _join_one_by_one(nodes, pairs, graph.speakers)
            return
        left = []
        for component in _connected_components(nodes, pairs):
            if len(np.unique(component // graph.speakers)) == len(component):
                yield component
            else:
                left.append(component)
        still = np.isin(nodes, np.concatenate([nodes[:0], *left]))
        nodes = nodes[still]
        kept = np.isin(pairs[:, 0], nodes)
        pairs, costs = pairs[kept], costs[kept]
        threshold *= FACTOR


def _connected_components(
    nodes: NDArray[np.int64], pairs: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Group connected nodes, in the order of each group's first node."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - SciPy loads when needed
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    order = np.argsort(nodes)
    rows, columns = order[np.searchsorted(nodes, pairs, sorter=order)].T
    ones = np.ones(len(pairs), dtype=np.int8)
    adjacent = coo_array((ones, (rows, columns)), shape=(len(nodes), len(nodes)))
    groups = connected_components(adjacent, directed=False)[1]
    by_group = np.argsort(groups, kind="stable")
    borders = np.flatnonzero(np.diff(groups[by_group])) + 1
    members = np.split(by_group, borders)
    return [nodes[group] for group in sorted(members, key=lambda group: int(group[0]))]


def _join_one_by_one(
    nodes: NDArray[np.int64], pairs: NDArray[np.int64], speakers: int
) -> list[NDArray[np.int64]]:
    """Join what pairs join, nearest windows first; a group is a mapping of windows to nodes."""
    groups = {node: {node // speakers: node} for node in nodes.tolist()}
    distance = np.abs(np.diff(pairs // speakers, axis=1))[:, 0]
    for one, other in pairs[np.argsort(distance, kind="stable")].tolist():
        small, large = sorted((groups[one], groups[other]), key=len)
        if small is not large and small.keys().isdisjoint(large.keys()):
            large.update(small)
            groups.update(dict.fromkeys(small.values(), large))
    unique = {id(group): group for group in groups.values()}
    return [np.array(list(group.values())) for group in unique.values()]
