"""Speaker diarization (who spoke when) through OpenVINO, without PyTorch.

Names are imported when they are first used: ``import ovdiar`` itself loads no library. The modules
`ovdiar.errors`, `ovdiar.formats` and `ovdiar.hooks` are reachable without an import of their own.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # of typing, whose import takes longer than all the rest of this module
if TYPE_CHECKING:
    from ovdiar import errors as errors
    from ovdiar import formats as formats
    from ovdiar import hooks as hooks
    from ovdiar.annotation import Annotation, Turn
    from ovdiar.frames import FrameGrid
    from ovdiar.networks.models import Models, load
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.pipelines.inference import Inference
    from ovdiar.pipelines.overlapped_speech import OverlappedSpeechDetection
    from ovdiar.pipelines.resegmentation import Resegmentation
    from ovdiar.pipelines.speaker_segmentation import SpeakerSegmentation
    from ovdiar.pipelines.voice_activity import VoiceActivityDetection
    from ovdiar.result import DiarizationResult
    from ovdiar.segment import Segment
    from ovdiar.streaming.diarizer import OnlineDiarizer
    from ovdiar.voices.library import VoiceLibrary
    from ovdiar.words import assign_speakers

    __version__: str

_HOMES = {
    "Annotation": "ovdiar.annotation",
    "DiarizationResult": "ovdiar.result",
    "FrameGrid": "ovdiar.frames",
    "Inference": "ovdiar.pipelines.inference",
    "Models": "ovdiar.networks.models",
    "OnlineDiarizer": "ovdiar.streaming.diarizer",
    "OverlappedSpeechDetection": "ovdiar.pipelines.overlapped_speech",
    "Prepared": "ovdiar.pipelines.diarization.prepared",
    "Resegmentation": "ovdiar.pipelines.resegmentation",
    "Segment": "ovdiar.segment",
    "SpeakerDiarization": "ovdiar.pipelines.diarization.pipeline",
    "SpeakerSegmentation": "ovdiar.pipelines.speaker_segmentation",
    "Turn": "ovdiar.annotation",
    "VoiceActivityDetection": "ovdiar.pipelines.voice_activity",
    "VoiceLibrary": "ovdiar.voices.library",
    "assign_speakers": "ovdiar.words",
    "load": "ovdiar.networks.models",
}

_MODULES = ("errors", "formats", "hooks")

__all__ = [
    "Annotation",
    "DiarizationResult",
    "FrameGrid",
    "Inference",
    "Models",
    "OnlineDiarizer",
    "OverlappedSpeechDetection",
    "Prepared",
    "Resegmentation",
    "Segment",
    "SpeakerDiarization",
    "SpeakerSegmentation",
    "Turn",
    "VoiceActivityDetection",
    "VoiceLibrary",
    "assign_speakers",
    "load",
]


if not TYPE_CHECKING:  # so that type checkers refuse unknown names

    def __getattr__(name: str) -> object:
        """Import a public name from its home."""
        if name in _MODULES:
            return importlib.import_module(f"ovdiar.{name}")
        if name == "__version__":
            value = importlib.import_module("importlib.metadata").version("ovdiar")
        elif name in _HOMES:
            value = getattr(importlib.import_module(_HOMES[name]), name)
        else:
            names = ", ".join(_HOMES)
            raise AttributeError(f"module 'ovdiar' has no name {name!r}: it has {names}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
