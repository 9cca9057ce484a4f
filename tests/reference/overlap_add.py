"""Averaging overlapping windows, one number at a time (pyannote.audio ``Inference.aggregate``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from reference.closest_frame import first_frame, frames_of_all

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.frames import WindowedFrames

EPSILON = 1e-12


def overlap_add(
    scores: WindowedFrames,
    *,
    hamming: bool = False,
    warm_up_s: tuple[float, float] = (0.0, 0.0),
    missing: float = math.nan,
    skip_average: bool = False,
) -> NDArray[np.float32]:
    """Sum each frame's scores in single precision, divide by the sum of their weights."""
    windows, frames = scores.windows, scores.frames
    total = frames_of_all(len(scores), windows, frames)
    columns = scores.data.shape[2]
    answer = np.full((total, columns), missing, dtype=np.float32)
    for frame in range(total):
        for column in range(columns):
            summed, weights, seen = np.float32(0), np.float32(0), False
            for number, window in enumerate(scores.data):
                place = frame - first_frame(number, windows, frames)
                if not 0 <= place < len(window) or math.isnan(window[place, column]):
                    continue
                weight = _weight(place, len(window), windows.width_s, warm_up_s, hamming=hamming)
                summed = np.float32(float(summed) + float(window[place, column]) * weight)
                weights = np.float32(float(weights) + weight)
                seen = True
            if seen:
                divisor = max(weights, np.float32(EPSILON))
                answer[frame, column] = summed if skip_average else summed / divisor
    return answer


def _weight(
    place: int, count: int, window_s: float, warm_up_s: tuple[float, float], *, hamming: bool
) -> float:
    weight = 1.0
    if hamming and count > 1:
        weight = 0.54 - 0.46 * math.cos(2 * math.pi * place / (count - 1))
    left, right = (round(seconds / window_s * count) for seconds in warm_up_s)
    return weight * (EPSILON if place < left or place >= count - right else 1.0)
