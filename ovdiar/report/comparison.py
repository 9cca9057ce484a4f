"""Comparison of turns with a reference: mapped speakers, and regions with errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import scored_cells
from ovdiar.metrics.der import DiarizationErrors, cell_errors, diarization_errors
from ovdiar.metrics.mapping import speaker_mapping
from ovdiar.segment import Segment, merge

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation

KINDS = ("miss", "false alarm", "confusion")
"""Kinds of errors, in the order of `ovdiar.metrics.der.cell_errors`."""


@dataclass(frozen=True)
class Comparison:
    """Comparison with a reference, without a collar and with overlap.

    Parameters
    ----------
    reference
        Reference turns.
    names
        Label in the reference by label in the hypothesis, for mapped speakers.
    regions
        Regions with each kind of error, by the names in `KINDS`.
    errors
        Durations of the errors, in speaker-seconds.
    """

    reference: Annotation
    names: dict[str, str]
    regions: dict[str, tuple[Segment, ...]]
    errors: DiarizationErrors


def compare(reference: Annotation, hypothesis: Annotation) -> Comparison:
    """Compare turns with a reference, cell by cell."""
    cells = scored_cells(reference, hypothesis)
    counts = cell_errors(cells)
    ends_s = cells.starts_s + cells.durations_s
    regions = {}
    for kind, wrong in zip(KINDS, counts.T > 0, strict=True):
        boundaries = zip(cells.starts_s[wrong].tolist(), ends_s[wrong].tolist(), strict=True)
        regions[kind] = merge(Segment(start_s, end_s) for start_s, end_s in boundaries)
    return Comparison(
        reference,
        speaker_mapping(reference, hypothesis),
        regions,
        diarization_errors(reference, hypothesis),
    )
