"""One-to-one mapping between the speakers of hypothesis and reference, by overlap duration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from ovdiar.errors import ConfigError
from ovdiar.metrics.cells import scored_cells
from ovdiar.metrics.scoring import STRICT, Scoring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

Mapping = Literal["optimal", "greedy"]
"""Maximise the total overlap (Hungarian algorithm), or map the largest overlap first."""


def pairs(cooccurrence: NDArray[np.float64], mapping: Mapping = "optimal") -> list[tuple[int, int]]:
    """Pair rows with columns one to one; pairs without overlap are left out.

    Parameters
    ----------
    cooccurrence
        (R, C), overlap durations in seconds.
    mapping
        ``"optimal"`` or ``"greedy"``.

    Raises
    ------
    ConfigError
        If the mapping is unknown.
    """
    if mapping == "optimal":
        found = np.stack(linear_sum_assignment(cooccurrence, maximize=True), axis=1).tolist()
    elif mapping == "greedy":
        found = _greedy(cooccurrence)
    else:
        raise ConfigError(f"mapping {mapping!r} is unknown: choose optimal or greedy")
    return [(row, column) for row, column in found if cooccurrence[row, column] > 0]


def _greedy(cooccurrence: NDArray[np.float64]) -> list[tuple[int, int]]:
    left = cooccurrence.copy()
    found = []
    for _ in range(min(left.shape)):
        row, column = divmod(int(np.argmax(left)), left.shape[1])
        found.append((row, column))
        left[row, :] = left[:, column] = -1.0
    return found


def speaker_mapping(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: Iterable[Segment] | None = None,
    scoring: Scoring = STRICT,
    mapping: Mapping = "optimal",
) -> dict[str, str]:
    """Map speakers of the hypothesis to speakers of the reference.

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

    Returns
    -------
    Label in the reference by label in the hypothesis; unmapped speakers are left out.
    """
    cells = scored_cells(reference, hypothesis, uem=uem, scoring=scoring)
    return {
        cells.hypothesis_labels[row]: cells.reference_labels[column]
        for row, column in pairs(cells.cooccurrence().T, mapping)
    }
