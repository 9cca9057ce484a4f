"""Speaker diarization (who spoke when) through OpenVINO, without PyTorch.

Names are imported when they are first used: ``import ovdiar`` itself loads no library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation, Turn
    from ovdiar.frames import FrameGrid
    from ovdiar.networks.models import Models, load
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
    from ovdiar.pipelines.inference import Inference
    from ovdiar.pipelines.overlapped_speech import OverlappedSpeechDetection
    from ovdiar.pipelines.resegmentation import Resegmentation
    from ovdiar.pipelines.speaker_segmentation import SpeakerSegmentation
    from ovdiar.pipelines.voice_activity import VoiceActivityDetection
    from ovdiar.result import DiarizationResult
    from ovdiar.segment import Segment
    from ovdiar.words import assign_speakers

_HOMES = {
    "Annotation": "ovdiar.annotation",
    "DiarizationResult": "ovdiar.result",
    "FrameGrid": "ovdiar.frames",
    "Inference": "ovdiar.pipelines.inference",
    "Models": "ovdiar.networks.models",
    "OverlappedSpeechDetection": "ovdiar.pipelines.overlapped_speech",
    "Resegmentation": "ovdiar.pipelines.resegmentation",
    "Segment": "ovdiar.segment",
    "SpeakerDiarization": "ovdiar.pipelines.diarization.pipeline",
    "SpeakerSegmentation": "ovdiar.pipelines.speaker_segmentation",
    "Turn": "ovdiar.annotation",
    "VoiceActivityDetection": "ovdiar.pipelines.voice_activity",
    "assign_speakers": "ovdiar.words",
    "load": "ovdiar.networks.models",
}

__all__ = [
    "Annotation",
    "DiarizationResult",
    "FrameGrid",
    "Inference",
    "Models",
    "OverlappedSpeechDetection",
    "Resegmentation",
    "Segment",
    "SpeakerDiarization",
    "SpeakerSegmentation",
    "Turn",
    "VoiceActivityDetection",
    "assign_speakers",
    "load",
]


def __getattr__(name: str) -> object:
    """Import a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'ovdiar' has no name {name!r}: it has {', '.join(_HOMES)}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
