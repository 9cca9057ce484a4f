"""From clusters back to frames, one frame at a time (pyannote.audio ``reconstruct``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from reference.closest_frame import first_frame, frames_of_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar.frames import WindowedFrames


def cluster_activations(scores: WindowedFrames, labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Add up, for each frame and cluster, every window's loudest speaker of the cluster."""
    windows, frames = scores.windows, scores.frames
    total = frames_of_all(len(scores), windows, frames)
    clusters = max([int(label) + 1 for label in labels.ravel()], default=0)
    answer = np.zeros((total, max(clusters, 0)), dtype=np.float32)
    for frame in range(total):
        for cluster in range(clusters):
            summed = np.float32(0)
            for number, window in enumerate(scores.data):
                place = frame - first_frame(number, windows, frames)
                if 0 <= place < len(window):
                    own = [
                        s
                        for s, k in zip(window[place], labels[number], strict=True)
                        if k == cluster
                    ]
                    if own and not any(math.isnan(score) for score in own):
                        summed = np.float32(summed + max(own))
            answer[frame, cluster] = summed
    return answer


def select_loudest(loudness: Sequence[Sequence[float]], wanted: Sequence[int]) -> list[list[int]]:
    """Switch on as many as wanted: the loudest first, then the lower column; also silent ones."""
    columns = max([len(row) for row in loudness] + [int(number) for number in wanted], default=0)
    chosen = []
    for row, number in zip(loudness, wanted, strict=True):
        left = [*map(float, row), *[0.0] * (columns - len(row))]
        on = [0] * columns
        for _ in range(int(number)):
            loudest = max(k for k in left if not math.isnan(k))
            column = left.index(loudest)
            on[column], left[column] = 1, math.nan
        chosen.append(on)
    return chosen
