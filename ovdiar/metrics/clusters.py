"""Purity and coverage: do clusters mix speakers, do speakers fall apart into clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import cut
from ovdiar.metrics.counts import Counts, correct_share
from ovdiar.metrics.scoring import STRICT, Scoring

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment


@dataclass(frozen=True)
class ClusterPurity(Counts):
    """Seconds of clusters, and of those the seconds of each cluster's main speaker."""

    correct_s: float = 0.0
    total_s: float = 0.0

    @property
    def rate(self) -> float:
        """The share; 1 where there are no clusters."""
        return correct_share(self.correct_s, self.total_s)


def purity(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
) -> ClusterPurity:
    """Measure how much of each speaker of the hypothesis is one speaker of the reference.

    Unlike pyannote.metrics' DiarizationPurity, which takes everything whatever it is told, this
    keeps to the scored parts; so does `coverage`.

    Parameters
    ----------
    uem
        The parts to score; without them all from the first to the last turn of either side.
    scoring
        Collar and overlap.
    """
    cells = cut(reference, hypothesis, uem=uem, scoring=scoring)
    return _purity(cells.durations_s, cells.hypothesis > 0, cells.reference > 0)


def coverage(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
) -> ClusterPurity:
    """Measure how much of each speaker of the reference is one speaker of the hypothesis.

    The parameters are those of `purity`.
    """
    cells = cut(reference, hypothesis, uem=uem, scoring=scoring)
    return _purity(cells.durations_s, cells.reference > 0, cells.hypothesis > 0)


def _purity(
    durations_s: NDArray[np.float64], clusters: NDArray[np.bool_], classes: NDArray[np.bool_]
) -> ClusterPurity:
    """Sum each cluster's (E, K) time, and its time with the class (E, L) it shares most with."""
    clusters_s = clusters * durations_s[:, None]
    shared_s = clusters_s.T @ classes
    return ClusterPurity(
        correct_s=float(shared_s.max(axis=1, initial=0.0).sum()), total_s=float(clusters_s.sum())
    )
