"""Aggregate the scores of overlapping windows on one frame grid.

Source: pyannote.audio 3.3.2 and 4.x, ``Inference.aggregate``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.frames import Frames
from ovdiar.windows import output_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.frames import FrameGrid, WindowedFrames

EPSILON = 1e-12
"""Weight of a warm-up frame and smallest divisor of a weighted average (pyannote's epsilon)."""


def overlap_add(
    scores: WindowedFrames,
    *,
    hamming: bool = False,
    warm_up_s: tuple[float, float] = (0.0, 0.0),
    missing: float = math.nan,
    skip_average: bool = False,
) -> Frames:
    """Average overlapping window scores frame by frame (pyannote's ``Inference.aggregate``).

    NaN scores are ignored. Accumulators are float32, as in pyannote.

    Parameters
    ----------
    scores
        (C, F, K).
    hamming
        Weight frames by a Hamming window, so that the centre of a window counts most.
    warm_up_s
        Left and right durations (s) of each window whose frames get the weight `EPSILON`.
    missing
        Value of frames that no window covers. The last few frames of a recording are always among
        them, since the frames of a window end before the window does.
    skip_average
        Return the weighted sum instead of the average.

    Returns
    -------
    Frames (T, K), float32.
    """
    count, columns = scores.data.shape[1:]
    grid, total, starts = output_grid(scores)
    weight = _window_weight(count, scores.windows, hamming=hamming, warm_up_s=warm_up_s)
    sums = OverlapAdd(columns, weight, total)
    for start, window in zip(starts, scores.data, strict=True):
        sums.add(int(start), window)
    return Frames(sums.take(total, missing=missing, skip_average=skip_average), grid)


class OverlapAdd:
    """Weighted sums of overlapping windows that are fed one by one; `overlap_add` feeds it all.

    Parameters
    ----------
    columns
        Number of columns, K.
    weight
        (F, 1), weight of a window's frames; of a shorter window, the first ones.
    frames
        Number of frames expected.
    """

    def __init__(self, columns: int, weight: NDArray[np.float64], frames: int = 0) -> None:
        self.weight, self.first = weight, 0
        self.summed = np.zeros((frames, columns), dtype=np.float32)
        self.weights = np.zeros((frames, columns), dtype=np.float32)
        self.seen: NDArray[np.bool_] = np.zeros((frames, columns), dtype=bool)

    def add(self, start: int, window: NDArray[Any]) -> None:
        """Add a window (F, K) from frame ``start`` on, which was not taken yet; NaN is left out."""
        self._grow(start + len(window))
        known, weight = ~np.isnan(window), self.weight[: len(window)]
        here = slice(start - self.first, start - self.first + len(window))
        self.summed[here] += np.where(known, window, 0) * weight
        self.weights[here] += known * weight
        self.seen[here] |= known

    def take(
        self, until: int, *, missing: float = math.nan, skip_average: bool = False
    ) -> NDArray[np.float32]:
        """Return the average of the frames up to ``until``, which no more windows cover: (n, K).

        They are dropped. ``missing`` and ``skip_average`` are those of `overlap_add`.
        """
        self._grow(until)
        count = max(until - self.first, 0)
        summed, self.summed = self.summed[:count], self.summed[count:]
        weights, self.weights = self.weights[:count], self.weights[count:]
        seen, self.seen = self.seen[:count], self.seen[count:]
        self.first += count
        if not skip_average:
            summed /= np.maximum(weights, EPSILON)
        summed[~seen] = missing
        return summed

    def _grow(self, until: int) -> None:
        """Make room for the frames up to one."""
        lacking = until - self.first - len(self.summed)
        if lacking > 0:
            more = ((0, lacking), (0, 0))
            self.summed, self.weights = np.pad(self.summed, more), np.pad(self.weights, more)
            self.seen = np.pad(self.seen, more)


def _window_weight(
    count: int, windows: FrameGrid, *, hamming: bool, warm_up_s: tuple[float, float]
) -> NDArray[np.float64]:
    weight = np.hamming(count) if hamming else np.ones(count)
    left, right = (round(s / windows.width_s * count) for s in warm_up_s)
    mask = np.ones(count)
    mask[:left] = EPSILON
    mask[max(count - right, 0) :] = EPSILON
    return (weight * mask)[:, np.newaxis]
