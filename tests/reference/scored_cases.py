"""Hypothesis strategies of small recordings to score, on sixteenths of a second."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st
from reference.frame_scoring import FRAME_S

from ovdiar.annotation import Annotation
from ovdiar.metrics import Scoring
from ovdiar.segment import Segment


class Scored(NamedTuple):
    """A pair of annotations and how to score it."""

    reference: Annotation
    hypothesis: Annotation
    uem: tuple[Segment, ...] | None
    scoring: Scoring


def _segments() -> st.SearchStrategy[Segment]:
    starts, lengths = st.integers(0, 90), st.integers(1, 40)
    return st.builds(
        lambda start, length: Segment(start * FRAME_S, (start + length) * FRAME_S), starts, lengths
    )


def recordings(names: str = "ABC", max_turns: int = 6) -> st.SearchStrategy[Annotation]:
    """Turns of up to three speakers that may meet, touch and repeat."""
    turns = st.lists(st.tuples(_segments(), st.sampled_from(names)), max_size=max_turns)
    return turns.map(lambda rows: Annotation.of((s.start, s.end, who) for s, who in rows))


def scored() -> st.SearchStrategy[Scored]:
    """Pairs with every scoring."""
    return st.builds(
        Scored,
        recordings(),
        recordings("xyz"),
        st.none() | st.lists(_segments(), max_size=3).map(tuple),
        st.builds(
            Scoring,
            nist_collar_s=st.sampled_from([0.0, FRAME_S, 4 * FRAME_S]),
            skip_overlap=st.booleans(),
        ),
    )
