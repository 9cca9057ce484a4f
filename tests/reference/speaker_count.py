"""How many speak in a frame: the exact mean over the windows that hold it, rounded half to even."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from reference.closest_frame import first_frame, frames_of_all

if TYPE_CHECKING:
    from ovdiar.frames import WindowedFrames


def speaker_count(active: WindowedFrames, warm_up: tuple[float, float] = (0.0, 0.0)) -> list[int]:
    """Count, leaving out the first and last shares of every window."""
    windows, frames = active.windows, active.frames
    count = active.data.shape[1]
    left, right = (round(count * share) for share in warm_up)
    seen = replace(windows, width=round(windows.width * (1 - sum(warm_up))))
    total = frames_of_all(len(active), seen, frames)
    speaking = []
    for frame in range(total):
        heard = [
            Fraction(int(window[left + place].sum()))
            for number, window in enumerate(active.data)
            if 0 <= (place := frame - first_frame(number, windows, frames)) < count - left - right
        ]
        speaking.append(round(sum(heard, Fraction()) / len(heard)) if heard else 0)
    return speaking
