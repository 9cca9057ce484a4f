"""Scoring as a person would do it with a stopwatch: frame by frame, every mapping tried.

Slow and obvious. Times must be whole sixteenths of a second, collars too.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

FRAME_S = 1 / 16


class Frame(NamedTuple):
    """Whose turns cover a scored frame; a name twice where two turns of one speaker meet."""

    reference: list[str]
    hypothesis: list[str]


def frames(
    reference: Annotation,
    hypothesis: Annotation,
    uem: Iterable[Segment] | None,
    side_s: float,
    *,
    skip_overlap: bool,
) -> list[Frame]:
    """List the scored frames."""
    turns = [segment for side in (reference, hypothesis) for segment, _ in side]
    first = min((segment.start for segment in turns), default=0.0)
    last = max((segment.end for segment in turns), default=0.0)
    borders = [time for segment, _ in reference for time in (segment.start, segment.end)]
    parts = None if uem is None else list(uem)
    ends = [last, *(part.end for part in parts or [])]
    scored = []
    for index in range(round(max(ends) / FRAME_S)):
        middle = (index + 0.5) * FRAME_S
        if parts is None and not first < middle < last:
            continue
        if parts is not None and not any(part.start < middle < part.end for part in parts):
            continue
        if any(abs(middle - border) < side_s for border in borders):
            continue
        frame = Frame(
            [who for segment, who in reference if segment.start < middle < segment.end],
            [who for segment, who in hypothesis if segment.start < middle < segment.end],
        )
        if skip_overlap and len(frame.reference) > 1:
            continue
        scored.append(frame)
    return scored


def best_mappings(scored: list[Frame]) -> list[dict[str, str]]:
    """Try every one-to-one naming of hypothesis speakers; keep those that share most time."""
    ours = sorted({who for frame in scored for who in frame.reference})
    theirs = sorted({who for frame in scored for who in frame.hypothesis})

    def shared(naming: dict[str, str]) -> int:
        return sum(
            frame.hypothesis.count(found) * frame.reference.count(who)
            for frame in scored
            for found, who in naming.items()
        )

    namings = list(_namings(theirs, ours))
    most = max(map(shared, namings))
    return [naming for naming in namings if shared(naming) == most]


def _namings(theirs: list[str], ours: list[str]) -> Iterator[dict[str, str]]:
    nobody = [""] * len(theirs)
    for chosen in set(permutations([*ours, *nobody], len(theirs))):
        yield {found: who for found, who in zip(theirs, chosen, strict=True) if who}


def diarization_counts(
    scored: list[Frame], naming: dict[str, str]
) -> tuple[float, float, float, float]:
    """Count missed, invented, confused and all speech, s, a frame at a time."""
    miss = false_alarm = confusion = total = 0
    for frame in scored:
        named = [naming.get(found, f"unnamed {found}") for found in frame.hypothesis]
        left = list(frame.reference)
        for who in list(named):
            if who in left:
                left.remove(who)
                named.remove(who)
        wrong = min(len(left), len(named))
        confusion += wrong
        miss += len(left) - wrong
        false_alarm += len(named) - wrong
        total += len(frame.reference)
    return miss * FRAME_S, false_alarm * FRAME_S, confusion * FRAME_S, total * FRAME_S


def jaccard_error(scored: list[Frame], naming: dict[str, str]) -> float:
    """Sum 1 - both / either over the reference's speakers."""
    error = 0.0
    for who in {name for frame in scored for name in frame.reference}:
        found = {found for found, named in naming.items() if named == who}
        both = either = 0
        for frame in scored:
            here, there = who in frame.reference, bool(found & set(frame.hypothesis))
            both += here and there
            either += here or there
        error += 1 - both / either
    return error


def main_speaker_time(scored: list[Frame]) -> tuple[float, float]:
    """Measure clusters, s: the time of each one's main speaker, and all."""
    correct = total = 0
    for found in {name for frame in scored for name in frame.hypothesis}:
        inside = [frame for frame in scored if found in frame.hypothesis]
        speakers = {who for frame in inside for who in frame.reference}
        shares = [sum(who in frame.reference for frame in inside) for who in speakers]
        correct += max(shares, default=0)
        total += len(inside)
    return correct * FRAME_S, total * FRAME_S
