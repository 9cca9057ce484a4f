"""How many speakers were found, against how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import cut
from ovdiar.metrics.counts import Counts, correct_share, error_share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class SpeakerCounts(Counts):
    """Speakers in the reference and found, summed over recordings, and by how many they differ.

    ``error`` sums the recordings' absolute differences, ``exact`` counts recordings without one.
    """

    expected: int = 0
    found: int = 0
    error: int = 0
    exact: int = 0
    recordings: int = 0

    @property
    def rate(self) -> float:
        """The mean error in speakers per recording; 0 without recordings."""
        return error_share(self.error, self.recordings)

    @property
    def accuracy(self) -> float:
        """The share of recordings with the exact number; 1 without recordings."""
        return correct_share(self.exact, self.recordings)


def speaker_counts(
    reference: Annotation, hypothesis: Annotation, *, uem: Iterable[Segment] | None = None
) -> SpeakerCounts:
    """Count the speakers who are heard in the scored parts; collars play no role here.

    Parameters
    ----------
    uem
        The parts to score; without them all from the first to the last turn of either side.
    """
    cells = cut(reference, hypothesis, uem=uem)
    expected, found = len(cells.reference_labels), len(cells.hypothesis_labels)
    error = abs(expected - found)
    return SpeakerCounts(expected, found, error, exact=int(error == 0), recordings=1)
