"""The two hystereses of pyannote, frame by frame, and what the second makes of their runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Turn = tuple[float, float]
"""Start and end, s."""
EMPTY_S = 1e-6


def hold(scores: Sequence[float], onset: float, offset: float, *, initial: bool) -> list[bool]:
    """``signal.binarize``: above onset on, else below offset off, else as before; NaN is 0."""
    states, state = [], initial
    for given in scores:
        score = 0.0 if math.isnan(given) else given
        if score > onset:
            state = True
        elif score < offset:
            state = False
        states.append(state)
    return states


def toggle(scores: Sequence[float], onset: float, offset: float) -> list[bool]:
    """``signal.Binarize``: while off only the onset matters, while on only the offset."""
    states, state = [], False
    for score in scores:
        state = not score < offset if state else score > onset
        states.append(state)
    return states


def turns(states: Sequence[bool], centres_s: Sequence[float]) -> list[Turn]:
    """From the centre of the first frame on to that of the first off, or of the last of all."""
    found: list[Turn] = []
    start_s = None
    for state, centre_s in zip(states, centres_s, strict=True):
        if state and start_s is None:
            start_s = centre_s
        if not state and start_s is not None:
            found.append((start_s, centre_s))
            start_s = None
    if start_s is not None:
        found.append((start_s, centres_s[-1]))
    return [(start, end) for start, end in found if end - start > EMPTY_S]


def smooth(found: list[Turn], min_duration_on: float, min_duration_off: float) -> list[Turn]:
    """Fill the gaps that are too short, then drop the turns that are."""
    filled: list[Turn] = []
    for start, end in found:
        if min_duration_off > 0 and filled and start - filled[-1][1] < min_duration_off:
            filled[-1] = (filled[-1][0], end)
        else:
            filled.append((start, end))
    return [(start, end) for start, end in filled if not end - start < min_duration_on]
