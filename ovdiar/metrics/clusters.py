"""Purity (do clusters mix speakers?) and coverage (are speakers split into clusters?)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import scored_cells
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
    """Duration of all clusters, and of the dominant speaker of each cluster, in seconds."""

    correct_s: float = 0.0
    total_s: float = 0.0

    @property
    def rate(self) -> float:
        """Purity or coverage; 1 if there are no clusters."""
        return correct_share(self.correct_s, self.total_s)


def purity(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
) -> ClusterPurity:
    """Measure to what extent each speaker of the hypothesis is a single speaker of the reference.

    Unlike pyannote.metrics' DiarizationPurity, which ignores the UEM, this and `coverage` only use
    scored time.

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
    return _purity(cells.durations_s, cells.hypothesis > 0, cells.reference > 0)


def coverage(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
) -> ClusterPurity:
    """Measure to what extent each speaker of the reference is a single speaker of the hypothesis.

    Parameters are those of `purity`.
    """
    cells = scored_cells(reference, hypothesis, uem=uem, scoring=scoring)
    return _purity(cells.durations_s, cells.reference > 0, cells.hypothesis > 0)


def _purity(
    durations_s: NDArray[np.float64], clusters: NDArray[np.bool_], classes: NDArray[np.bool_]
) -> ClusterPurity:
    """Sum the time of each cluster (E, K), and its time with its most frequent class (E, L)."""
    clusters_s = clusters * durations_s[:, None]
    shared_s = clusters_s.T @ classes
    return ClusterPurity(
        correct_s=float(shared_s.max(axis=1, initial=0.0).sum()), total_s=float(clusters_s.sum())
    )
