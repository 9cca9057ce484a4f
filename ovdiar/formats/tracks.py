"""Build annotations from files: turns over the same segment keep the order of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import FormatError
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable


def in_order(rows: Iterable[tuple[Segment, str]]) -> Annotation:
    """Return the turns, a track each by its place; empty segments are left out."""
    return Annotation(
        tuple(Turn(segment, who, f"{place:08d}") for place, (segment, who) in enumerate(rows))
    )


def forward(start_s: float, end_s: float, where: str) -> Segment:
    """Return a segment, or raise FormatError where it ends before it starts."""
    if end_s < start_s:
        raise FormatError(f"{where}: the end {end_s} s is before the start {start_s} s: correct it")
    return Segment(start_s, end_s)


def apart(timeline: Iterable[Segment]) -> list[Segment]:
    """Make one of segments that overlap; those that only touch stay two."""
    kept: list[Segment] = []
    for segment in sorted(timeline):
        hull = kept.pop() | segment if kept and segment.start < kept[-1].end else segment
        kept.append(hull)
    return kept


def from_zero(annotation: Annotation) -> Annotation:
    """Return the annotation, or raise FormatError where a turn starts before 0 s."""
    start_s = annotation.extent.start
    if start_s < 0:
        raise FormatError(
            f"a turn starts at {start_s} s, before the recording: cut it at 0 s, or choose RTTM, "
            "CSV or JSON"
        )
    return annotation
