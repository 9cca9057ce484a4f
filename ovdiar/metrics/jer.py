"""Jaccard error rate: the mean error over speakers, each with equal weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import scored_cells
from ovdiar.metrics.counts import Counts
from ovdiar.metrics.mapping import pairs
from ovdiar.metrics.scoring import STRICT, Scoring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class JaccardErrors(Counts):
    """Sum of the errors of the reference's speakers (0 to 1 each), and their number."""

    error: float = 0.0
    speakers: int = 0

    @property
    def rate(self) -> float:
        """Mean over speakers; 1 if there are none, as in pyannote.metrics."""
        return self.error / self.speakers if self.speakers else 1.0


def jaccard_errors(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
) -> JaccardErrors:
    """Compute the Jaccard error rate, with an optimal mapping of speakers.

    The error of a speaker is 1 - |intersection| / |union|, by duration, and 1 for an unmapped
    speaker (second DIHARD challenge, evaluation plan, 2019; pyannote.metrics' JaccardErrorRate).

    Parameters
    ----------
    reference, hypothesis
        Turns to compare.
    uem
        Segments to score. By default, everything from the first to the last turn of either side.
    scoring
        Collar and overlap.
    """
    cells = scored_cells(reference, hypothesis, uem=uem, scoring=scoring)
    error = float(len(cells.reference_labels))
    for r, h in pairs(cells.cooccurrence()):
        expected, found = cells.reference[:, r] > 0, cells.hypothesis[:, h] > 0
        error -= float(
            cells.durations_s @ (expected & found) / (cells.durations_s @ (expected | found))
        )
    return JaccardErrors(error, len(cells.reference_labels))
