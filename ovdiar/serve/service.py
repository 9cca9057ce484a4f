"""What the service does with one recording, in a thread; knows nothing of HTTP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ovdiar import formats
from ovdiar.errors import ConfigError
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.serve.schema import diarization

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation
    from ovdiar.networks.models import Models
    from ovdiar.pipelines.steps import Cancel
    from ovdiar.serve.schema import VerboseDiarization

SHORT_NAME = 100
"""Characters of a file's name that name its recording."""


@dataclass(frozen=True)
class Wish:
    """What is asked of one recording; None or 0 where the bundle decides."""

    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None
    clustering_threshold: float | None = None
    min_duration_on: float | None = None
    min_duration_off: float | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """The turns of a recording, and its length."""

    annotation: Annotation
    duration_s: float

    def to_schema(self) -> VerboseDiarization:
        """Put them into the fullest answer."""
        return diarization(self.annotation, self.duration_s)

    def to_text(self, name: str) -> str:
        """Put the turns into a format of `ovdiar.formats`."""
        return formats.dumps(self.annotation, name)


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

    def diarize(self, file: IO[bytes], name: str | None, wish: Wish, cancel: Cancel) -> Answer:
        """Tell who spoke when in a file, which is called ``name`` where it comes from.

        Raises
        ------
        AudioError, ConfigError, CancelledError
        """
        shortest = wish.min_duration_on or 0.0
        if not shortest >= 0:
            raise ConfigError(f"min_duration_on is {shortest}: give 0 or more seconds")
        given = {"threshold": wish.clustering_threshold, "min_duration_off": wish.min_duration_off}
        given = {key: value for key, value in given.items() if value is not None}
        pipeline = SpeakerDiarization(self.models, **(self.options | given))
        result = pipeline(
            {"audio": file, "uri": _uri(name)},
            num_speakers=wish.num_speakers or None,
            min_speakers=wish.min_speakers or None,
            max_speakers=wish.max_speakers or None,
            cancel=cancel,
        )
        annotation = result.speaker_diarization
        kept = tuple(turn for turn in annotation.turns if turn.segment.duration >= shortest)
        duration_s = (result.provenance or {}).get("duration_s", 0.0)
        return Answer(replace(annotation, turns=kept), duration_s)


def _uri(name: str | None) -> str:
    """Name a recording as its file is called, in printable characters."""
    stem = Path((name or "").replace("\\", "/")).stem
    return "".join(each if each.isprintable() else "_" for each in stem)[:SHORT_NAME] or "audio"
