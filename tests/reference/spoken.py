"""Annotations for round trips: turns in whole milliseconds, with names that files can hold."""

from __future__ import annotations

from hypothesis import strategies as st

from ovdiar.annotation import Annotation, Turn
from ovdiar.segment import Segment

MILLISECONDS = st.integers(0, 40_000_000)

WORDS = st.from_regex(r"[\w.+-]{1,9}", fullmatch=True)
"""Names without blanks."""

PHRASES = st.lists(
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="[]"), min_size=1),
    min_size=1,
    max_size=3,
).map(" ".join)
"""Names with single blanks in them, and marks that formats give a meaning to."""


@st.composite
def conversations(draw: st.DrawFn, names: st.SearchStrategy[str]) -> Annotation:
    """Draw up to twelve turns of a few speakers, overlapping as they fall."""
    speakers = st.sampled_from(draw(st.lists(names, min_size=1, max_size=4)))
    rows = draw(st.lists(st.tuples(MILLISECONDS, st.integers(1, 90_000), speakers), max_size=12))
    return Annotation(
        tuple(
            Turn(Segment(start / 1000, (start + length) / 1000), who, track=f"{place:02d}")
            for place, (start, length, who) in enumerate(rows)
        )
    )


def rows(annotation: Annotation) -> list[tuple[float, float, str]]:
    """Return start, end and speaker of each turn, in the annotation's order."""
    return [(segment.start, segment.end, speaker) for segment, speaker in annotation]


def by_tier(annotation: Annotation) -> list[tuple[float, float, str]]:
    """Return the same with each speaker's overlapping turns joined, sorted, slowly."""
    joined: list[tuple[float, float, str]] = []
    for label in annotation.labels():
        kept: list[tuple[float, float, str]] = []
        for start, end, who in sorted(row for row in rows(annotation) if row[2] == label):
            if kept and start < kept[-1][1]:
                kept[-1] = (kept[-1][0], max(end, kept[-1][1]), who)
            else:
                kept.append((start, end, who))
        joined += kept
    return sorted(joined)
