"""What CAM++ is compared on with torch: lengths, and choices of frames of unlike lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LENGTHS = (25, 98, 199, 200, 201, 300, 998)
"""Frames; a stretch of the network's layers has 200 of them."""

STARTS = (320_000, 640_000)
"""Of two windows of 10 s in our own recording, in samples."""

SHORTEST = 25
"""Frames that shorter speech is repeated to fill."""


def masks(frames: int) -> NDArray[np.float32]:
    """Choose frames of two windows for four speakers each (2, 4, frames), 0 or 1."""
    at = np.arange(frames)
    first = [at < 11, at >= frames - 98, at % 5 < 2, at < 0.61 * frames]
    second = [at < 25, at % 50 < 21, at >= 0, (at > 100) & (at < 301)]
    return np.array([first, second], np.float32)


def tiled(speech: NDArray[Any]) -> NDArray[Any]:
    """Repeat frames (frames, bands) until they fill the shortest piece."""
    times = -(-SHORTEST // len(speech))
    return speech if len(speech) >= SHORTEST else np.tile(speech, (times, 1))[:SHORTEST]
