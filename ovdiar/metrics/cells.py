"""Scored time, split into cells within which no speaker starts or stops.

Every metric is a sum over these cells, so that none depends on a frame length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.metrics.scoring import STRICT, Scoring
from ovdiar.segment import SHORTEST_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment


@dataclass(frozen=True, eq=False)
class Cells:
    """``E`` cells of scored time with the speakers active in each.

    Parameters
    ----------
    starts_s, durations_s
        (E,), in seconds.
    reference, hypothesis
        (E, R) and (E, H): the number of turns of each speaker that cover the cell. It exceeds 1
        where turns of the same speaker overlap.
    reference_labels, hypothesis_labels
        The R and H speakers of the columns, sorted by name. Only speakers active in scored time
        have a column.
    """

    starts_s: NDArray[np.float64]
    durations_s: NDArray[np.float64]
    reference: NDArray[np.int64]
    hypothesis: NDArray[np.int64]
    reference_labels: tuple[str, ...]
    hypothesis_labels: tuple[str, ...]

    def cooccurrence(self) -> NDArray[np.float64]:
        """Return the overlap duration (s) of each pair of speakers, summed over turns, (R, H)."""
        reference_s = self.reference * self.durations_s[:, None]
        shared_s: NDArray[np.float64] = reference_s.T @ self.hypothesis
        return shared_s


def scored_cells(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
) -> Cells:
    """Split scored time into cells at every boundary of the reference and the hypothesis.

    Cells of up to a microsecond are dropped, as empty segments are (see `SHORTEST_S`).

    Parameters
    ----------
    reference, hypothesis
        Turns to compare.
    uem
        Segments to score. By default, everything from the first to the last turn of either side,
        so that false alarms after the end of the reference count.
    scoring
        Collar and overlap of the reference to exclude.
    """
    labels = (reference.labels(), hypothesis.labels())
    spans = (_spans(s for s, _ in reference), _spans(s for s, _ in hypothesis))
    extent = reference.extent | hypothesis.extent
    parts = _spans([extent] if uem is None else uem)
    around = spans[0].reshape(-1, 1) + np.array([-scoring.side_s, scoring.side_s])

    boundaries = np.unique(np.concatenate([*spans, parts, around], axis=None))
    counts = [
        _cover(boundaries, span, _columns(side, names), len(names))
        for side, span, names in zip((reference, hypothesis), spans, labels, strict=True)
    ]
    durations_s = np.diff(boundaries)
    scored = (_cover(boundaries, parts)[:, 0] > 0) & (durations_s > SHORTEST_S)
    if scoring.side_s:
        scored &= _cover(boundaries, around)[:, 0] == 0
    if scoring.skip_overlap:
        scored &= counts[0].sum(axis=1) <= 1

    counts = [count[scored] for count in counts]
    active = [np.flatnonzero(count.any(axis=0)) for count in counts]
    return Cells(
        boundaries[:-1][scored],
        durations_s[scored],
        counts[0][:, active[0]],
        counts[1][:, active[1]],
        tuple(labels[0][column] for column in active[0]),
        tuple(labels[1][column] for column in active[1]),
    )


def _spans(segments: Iterable[Segment]) -> NDArray[np.float64]:
    rows = [(segment.start, segment.end) for segment in segments]
    return np.array(rows, np.float64).reshape(-1, 2)


def _columns(annotation: Annotation, names: list[str]) -> NDArray[np.int64]:
    index = {name: column for column, name in enumerate(names)}
    return np.array([index[who] for _, who in annotation], np.int64)


def _cover(
    boundaries: NDArray[np.float64],
    spans: NDArray[np.float64],
    columns: NDArray[np.int64] | int = 0,
    width: int = 1,
) -> NDArray[np.int64]:
    """Count the spans that cover each cell, by column; (cells, width)."""
    begun, ended = (
        np.bincount(
            np.searchsorted(boundaries, times) * width + columns, minlength=boundaries.size * width
        )
        for times in spans.T
    )
    return np.cumsum((begun - ended).reshape(boundaries.size, width), axis=0)[:-1]
