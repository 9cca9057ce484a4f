"""What the service does with one recording, in a thread; knows nothing of HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ovdiar import formats
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.serve.schema import diarization

if TYPE_CHECKING:
    from ovdiar.networks.models import Models
    from ovdiar.pipelines.steps import Cancel, FractionHook
    from ovdiar.result import DiarizationResult
    from ovdiar.serve.schema import VerboseDiarization

SHORT_NAME = 100
"""Characters of a file's name that name its recording."""


@dataclass(frozen=True)
class DiarizationRequest:
    """Options of one request; None or 0 for the bundle's defaults."""

    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None
    clustering_threshold: float | None = None
    min_duration_on: float | None = None
    min_duration_off: float | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """The result of one recording, as the service returns it."""

    result: DiarizationResult

    @property
    def duration_s(self) -> float:
        """Duration of the recording, in seconds."""
        return float((self.result.provenance or {}).get("duration_s", 0.0))

    def to_schema(self) -> VerboseDiarization:
        """Return the fullest answer."""
        return diarization(self.result.speaker_diarization, self.duration_s, self.result.notices)

    def notices_line(self) -> str:
        """Return the notices as a JSON array in ASCII."""
        return json.dumps([notice.to_dict() for notice in self.result.notices])

    def to_text(self, name: str) -> str:
        """Return the turns in a format of `ovdiar.formats`."""
        return formats.dumps(self.result.speaker_diarization, name)


@dataclass(frozen=True, eq=False)
class Service:
    """Diarizes recordings with one bundle, in as many threads as call it.

    ``options`` are further hyper-parameters of the pipeline.
    """

    models: Models
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """The bundle's name."""
        return self.models.bundle.name

    def diarize(
        self,
        file: IO[bytes],
        name: str | None,
        request: DiarizationRequest,
        cancel: Cancel,
        progress: FractionHook | None = None,
    ) -> Answer:
        """Tell who spoke when in a file, which is called ``name`` where it comes from.

        Raises
        ------
        AudioError, ConfigError, CancelledError
        """
        given = {
            "threshold": request.clustering_threshold,
            "min_duration_on": request.min_duration_on,
            "min_duration_off": request.min_duration_off,
        }
        pipeline = SpeakerDiarization(self.models, **(self.options | given))
        result = pipeline(
            {"audio": file, "uri": _uri(name)},
            num_speakers=request.num_speakers or None,
            min_speakers=request.min_speakers or None,
            max_speakers=request.max_speakers or None,
            cancel=cancel,
            progress=progress,
        )
        return Answer(result)


def _uri(name: str | None) -> str:
    """Name a recording as its file is called, in printable characters."""
    stem = Path((name or "").replace("\\", "/")).stem
    return "".join(each if each.isprintable() else "_" for each in stem)[:SHORT_NAME] or "audio"
