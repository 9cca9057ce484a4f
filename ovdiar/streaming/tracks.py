"""Follow speakers from window to window: a track is one speaker of overlapping windows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_COMMON = 6
"""Common frames, at least, of one speaker in two windows."""
LEAST_SHARE = 0.5
"""Least share of those in the activity of the one that is less active."""


@dataclass
class LiveWindow:
    """A scored window on the frame grid of the recording.

    ``start`` is its first frame, ``scores`` (F, S), ``active`` (F, S) bool; ``tracks`` (S,) names
    the speakers, -1 for one who is not active.
    """

    start: int
    scores: NDArray[Any]
    active: NDArray[np.bool_]
    tracks: NDArray[np.int64]

    @property
    def end(self) -> int:
        """The frame after the last."""
        return self.start + len(self.active)


@dataclass
class Tracks:
    """The tracks that windows to come can continue: first frame and activity (F,) of each."""

    latest: dict[int, tuple[int, NDArray[np.bool_]]] = field(default_factory=dict)
    following: int = 0

    def link(self, start: int, active: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Name the active speakers of the next window (F, S) -> (S,), and remember them."""
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

        self.latest = {
            track: each
            for track, each in self.latest.items()
            if each[0] + np.flatnonzero(each[1])[-1] >= start
        }
        known = list(self.latest)
        present = np.flatnonzero(active.any(axis=0))
        common = np.zeros((len(known), len(present)))
        least = np.ones((len(known), len(present)))
        for row, track in enumerate(known):
            first, before = self.latest[track]
            old = before[start - first :][: len(active)]
            new = active[: len(old), present]
            common[row] = old @ new.astype(np.float64)
            least[row] = np.maximum(np.minimum(old.sum(), new.sum(axis=0)), 1)
        tracks = np.full(active.shape[1], -1, dtype=np.int64)
        for old_row, column in zip(*linear_sum_assignment(common, maximize=True), strict=True):
            enough = max(LEAST_COMMON, LEAST_SHARE * least[old_row, column])
            if common[old_row, column] >= enough:
                tracks[present[column]] = known[old_row]
        for speaker in present:
            if tracks[speaker] < 0:
                tracks[speaker] = self.following
                self.following += 1
            self.latest[int(tracks[speaker])] = start, active[:, speaker]
        return tracks
