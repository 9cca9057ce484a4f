"""One speaker at a time: the loudest of each frame in which anybody speaks (pyannote.audio 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from reference.closest_frame import first_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar.frames import WindowedFrames


def exclusive(
    scores: WindowedFrames, clusters: NDArray[np.int64], count: Sequence[int]
) -> list[int | None]:
    """Name each frame's cluster: most score over all windows, the lower number of equals.

    Of the speakers that a window gives to one cluster the louder counts; those silent in all of
    a window belong to none.
    """
    summed: list[dict[int, np.float32]] = [{} for _ in count]
    for number, (window, assigned) in enumerate(zip(scores.data, clusters, strict=True)):
        first = first_frame(number, scores.windows, scores.frames)
        speaks = [any(column) for column in window.T.tolist()]
        for place, row in enumerate(window):
            loudest: dict[int, np.float32] = {}
            for score, cluster, active in zip(row, assigned.tolist(), speaks, strict=True):
                if active and cluster >= 0:
                    loudest[cluster] = max(score, loudest.get(cluster, score))
            frame = summed[first + place]
            for cluster, score in loudest.items():
                frame[cluster] = np.float32(frame.get(cluster, np.float32(0)) + score)
    chosen: list[int | None] = []
    for number, frame in zip(count, summed, strict=True):
        loudness = [(-float(score), cluster) for cluster, score in frame.items() if score > 0]
        chosen.append(min(loudness, default=(0.0, 0))[1] if number else None)
    return chosen
