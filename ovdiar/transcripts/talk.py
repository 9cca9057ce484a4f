"""Who talks, for a diarization that is asked for every word."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.segment import SHORTEST_S, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation


class Talk:
    """Each speaker's turns, merged, in the order of their starts, then of names."""

    def __init__(self, annotation: Annotation) -> None:
        turns = sorted(
            (segment.start, label, segment.end)
            for label in annotation.labels()
            for segment in merge(annotation.label_timeline(label))
        )
        self._labels = [label for _, label, _ in turns]
        self._starts = np.array([start for start, _, _ in turns])
        self._ends = np.array([end for *_, end in turns])
        self._latest = list(accumulate(self._ends.tolist(), max))
        self._anybody = merge(segment for segment, _ in annotation)
        self._anybody_starts = [segment.start for segment in self._anybody]
        self._anybody_ends = [segment.end for segment in self._anybody]

    def speaker_of(
        self, start_s: float, end_s: float, ongoing: str | None, max_gap: float
    ) -> str | None:
        """Name who speaks between two times: whose turns overlap it longest, or are nearest.

        Of several, it is ``ongoing`` if that is one of them, else the first by start, then name.
        None where no turn is ``max_gap`` s near.
        """
        first = bisect_right(self._latest, start_s)  # all turns before it have ended
        shares: dict[str, float] = {}
        for at in range(first, bisect_left(self._starts, end_s)):
            overlap_s = min(self._ends[at], end_s) - max(self._starts[at], start_s)
            if overlap_s > 0:
                shares[self._labels[at]] = shares.get(self._labels[at], 0.0) + overlap_s
        longest = max(shares.values(), default=0.0)
        if longest > SHORTEST_S:
            tied = [label for label, share in shares.items() if share >= longest - SHORTEST_S]
        else:
            tied = self._nearest(start_s, end_s, max_gap)
        return ongoing if ongoing in tied else next(iter(tied), None)

    def _nearest(self, start_s: float, end_s: float, max_gap: float) -> list[str]:
        gaps = np.maximum(np.maximum(self._starts - end_s, start_s - self._ends), 0)
        least = min(gaps.min(initial=np.inf), max_gap)
        return [self._labels[at] for at in np.flatnonzero(gaps <= least + SHORTEST_S)]

    def share(
        self, start_s: float, end_s: float, weights: Sequence[float]
    ) -> list[tuple[float, float]]:
        """Divide the talk between two times by weights; the time itself where nobody talks.

        Returns a start and an end for each weight; between two there is no gap but in the talk.
        """
        first = bisect_right(self._anybody_ends, start_s)
        last = bisect_left(self._anybody_starts, end_s, lo=first)
        parts = [
            (max(segment.start, start_s), min(segment.end, end_s))
            for segment in self._anybody[first:last]
        ] or [(start_s, end_s)]
        begun = np.cumsum([0.0, *(end - start for start, end in parts)])
        bounds = np.cumsum([0.0, *weights]) / sum(weights) * begun[-1]
        starts = _times(bounds[:-1], begun, parts, "right")
        ends = np.maximum(_times(bounds[1:], begun, parts, "left"), starts)
        return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _times(
    talk_s: NDArray[np.float64],
    begun: NDArray[np.float64],
    parts: list[tuple[float, float]],
    side: str,
) -> NDArray[np.float64]:
    """Find when so much talk has passed: on which ``side`` of a gap, where one is."""
    part = np.searchsorted(begun, talk_s, "right" if side == "right" else "left") - 1
    part = np.clip(part, 0, len(parts) - 1)
    starts = np.array([start for start, _ in parts])
    times: NDArray[np.float64] = starts[part] + talk_s - begun[part]
    return times
