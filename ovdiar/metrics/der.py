"""Diarization error rate: missed, invented and confused speech, in speaker-seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.metrics.cells import cut
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
    """Speaker-seconds: missed, invented, given to another speaker, and in the reference."""

    miss_s: float = 0.0
    false_alarm_s: float = 0.0
    confusion_s: float = 0.0
    total_s: float = 0.0

    @property
    def error_s(self) -> float:
        """All errors, s."""
        return self.miss_s + self.false_alarm_s + self.confusion_s

    @property
    def correct_s(self) -> float:
        """What was found and given to the right speaker, s."""
        return self.total_s - self.miss_s - self.confusion_s

    @property
    def rate(self) -> float:
        """The diarization error rate: errors by the reference's speech; it may exceed 1."""
        return error_share(self.error_s, self.total_s)


def diarization_errors(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
    mapping: Mapping = "optimal",
) -> DiarizationErrors:
    """Compare who speaks when, after naming speakers alike.

    In a stretch with R speakers in the reference and H in the hypothesis, of whom C agree,
    max(0, R - H) are missed, max(0, H - R) invented and min(R, H) - C confused (NIST, Rich
    Transcription evaluation; the counts of pyannote.metrics' DiarizationErrorRate and, with
    ``greedy``, of its GreedyDiarizationErrorRate). A speaker's own turns that meet count each.

    Parameters
    ----------
    uem
        The parts to score; without them all from the first to the last turn of either side.
    scoring
        Collar and overlap.
    mapping
        How speakers are paired.
    """
    cells = cut(reference, hypothesis, uem=uem, scoring=scoring)
    miss_s, false_alarm_s, confusion_s = cells.durations_s @ cell_errors(cells, mapping)
    return DiarizationErrors(
        miss_s=float(miss_s),
        false_alarm_s=float(false_alarm_s),
        confusion_s=float(confusion_s),
        total_s=float(cells.durations_s @ cells.reference.sum(axis=1)),
    )


def cell_errors(cells: Cells, mapping: Mapping = "optimal") -> NDArray[np.int64]:
    """Count the speakers missed, invented and confused in each cell: (E, 3), in that order."""
    in_reference = cells.reference.sum(axis=1)
    in_hypothesis = cells.hypothesis.sum(axis=1)
    agree = np.zeros_like(in_reference)
    for theirs, ours in pairs(cells.cooccurrence().T, mapping):
        agree += np.minimum(cells.hypothesis[:, theirs], cells.reference[:, ours])
    missed = np.maximum(0, in_reference - in_hypothesis)
    invented = np.maximum(0, in_hypothesis - in_reference)
    return np.stack([missed, invented, np.minimum(in_reference, in_hypothesis) - agree], axis=1)
