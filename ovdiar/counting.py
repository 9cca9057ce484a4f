"""Number of speakers in each frame (pyannote.audio, ``SpeakerDiarizationMixin.speaker_count``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.frames import Frames
from ovdiar.overlap_add import overlap_add
from ovdiar.windows import trim

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.frames import WindowedFrames


def speaker_count(active: WindowedFrames, warm_up: tuple[float, float] = (0.0, 0.0)) -> Frames:
    """Average the number of active speakers over overlapping windows, rounded half to even.

    Parameters
    ----------
    active
        (C, F, S).
    warm_up
        Left and right shares of each window to leave out.

    Returns
    -------
    (T, 1), uint8; 0 in frames that no window covers.
    """
    speaking = active.data.sum(axis=2, keepdims=True, dtype=np.uint8)
    average = overlap_add(trim(active.with_data(speaking), warm_up), missing=0.0)
    return Frames(rounded(average.data), average.grid)


def rounded(average: NDArray[Any]) -> NDArray[np.uint8]:
    """Round mean numbers of speakers half to even, as pyannote does."""
    counts: NDArray[np.uint8] = np.rint(average).astype(np.uint8)
    return counts
