"""Jaccard error rate: how badly each speaker fares, all speakers weighing the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import cut
from ovdiar.metrics.counts import Counts
from ovdiar.metrics.mapping import pairs
from ovdiar.metrics.scoring import STRICT, Scoring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class JaccardErrors(Counts):
    """The sum of the reference speakers' errors (each 0 to 1), and how many speakers there are."""

    error: float = 0.0
    speakers: int = 0

    @property
    def rate(self) -> float:
        """The mean over speakers; 1 without any, as in pyannote.metrics."""
        return self.error / self.speakers if self.speakers else 1.0


def jaccard_errors(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
) -> JaccardErrors:
    """Compare each reference speaker with the one paired to it (optimally).

    A speaker's error is 1 - |both| / |either|, by time; 1 where nobody is paired (second DIHARD
    challenge, evaluation plan, 2019; pyannote.metrics' JaccardErrorRate).

    Parameters
    ----------
    uem
        The parts to score; without them all from the first to the last turn of either side.
    scoring
        Collar and overlap.
    """
    cells = cut(reference, hypothesis, uem=uem, scoring=scoring)
    error = float(len(cells.reference_labels))
    for ours, theirs in pairs(cells.cooccurrence()):
        expected, found = cells.reference[:, ours] > 0, cells.hypothesis[:, theirs] > 0
        error -= float(
            cells.durations_s @ (expected & found) / (cells.durations_s @ (expected | found))
        )
    return JaccardErrors(error, len(cells.reference_labels))
