"""Windows against a baseline: all pairings tried (pyannote.audio 3.3.2 ``Resegmentation``)."""

from __future__ import annotations

import math
from itertools import permutations
from typing import TYPE_CHECKING

from reference.stitching import LEAST_DIFFERENCE, TieError

if TYPE_CHECKING:
    from ovdiar.frames import Frames, WindowedFrames


def match(scores: WindowedFrames, baseline: Frames) -> list[list[int]]:
    """Find each speaker's column, unless pairings tie."""
    count, length, speakers = scores.data.shape
    columns = max(speakers, baseline.data.shape[1])
    grid, windows = baseline.grid, scores.windows
    matches = []
    for window in range(count):
        start_s = windows.start_s + window * windows.step_s
        first = max(0, math.ceil((start_s - grid.width_s - grid.start_s) / grid.step_s))
        truth = [_padded(baseline.data, first + place, columns) for place in range(length)]
        heard = [_padded(scores.data[window], place, columns) for place in range(length)]
        orders = {
            order: sum(
                abs(t[column] - h[speaker])
                for t, h in zip(truth, heard, strict=True)
                for column, speaker in enumerate(order)
            )
            / length
            for order in permutations(range(columns))
        }
        by_cost = sorted(orders, key=orders.__getitem__)
        chosen = [[order.index(speaker) for speaker in range(speakers)] for order in by_cost]
        for other, order in zip(chosen, by_cost, strict=True):
            close = orders[order] - orders[by_cost[0]] < LEAST_DIFFERENCE
            if close and other != chosen[0]:
                raise TieError
        matches.append(chosen[0])
    return matches


def _padded(data: object, place: int, columns: int) -> list[float]:
    rows: list[list[float]] = data.tolist()  # type: ignore[attr-defined]
    row = [float(value) for value in rows[place]] if place < len(rows) else []
    return row + [0.0] * (columns - len(row))
