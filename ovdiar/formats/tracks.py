"""Build annotations from the rows of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import FormatError
from ovdiar.formats.columns import checked_time
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable


def annotation_from_rows(rows: Iterable[tuple[Segment, str]]) -> Annotation:
    """Return an annotation with one track per row, in order; empty segments are dropped."""
    return Annotation(
        tuple(Turn(segment, who, f"{place:08d}") for place, (segment, who) in enumerate(rows))
    )


def checked_segment(start_s: float, end_s: float, where: str) -> Segment:
    """Return a segment, or raise FormatError if it ends before it starts or no clock shows it."""
    if end_s < start_s:
        raise FormatError(f"{where}: the end {end_s} s is before the start {start_s} s: correct it")
    for what, time_s in (("start", start_s), ("end", end_s)):
        checked_time(time_s, f"{time_s:g} s", what, where)
    return Segment(start_s, end_s)


def merge_overlapping(timeline: Iterable[Segment]) -> list[Segment]:
    """Merge segments that overlap; segments that only touch stay separate."""
    kept: list[Segment] = []
    for segment in sorted(timeline):
        hull = kept.pop() | segment if kept and segment.start < kept[-1].end else segment
        kept.append(hull)
    return kept


def checked_times(annotation: Annotation) -> Annotation:
    """Return the annotation, or raise FormatError if no clock shows its first or last time."""
    extent = annotation.extent
    checked_segment(extent.start, extent.end, annotation.uri or "the recording")
    return annotation


def checked_clock(annotation: Annotation) -> Annotation:
    """Return the annotation, or raise FormatError if a turn starts before 0 s as well."""
    start_s = checked_times(annotation).extent.start
    if start_s < 0:
        raise FormatError(
            f"a turn starts at {start_s} s, before the recording: trim it at 0 s, or use RTTM, "
            "CSV or JSON"
        )
    return annotation
