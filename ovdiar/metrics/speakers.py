"""Number of speakers in the hypothesis and in the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import scored_cells
from ovdiar.metrics.counts import Counts, correct_share, error_share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class SpeakerCounts(Counts):
    """Numbers of speakers, summed over recordings.

    Parameters
    ----------
    expected, found
        Speakers in the reference and in the hypothesis.
    error
        Sum of the absolute differences.
    exact
        Number of recordings without a difference.
    recordings
        Number of recordings.
    """

    expected: int = 0
    found: int = 0
    error: int = 0
    exact: int = 0
    recordings: int = 0

    @property
    def rate(self) -> float:
        """Mean absolute error in speakers per recording; 0 without recordings."""
        return error_share(self.error, self.recordings)

    @property
    def accuracy(self) -> float:
        """Share of recordings with the exact number; 1 without recordings."""
        return correct_share(self.exact, self.recordings)


def speaker_counts(
    reference: Annotation, hypothesis: Annotation, *, uem: Iterable[Segment] | None = None
) -> SpeakerCounts:
    """Count the speakers active in scored time, without a collar.

    Parameters
    ----------
    reference, hypothesis
        Turns to compare.
    uem
        Segments to score. By default, everything from the first to the last turn of either side.
    """
    cells = scored_cells(reference, hypothesis, uem=uem)
    expected, found = len(cells.reference_labels), len(cells.hypothesis_labels)
    error = abs(expected - found)
    return SpeakerCounts(expected, found, error, exact=int(error == 0), recordings=1)
