"""What a diarization returns (pyannote.audio 4 ``DiarizeOutput``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation


@dataclass(frozen=True, eq=False)
class DiarizationResult:
    """Who spoke when.

    ``speaker_diarization`` may overlap; ``exclusive_speaker_diarization`` has one speaker at a
    time, which is easier to lay over a transcript. Row i of ``speaker_embeddings`` (K, D) belongs
    to ``speaker_diarization.labels()[i]``; a speaker without a usable embedding has zeros.
    """

    speaker_diarization: Annotation
    exclusive_speaker_diarization: Annotation
    speaker_embeddings: NDArray[Any]

    @property
    def confidence(self) -> tuple[float | None, ...]:
        """How sure each turn of ``speaker_diarization`` is, 0 to 1, in the order of its turns."""
        return tuple(turn.confidence for turn in self.speaker_diarization.turns)

    def serialize(self) -> dict[str, list[dict[str, Any]]]:
        """Return both annotations as plain lists of start (s), end (s) and speaker."""
        return {
            "diarization": _rows(self.speaker_diarization),
            "exclusive_diarization": _rows(self.exclusive_speaker_diarization),
        }


def _rows(annotation: Annotation) -> list[dict[str, Any]]:
    return [
        {"start": round(segment.start, 3), "end": round(segment.end, 3), "speaker": speaker}
        for segment, speaker in annotation
    ]
