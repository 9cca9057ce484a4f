"""The result of a diarization (pyannote.audio 4 ``DiarizeOutput``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ovdiar.serialization import serialize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.notices import Notice


@dataclass(frozen=True, eq=False)
class DiarizationResult:
    """Who spoke when.

    ``speaker_diarization`` may overlap; ``exclusive_speaker_diarization`` has one speaker at a
    time, which is easier to lay over a transcript. Row i of ``speaker_embeddings`` (K, D) belongs
    to ``speaker_diarization.labels()[i]``; a speaker without a usable embedding has zeros.
    ``notices`` are what a caller must know besides: a number of speakers that could not be met,
    ghost speakers, sound that was left out. ``provenance`` states in plain values what produced
    the result: ovdiar's version, the bundle, the hyper-parameters, the recording's name and length.
    """

    speaker_diarization: Annotation
    exclusive_speaker_diarization: Annotation
    speaker_embeddings: NDArray[Any]
    provenance: Mapping[str, Any] | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def confidence(self) -> tuple[float | None, ...]:
        """The confidence of each turn of ``speaker_diarization``, 0 to 1, in the same order."""
        return tuple(turn.confidence for turn in self.speaker_diarization.turns)

    def serialize(self) -> dict[str, Any]:
        """Return plain values: pyannote's two lists of turns, and ovdiar's additions.

        ``{"diarization": [{"start": 0.031, "end": 1.235, "speaker": "SPEAKER_00", "confidence":
        0.93}, ...], "exclusive_diarization": [...], "speakers": [...], "notices": [...],
        "provenance": {...}}``; see `ovdiar.serialization`.
        """
        return serialize(
            self.speaker_diarization,
            self.exclusive_speaker_diarization,
            self.provenance,
            self.notices,
        )
