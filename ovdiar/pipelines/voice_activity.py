"""When anybody speaks (pyannote.audio 3.3.2 ``VoiceActivityDetection``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovdiar.pipelines.regions import Detection
from ovdiar.presets import VOICE_ACTIVITY

if TYPE_CHECKING:
    from numpy.typing import NDArray


class VoiceActivityDetection(Detection):
    """Voice activity detection: regions labelled ``SPEECH``.

    Parameters
    ----------
    models : a loaded bundle, or a segmentation network
    preset : ``"ami"``, ``"dihard3"``, ``"voxconverse"`` (tuned for ``pyannote/segmentation``), or
        a JSON file; by default ``"dihard3"``, and for powerset networks, whose classes are decided
        beforehand, thresholds of 0.5 and no minimum durations
    onset : speech begins where the likeliest speaker's score rises above it
    offset : speech ends where that score falls below it
    min_duration_on : shorter speech is dropped, s
    min_duration_off : shorter gaps are filled, s
    batch_size : windows that go through the network at once, by default as many as suit the machine
        (see `ovdiar.pipelines.sliding.batch_of`); changes speed and memory only

    Raises
    ------
    ConfigError
        A parameter is out of its range.
    """

    label = "SPEECH"
    table = VOICE_ACTIVITY

    def score(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Take the likeliest speaker: (C, F, S) -> (C, F, 1)."""
        likeliest: NDArray[Any] = scores.max(axis=2, keepdims=True)
        return likeliest
