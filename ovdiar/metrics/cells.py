"""The scored time, cut into cells: between two neighbouring borders nothing changes.

Every metric is a sum over these cells, so none depends on a frame length.
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
    """``E`` stretches of scored time, and who speaks in each.

    Parameters
    ----------
    starts_s, durations_s
        (E,), s.
    reference, hypothesis
        (E, R) and (E, H): how many turns of each speaker cover the cell. More than one where a
        speaker's own turns meet.
    reference_labels, hypothesis_labels
        The speakers of the columns, in the order of their names: those who speak in scored time.
    """

    starts_s: NDArray[np.float64]
    durations_s: NDArray[np.float64]
    reference: NDArray[np.int64]
    hypothesis: NDArray[np.int64]
    reference_labels: tuple[str, ...]
    hypothesis_labels: tuple[str, ...]

    def cooccurrence(self) -> NDArray[np.float64]:
        """Time (s) that each pair of speakers shares, turn by turn; (R, H)."""
        reference_s = self.reference * self.durations_s[:, None]
        shared_s: NDArray[np.float64] = reference_s.T @ self.hypothesis
        return shared_s


def cut(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
) -> Cells:
    """Cut what is scored at every border of either side.

    Scored are the parts ``uem``, or else all from the first to the last turn of either side (so
    that speech invented after the reference's end counts), less the collars and overlaps of the
    reference that ``scoring`` leaves out. Cells of up to a microsecond count as empty, as
    segments do.
    """
    labels = (reference.labels(), hypothesis.labels())
    spans = (_spans(s for s, _ in reference), _spans(s for s, _ in hypothesis))
    extent = reference.extent | hypothesis.extent
    parts = _spans([extent] if uem is None else uem)
    around = spans[0].reshape(-1, 1) + np.array([-scoring.side_s, scoring.side_s])

    borders = np.unique(np.concatenate([*spans, parts, around], axis=None))
    counts = [
        _cover(borders, span, _columns(side, names), len(names))
        for side, span, names in zip((reference, hypothesis), spans, labels, strict=True)
    ]
    durations_s = np.diff(borders)
    scored = (_cover(borders, parts)[:, 0] > 0) & (durations_s > SHORTEST_S)
    if scoring.side_s:
        scored &= _cover(borders, around)[:, 0] == 0
    if scoring.skip_overlap:
        scored &= counts[0].sum(axis=1) <= 1

    counts = [count[scored] for count in counts]
    heard = [np.flatnonzero(count.any(axis=0)) for count in counts]
    return Cells(
        borders[:-1][scored],
        durations_s[scored],
        counts[0][:, heard[0]],
        counts[1][:, heard[1]],
        tuple(labels[0][column] for column in heard[0]),
        tuple(labels[1][column] for column in heard[1]),
    )


def _spans(segments: Iterable[Segment]) -> NDArray[np.float64]:
    rows = [(segment.start, segment.end) for segment in segments]
    return np.array(rows, np.float64).reshape(-1, 2)


def _columns(annotation: Annotation, names: list[str]) -> NDArray[np.int64]:
    index = {name: column for column, name in enumerate(names)}
    return np.array([index[who] for _, who in annotation], np.int64)


def _cover(
    borders: NDArray[np.float64],
    spans: NDArray[np.float64],
    columns: NDArray[np.int64] | int = 0,
    width: int = 1,
) -> NDArray[np.int64]:
    """Count, for each cell and column, the spans that cover it; (cells, width)."""
    begun, ended = (
        np.bincount(
            np.searchsorted(borders, times) * width + columns, minlength=borders.size * width
        )
        for times in spans.T
    )
    return np.cumsum((begun - ended).reshape(borders.size, width), axis=0)[:-1]
