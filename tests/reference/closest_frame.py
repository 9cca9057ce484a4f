"""The frame nearest to a time, in float seconds, as pyannote.core's ``closest_frame`` rounds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ovdiar.frames import FrameGrid


def closest_frame(time_s: float, start_s: float, grid: FrameGrid) -> int:
    """Round half to even, counting from the centre of the first frame."""
    step_s, width_s = grid.step / grid.rate, grid.width / grid.rate
    return int(np.rint((time_s - start_s - 0.5 * width_s) / step_s))


def first_frame(window: int, windows: FrameGrid, frames: FrameGrid) -> int:
    """Find the frame at which a window's own frames begin."""
    origin_s = windows.start / windows.rate
    window_s = origin_s + window * (windows.step / windows.rate)
    return closest_frame(window_s + 0.5 * (frames.width / frames.rate), origin_s, frames)


def frames_of_all(count: int, windows: FrameGrid, frames: FrameGrid) -> int:
    """Count the frames from the start of the first window to the end of the last."""
    origin_s, step_s = windows.start / windows.rate, windows.step / windows.rate
    end_s = origin_s + windows.width / windows.rate + (count - 1) * step_s
    return closest_frame(end_s + 0.5 * (frames.width / frames.rate), origin_s, frames) + 1
