"""Speaker turns, indexed for look-ups of single words."""

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


class TurnIndex:
    """Turns of an annotation, merged by speaker and sorted by start, then by label."""

    def __init__(self, annotation: Annotation) -> None:
        turns = sorted(
            (segment.start, label, segment.end)
            for label, timeline in annotation.label_timelines().items()
            for segment in merge(timeline)
        )
        self._labels = [label for _, label, _ in turns]
        self._starts = np.array([start for start, _, _ in turns])
        self._ends = np.array([end for *_, end in turns])
        self._latest_ends = list(accumulate(self._ends.tolist(), max))
        self._speech = merge(segment for segment, _ in annotation)
        self._speech_starts = [segment.start for segment in self._speech]
        self._speech_ends = [segment.end for segment in self._speech]

    def speaker_of(
        self, start_s: float, end_s: float, previous: str | None, max_gap: float
    ) -> str | None:
        """Return the speaker whose turns overlap an interval longest, else the nearest speaker.

        Ties go to ``previous``, if it is among the candidates, else to the first by start, then by
        label.

        Parameters
        ----------
        start_s, end_s
            Interval, in seconds.
        previous
            Speaker of the previous word, or None.
        max_gap
            Largest distance to a turn, in seconds.

        Returns
        -------
        Label of the speaker, or None if no turn is within ``max_gap``.
        """
        first = bisect_right(self._latest_ends, start_s)  # all turns before it have ended
        shares: dict[str, float] = {}
        for at in range(first, bisect_left(self._starts, end_s)):
            overlap_s = min(self._ends[at], end_s) - max(self._starts[at], start_s)
            if overlap_s > 0:
                shares[self._labels[at]] = shares.get(self._labels[at], 0.0) + overlap_s
        longest = max(shares.values(), default=0.0)
        if longest > SHORTEST_S:
            tied = [label for label, share_s in shares.items() if share_s >= longest - SHORTEST_S]
        else:
            tied = self._nearest(start_s, end_s, max_gap)
        return previous if previous in tied else next(iter(tied), None)

    def _nearest(self, start_s: float, end_s: float, max_gap: float) -> list[str]:
        gaps = np.maximum(np.maximum(self._starts - end_s, start_s - self._ends), 0)
        least = min(gaps.min(initial=np.inf), max_gap)
        return [self._labels[at] for at in np.flatnonzero(gaps <= least + SHORTEST_S)]

    def divide_speech(
        self, start_s: float, end_s: float, weights: Sequence[float]
    ) -> list[tuple[float, float]]:
        """Divide the speech within an interval in proportion to weights.

        Without any speech, the interval itself is divided.

        Parameters
        ----------
        start_s, end_s
            Interval, in seconds.
        weights
            Positive weights.

        Returns
        -------
        A start and an end (s) for each weight. There are gaps between them only where there is no
        speech.
        """
        first = bisect_right(self._speech_ends, start_s)
        last = bisect_left(self._speech_starts, end_s, lo=first)
        parts = [
            (max(segment.start, start_s), min(segment.end, end_s))
            for segment in self._speech[first:last]
        ] or [(start_s, end_s)]
        elapsed = np.cumsum([0.0, *(end - start for start, end in parts)])
        bounds = np.cumsum([0.0, *weights]) / sum(weights) * elapsed[-1]
        starts = _times(bounds[:-1], elapsed, parts, "right")
        ends = np.maximum(_times(bounds[1:], elapsed, parts, "left"), starts)
        return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _times(
    speech_s: NDArray[np.float64],
    elapsed: NDArray[np.float64],
    parts: list[tuple[float, float]],
    side: str,
) -> NDArray[np.float64]:
    """Find the times at which ``speech_s`` of speech have elapsed, on the given side of a gap."""
    part = np.searchsorted(elapsed, speech_s, "right" if side == "right" else "left") - 1
    part = np.clip(part, 0, len(parts) - 1)
    starts = np.array([start for start, _ in parts])
    times: NDArray[np.float64] = starts[part] + speech_s - elapsed[part]
    return times
