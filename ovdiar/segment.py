"""Intervals of time in seconds, with the names and rules of pyannote.core."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST_S = 1e-6
"""Segments up to this long count as empty (pyannote.core's precision), s."""


@dataclass(frozen=True, order=True)
class Segment:
    """An interval from ``start`` to ``end``, s; false when it is empty."""

    start: float
    end: float

    def __post_init__(self) -> None:
        """Refuse times that are no times."""
        if not (math.isfinite(self.start) and math.isfinite(self.end)):
            raise ConfigError(f"a segment from {self.start} to {self.end} s is not finite")

    def __bool__(self) -> bool:
        """Tell whether it is longer than a microsecond."""
        return bool(self.end - self.start > SHORTEST_S)

    @property
    def duration(self) -> float:
        """Length, s; 0 when empty."""
        return self.end - self.start if self else 0.0

    @property
    def middle(self) -> float:
        """Centre, s."""
        return 0.5 * (self.start + self.end)

    def __and__(self, other: Segment) -> Segment:
        """Intersect; false when the two do not meet."""
        return Segment(max(self.start, other.start), min(self.end, other.end))

    def __or__(self, other: Segment) -> Segment:
        """Return the hull of the two; an empty one adds nothing."""
        if not self or not other:
            return self or other
        return Segment(min(self.start, other.start), max(self.end, other.end))

    def __contains__(self, other: Segment) -> bool:
        """Tell whether another segment lies within this one."""
        return self.start <= other.start and other.end <= self.end

    def intersects(self, other: Segment) -> bool:
        """Tell whether the two share more than a microsecond."""
        return bool(self & other)

    def __str__(self) -> str:
        """Return hours, minutes and seconds of both ends."""
        return f"[{_clock(self.start)} --> {_clock(self.end)}]" if self else "[]"


def _clock(time_s: float) -> str:
    sign = "-" if time_s < 0 else " "
    minutes, seconds = divmod(abs(time_s), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{sign}{hours:02d}:{minutes:02d}:{seconds:06.3f}"


def merge(segments: Iterable[Segment], collar: float = 0.0) -> tuple[Segment, ...]:
    """Join what overlaps, touches, or leaves a gap shorter than ``collar`` seconds (strictly).

    pyannote.core's ``Timeline.support``: a gap up to a microsecond is no gap.
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
