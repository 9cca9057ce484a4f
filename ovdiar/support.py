"""Each speaker's turns, joined over short gaps (pyannote.core ``Annotation.support``)."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from ovdiar.annotation import Annotation, Turn, letters, merge

if TYPE_CHECKING:
    from collections.abc import Sequence


def support(annotation: Annotation, collar: float) -> Annotation:
    """Join over gaps shorter than ``collar`` (s); see `Annotation.support`."""
    joined: list[Turn] = []
    for label in annotation.labels():
        own = deque(annotation.subset([label]).turns)
        for segment in merge((turn.segment for turn in own), collar):
            parts = []
            while own and own[0].segment in segment:
                parts.append(own.popleft())
            joined.append(Turn(segment, label, letters(len(joined)), mean_confidence(parts)))
    return replace(annotation, turns=tuple(joined))


def mean_confidence(turns: Sequence[Turn]) -> float | None:
    """Average confidences by the turns' lengths; None where one is unknown."""
    known = [(t.segment.duration, t.confidence) for t in turns if t.confidence is not None]
    if len(known) < len(turns) or not known:
        return None
    return sum(length * value for length, value in known) / sum(length for length, _ in known)
