"""Voice activity detection (pyannote.audio 3.3.2 ``VoiceActivityDetection``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovdiar.options import ActivityOptions, documented
from ovdiar.pipelines.regions import RegionDetection
from ovdiar.presets import VOICE_ACTIVITY

if TYPE_CHECKING:
    from numpy.typing import NDArray


@documented(ActivityOptions)
class VoiceActivityDetection(RegionDetection):
    """Voice activity detection: regions labelled ``SPEECH``.

    The score of a frame is that of its most likely speaker.

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

    label = "SPEECH"
    table = VOICE_ACTIVITY

    def score(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Take the most likely speaker: (C, F, S) -> (C, F, 1)."""
        largest: NDArray[Any] = scores.max(axis=2, keepdims=True)
        return largest
