"""Overlapped speech detection (pyannote.audio 3.3.2 ``OverlappedSpeechDetection``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.options import ActivityOptions, documented
from ovdiar.pipelines.regions import RegionDetection
from ovdiar.presets import OVERLAPPED_SPEECH

if TYPE_CHECKING:
    from numpy.typing import NDArray


@documented(ActivityOptions)
class OverlappedSpeechDetection(RegionDetection):
    """Overlapped speech detection: regions labelled ``OVERLAP``.

    The score of a frame is that of its second most likely speaker.

    Parameters
    ----------
    models : a loaded bundle, or a segmentation network
    {options}

    Raises
    ------
    ConfigError
        A hyper-parameter is unknown or out of its range.

    Notes
    -----
    The default thresholds and durations are those of ``dihard3``.
    {notes}
    """

    label = "OVERLAP"
    table = OVERLAPPED_SPEECH

    def score(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Take the second most likely speaker: (C, F, S) -> (C, F, 1).

        A network with a single column is taken to score overlap itself.
        """
        if scores.shape[2] < 2:
            return scores
        return np.partition(scores, -2, axis=2)[:, :, -2:-1]
