"""The result of a diarization (pyannote.audio 4 ``DiarizeOutput``)."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import MissingPackageError
from ovdiar.notebook import to_html, to_svg
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

    def __eq__(self, other: object) -> bool:
        """Compare turns, embeddings (NaN equals NaN), provenance and notices."""
        if not isinstance(other, DiarizationResult):
            return NotImplemented
        return (
            self.speaker_diarization == other.speaker_diarization
            and self.exclusive_speaker_diarization == other.exclusive_speaker_diarization
            and self.provenance == other.provenance
            and self.notices == other.notices
            and np.array_equal(self.speaker_embeddings, other.speaker_embeddings, equal_nan=True)
        )

    def __hash__(self) -> int:
        """Hash the turns."""
        return hash((self.speaker_diarization, self.exclusive_speaker_diarization))

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

    def to_dataframe(self) -> Any:
        """Return a pandas.DataFrame with a row for each turn of ``speaker_diarization``.

        Columns are ``start`` and ``end`` (s), ``speaker``, and ``confidence`` (0 to 1, NaN where it
        is unknown).

        Raises
        ------
        MissingPackageError
            If pandas is not installed.
        """
        try:
            pandas: Any = importlib.import_module("pandas")
        except ImportError as error:
            raise MissingPackageError("to_dataframe needs pandas: pip install pandas") from error
        turns = self.speaker_diarization.turns
        return pandas.DataFrame(
            {
                "start": np.array([turn.segment.start for turn in turns], dtype=np.float64),
                "end": np.array([turn.segment.end for turn in turns], dtype=np.float64),
                "speaker": [turn.speaker for turn in turns],
                "confidence": np.array([turn.confidence for turn in turns], dtype=np.float64),
            }
        )

    def _repr_svg_(self) -> str:
        """Draw a timeline."""
        return to_svg(self.speaker_diarization)

    def _repr_html_(self) -> str:
        """Show a timeline, the notices and a table of turns in a notebook."""
        return to_html(self.speaker_diarization, map(str, self.notices))
