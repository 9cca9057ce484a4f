"""When two or more speak at once (pyannote.audio 3.3.2 ``OverlappedSpeechDetection``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.pipelines.regions import Detection
from ovdiar.presets import OVERLAPPED_SPEECH

if TYPE_CHECKING:
    from numpy.typing import NDArray


class OverlappedSpeechDetection(Detection):
    """Overlapped speech detection: regions labelled ``OVERLAP``.

    Parameters
    ----------
    models : a loaded bundle, or a segmentation network
    preset : ``"ami"``, ``"dihard3"``, ``"voxconverse"`` (tuned for ``pyannote/segmentation``), or
        a JSON file; by default ``"dihard3"``, and for powerset networks, whose classes are decided
        beforehand, thresholds of 0.5 and no minimum durations
    onset : overlap begins where the second likeliest speaker's score rises above it
    offset : overlap ends where that score falls below it
    min_duration_on : shorter overlap is dropped, s
    min_duration_off : shorter gaps are filled, s
    batch_size : windows that go through the network at once, by default as many as suit the machine
        (see `ovdiar.pipelines.sliding.batch_of`); changes speed and memory only

    Raises
    ------
    ConfigError
        A parameter is out of its range.
    """

    label = "OVERLAP"
    table = OVERLAPPED_SPEECH

    def score(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Take the second likeliest speaker: (C, F, S) -> (C, F, 1).

        A network with a single column is taken to score overlap itself.
        """
        if scores.shape[2] < 2:
            return scores
        return np.partition(scores, -2, axis=2)[:, :, -2:-1]
