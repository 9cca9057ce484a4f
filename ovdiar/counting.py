"""How many speak in each frame (pyannote.audio, ``SpeakerDiarizationMixin.speaker_count``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.frames import Frames
from ovdiar.windows import overlap_add, trim

if TYPE_CHECKING:
    from ovdiar.frames import WindowedFrames


def speaker_count(active: WindowedFrames, warm_up: tuple[float, float] = (0.0, 0.0)) -> Frames:
    """Average the windows' numbers of speakers: (C, F, S) -> (T, 1) uint8, ties to even.

    ``warm_up`` gives the shares of a window left out at its start and end. Frames that no window
    covers count nobody.
    """
    speaking = active.data.sum(axis=2, keepdims=True, dtype=np.uint8)
    average = overlap_add(trim(active.with_data(speaking), warm_up), missing=0.0)
    return Frames(np.rint(average.data).astype(np.uint8), average.grid)
