"""Diarization error rate: missed detection, false alarm and confusion, in speaker-seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.metrics.cells import scored_cells
from ovdiar.metrics.counts import Counts, error_share
from ovdiar.metrics.mapping import Mapping, pairs
from ovdiar.metrics.scoring import STRICT, Scoring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.metrics.cells import Cells
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class DiarizationErrors(Counts):
    """Missed detection, false alarm, confusion, and speech in the reference, in speaker-seconds."""

    miss_s: float = 0.0
    false_alarm_s: float = 0.0
    confusion_s: float = 0.0
    total_s: float = 0.0

    @property
    def error_s(self) -> float:
        """Sum of all errors, in speaker-seconds."""
        return self.miss_s + self.false_alarm_s + self.confusion_s

    @property
    def correct_s(self) -> float:
        """Speech attributed to the right speaker, in speaker-seconds."""
        return self.total_s - self.miss_s - self.confusion_s

    @property
    def rate(self) -> float:
        """Diarization error rate: errors relative to the speech in the reference; may exceed 1."""
        return error_share(self.error_s, self.total_s)


def diarization_errors(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
    mapping: Mapping = "optimal",
) -> DiarizationErrors:
    """Compute the diarization error rate.

    Speakers of both sides are mapped to each other first. In a cell with R speakers in the
    reference and H in the hypothesis, C of whom are correct, max(0, R - H) are missed, max(0, H -
    R) are false alarms and min(R, H) - C are confused (NIST, Rich Transcription evaluation;
    pyannote.metrics' DiarizationErrorRate and, with ``greedy``, GreedyDiarizationErrorRate).
    Overlapping turns of one speaker count separately.

    Parameters
    ----------
    reference, hypothesis
        Turns to compare.
    uem
        Segments to score. By default, everything from the first to the last turn of either side.
    scoring
        Collar and overlap.
    mapping
        How speakers are mapped, ``"optimal"`` or ``"greedy"``.

    Raises
    ------
    ConfigError
        If the mapping is unknown.
    """
    cells = scored_cells(reference, hypothesis, uem=uem, scoring=scoring)
    miss_s, false_alarm_s, confusion_s = cells.durations_s @ cell_errors(cells, mapping)
    return DiarizationErrors(
        miss_s=float(miss_s),
        false_alarm_s=float(false_alarm_s),
        confusion_s=float(confusion_s),
        total_s=float(cells.durations_s @ cells.reference.sum(axis=1)),
    )


def cell_errors(cells: Cells, mapping: Mapping = "optimal") -> NDArray[np.int64]:
    """Count missed, false alarm and confused speakers in each cell, (E, 3) in that order."""
    in_reference = cells.reference.sum(axis=1)
    in_hypothesis = cells.hypothesis.sum(axis=1)
    agree = np.zeros_like(in_reference)
    for h, r in pairs(cells.cooccurrence().T, mapping):
        agree += np.minimum(cells.hypothesis[:, h], cells.reference[:, r])
    missed = np.maximum(0, in_reference - in_hypothesis)
    false_alarms = np.maximum(0, in_hypothesis - in_reference)
    return np.stack([missed, false_alarms, np.minimum(in_reference, in_hypothesis) - agree], axis=1)
