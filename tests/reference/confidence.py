"""What supports a turn, summed turn by turn and window by window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.activity import SpeakerTurns
    from ovdiar.frames import WindowedFrames


def turn_features(
    turns: SpeakerTurns,
    scores: WindowedFrames,
    active: NDArray[np.bool_],
    labels: NDArray[np.integer],
    soft: NDArray[np.float64],
) -> NDArray[np.float64]:
    rows = []
    for column, start_s, end_s in zip(turns.columns, turns.starts_s, turns.ends_s, strict=True):
        first = scores.frames.index_of_centre(start_s)
        last = max(scores.frames.index_of_centre(end_s), first + 1)
        rows.append(_of_one(int(column), first, last, scores, active, labels, soft))
    return np.array(rows).reshape(-1, 2)


def _of_one(
    column: int,
    first: int,
    last: int,
    scores: WindowedFrames,
    active: NDArray[Any],
    labels: NDArray[Any],
    soft: NDArray[Any],
) -> tuple[float, float]:
    covered, score, own, other = 0, 0.0, 0.0, 0.0
    for window, _ in enumerate(scores.data):
        start = scores.frames.index_of_start(window * scores.windows.step)
        for frame in range(scores.data.shape[1]):
            if not first <= start + frame < last:
                continue
            covered += 1
            for speaker in range(scores.data.shape[2]):
                if labels[window, speaker] != column or not active[window, frame, speaker]:
                    continue
                distances = np.maximum(2 - soft[window, speaker], 1e-6)
                score += float(scores.data[window, frame, speaker])
                own += float(distances[column])
                other += float(np.delete(distances, column).min())
    if not own or not other:
        return 0.0, 0.0
    return min(score / covered, 1.0), float(np.log(other / own))
