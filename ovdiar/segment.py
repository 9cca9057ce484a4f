"""Time intervals in seconds, with the names and rules of pyannote.core."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST_S = 1e-6
"""Segments up to this duration (s) are empty, as in pyannote.core."""


@dataclass(frozen=True, order=True)
class Segment:
    """Time interval. An empty segment is false.

    Parameters
    ----------
    start, end
        Times, in seconds.

    Raises
    ------
    ConfigError
        If a time is not finite.
    """

    start: float
    end: float

    def __post_init__(self) -> None:
        """Check that both times are finite."""
        if not (math.isfinite(self.start) and math.isfinite(self.end)):
            raise ConfigError(
                f"a segment from {self.start} to {self.end} s is not finite: give finite times"
            )

    def __bool__(self) -> bool:
        """Return whether the segment is longer than a microsecond."""
        return bool(self.end - self.start > SHORTEST_S)

    @property
    def duration(self) -> float:
        """Duration, in seconds; 0 if empty."""
        return self.end - self.start if self else 0.0

    @property
    def middle(self) -> float:
        """Midpoint, in seconds."""
        return 0.5 * (self.start + self.end)

    def __and__(self, other: Segment) -> Segment:
        """Return the intersection, which is false if the segments are disjoint."""
        return Segment(max(self.start, other.start), min(self.end, other.end))

    def __or__(self, other: Segment) -> Segment:
        """Return the convex hull; empty segments are ignored."""
        if not self or not other:
            return self or other
        return Segment(min(self.start, other.start), max(self.end, other.end))

    def __contains__(self, other: Segment) -> bool:
        """Return whether another segment lies within this one."""
        return self.start <= other.start and other.end <= self.end

    def intersects(self, other: Segment) -> bool:
        """Return whether the segments share more than a microsecond."""
        return bool(self & other)

    def __str__(self) -> str:
        """Return both times in hours, minutes and seconds."""
        return f"[{_timestamp(self.start)} --> {_timestamp(self.end)}]" if self else "[]"


def _timestamp(time_s: float) -> str:
    sign = "-" if time_s < 0 else " "
    minutes, seconds = divmod(abs(time_s), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{sign}{hours:02d}:{minutes:02d}:{seconds:06.3f}"


def merge(segments: Iterable[Segment], collar: float = 0.0) -> tuple[Segment, ...]:
    """Merge segments that overlap, touch, or are less than ``collar`` seconds apart.

    Gaps of up to a microsecond are always filled, as in pyannote.core's ``Timeline.support``.
    """
    merged: list[Segment] = []
    for segment in sorted(filter(None, segments)):
        if merged:
            gap = segment.start - merged[-1].end
            if gap <= SHORTEST_S or gap < collar:
                merged[-1] = Segment(merged[-1].start, max(merged[-1].end, segment.end))
                continue
        merged.append(segment)
    return tuple(merged)


def intersect(first: Iterable[Segment], second: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return what two sets of segments share, merged and in order."""
    ours, theirs = deque(merge(first)), deque(merge(second))
    shared = []
    while ours and theirs:
        shared.append(ours[0] & theirs[0])
        (ours if ours[0].end <= theirs[0].end else theirs).popleft()
    return tuple(filter(None, shared))


def total_duration(segments: Iterable[Segment]) -> float:
    """Return the duration (s) of segments together; where they overlap counts once."""
    return sum(segment.duration for segment in merge(segments))
