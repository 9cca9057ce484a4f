"""Which speaker of the hypothesis is which of the reference: one to one, by the time they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from ovdiar.errors import ConfigError
from ovdiar.metrics.cells import cut
from ovdiar.metrics.scoring import STRICT, Scoring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

Mapping = Literal["optimal", "greedy"]
"""Most shared time in all (Hungarian algorithm), or the pair that shares most first, and so on."""


def pairs(cooccurrence: NDArray[np.float64], mapping: Mapping = "optimal") -> list[tuple[int, int]]:
    """Pair rows with columns, each at most once; pairs that share no time stay apart.

    Raises
    ------
    ConfigError
        When the mapping is neither ``optimal`` nor ``greedy``.
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
    """Name the reference's speaker of each of the hypothesis's speakers that has one."""
    cells = cut(reference, hypothesis, uem=uem, scoring=scoring)
    return {
        cells.hypothesis_labels[row]: cells.reference_labels[column]
        for row, column in pairs(cells.cooccurrence().T, mapping)
    }
