"""What the windows so far say of each frame: how many speak, and which tracks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.activity import runs
from ovdiar.counting import rounded
from ovdiar.overlap_add import OverlapAdd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ovdiar.streaming.tracks import LiveWindow


@dataclass(frozen=True, eq=False)
class Region:
    """Frames from ``first`` on.

    ``count`` (n,) are the speakers in each, ``mean`` (n, K) the scores of the ``tracks`` (K,), and
    ``active`` (n, K) those with the highest score, as many as the count.
    """

    first: int
    count: NDArray[np.uint8]
    tracks: NDArray[np.int64]
    mean: NDArray[np.float32]
    active: NDArray[np.bool_]

    def runs(self, first: int, last: int) -> Iterator[tuple[int, int, int, float]]:
        """Yield the runs of each track between two frames: track, both ends, mean score."""
        here = slice(max(first - self.first, 0), max(last - self.first, 0))
        for column, track in enumerate(self.tracks.tolist()):
            for begin, end in _runs(self.active[here, column]):
                score = float(self.mean[here, column][begin:end].mean())
                yield track, here.start + self.first + begin, here.start + self.first + end, score

    def clean_runs(self, first: int, last: int) -> list[tuple[int, int, int]]:
        """List the runs in which one track speaks alone, in order: track and both ends."""
        here = slice(max(first - self.first, 0), max(last - self.first, 0))
        alone = self.active[here] & (self.count[here] == 1)[:, np.newaxis]
        found = [
            (here.start + self.first + begin, here.start + self.first + end, track)
            for column, track in enumerate(self.tracks.tolist())
            for begin, end in _runs(alone[:, column])
        ]
        return [(track, begin, end) for begin, end, track in sorted(found)]


def _runs(on: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    starts, ends = runs(np.append(on, False))
    return zip(starts.tolist(), ends.tolist(), strict=True)


@dataclass
class Consensus:
    """The windows that cover frames which are not final yet."""

    windows: list[LiveWindow] = field(default_factory=list)

    def add(self, window: LiveWindow) -> None:
        """Add the next window."""
        self.windows.append(window)

    def drop(self, until: int) -> None:
        """Forget the windows that cover no frame from ``until`` on."""
        self.windows = [each for each in self.windows if each.end > until]

    def region(self, first: int, last: int) -> Region:
        """Put the windows together for the frames from ``first`` to before ``last``."""
        near = [each for each in self.windows if each.end > first and each.start < last]
        tracks = np.unique(np.concatenate([[], *(each.tracks for each in near)]))
        tracks = tracks[tracks >= 0].astype(np.int64)
        sums = OverlapAdd(1 + len(tracks), np.ones((last - first, 1)), last - first)
        for each in near:
            here = slice(max(first - each.start, 0), last - each.start)
            part = each.active[here]
            values = np.zeros((len(part), 1 + len(tracks)), np.float32)
            values[:, 0] = part.sum(axis=1)
            for speaker in np.flatnonzero(each.tracks >= 0):
                column = 1 + int(np.searchsorted(tracks, each.tracks[speaker]))
                values[:, column] = each.scores[here, speaker]
            sums.add(max(each.start - first, 0), values)
        average = sums.take(last - first, missing=0.0)
        count = rounded(average[:, 0])
        mean = average[:, 1:]
        order = np.argsort(np.argsort(-mean, axis=1, kind="stable"), axis=1, kind="stable")
        active = (order < count[:, np.newaxis]) & (mean > 0)
        return Region(first, count, tracks, mean, active)
