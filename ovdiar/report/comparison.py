"""A reference beside the turns: who is who, and where the two differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.metrics.cells import cut
from ovdiar.metrics.der import DiarizationErrors, cell_errors, diarization_errors
from ovdiar.metrics.mapping import speaker_mapping
from ovdiar.segment import Segment, merge

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation

KINDS = ("miss", "false alarm", "confusion")
"""In the order of `ovdiar.metrics.der.cell_errors`."""


@dataclass(frozen=True)
class Comparison:
    """What a reference says of turns, strictly: no collar, overlap counts.

    Parameters
    ----------
    reference : the truth
    names : the reference's speaker of each speaker that has one
    regions : where speech is missed, invented (false alarm) or confused, by the names of `KINDS`
    errors : how much of each, speaker-seconds
    """

    reference: Annotation
    names: dict[str, str]
    regions: dict[str, tuple[Segment, ...]]
    errors: DiarizationErrors


def compare(reference: Annotation, hypothesis: Annotation) -> Comparison:
    """Compare turns with the truth, each stretch of time by itself."""
    cells = cut(reference, hypothesis)
    counts = cell_errors(cells)
    ends_s = cells.starts_s + cells.durations_s
    regions = {}
    for kind, wrong in zip(KINDS, counts.T > 0, strict=True):
        borders = zip(cells.starts_s[wrong].tolist(), ends_s[wrong].tolist(), strict=True)
        regions[kind] = merge(Segment(start_s, end_s) for start_s, end_s in borders)
    return Comparison(
        reference,
        speaker_mapping(reference, hypothesis),
        regions,
        diarization_errors(reference, hypothesis),
    )
