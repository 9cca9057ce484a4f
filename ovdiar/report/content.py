"""What a report's page is told: plain values, in seconds, for one block of JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from ovdiar.serialization import origin
from ovdiar.timeline_svg import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ovdiar.annotation import Annotation, Turn
    from ovdiar.audio.encoding import Sound
    from ovdiar.report.comparison import Comparison
    from ovdiar.segment import Segment

LOW_CONFIDENCE = 0.7
"""Turns below it are marked: of those, one second in three and more may be wrong."""


def content(
    annotation: Annotation,
    sound: Sound,
    *,
    title: str,
    link: str | None = None,
    comparison: Comparison | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Say all that the page shows.

    ``title`` is its headline, ``link`` where the audio lies where it is not embedded. Turns are
    rows of start, end, number of the speaker, and confidence or None.
    """
    labels = annotation.labels()
    duration_s = max(sound.duration_s, annotation.extent.end)
    turns = [_row(turn, labels) for turn in annotation.turns]
    told = {"uri": annotation.uri, "duration": duration_s, "speakers": labels, "turns": turns}
    return {
        **told,
        "key": digest(told),
        "title": title,
        "link": link,
        "colours": COLOURS,
        "low": LOW_CONFIDENCE,
        "peaks": base64.b64encode(sound.peaks.tobytes()).decode(),
        "peakSeconds": sound.duration_s / len(sound.peaks),
        "provenance": origin(annotation.uri) if provenance is None else dict(provenance),
        "reference": None if comparison is None else _compared(comparison, labels),
    }


def digest(told: dict[str, Any]) -> str:
    """Name content by what it says: under this key a browser keeps its corrections."""
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _row(turn: Turn, labels: list[str]) -> list[Any]:
    confidence = None if turn.confidence is None else round(turn.confidence, 3)
    return [turn.segment.start, turn.segment.end, labels.index(turn.speaker), confidence]


def _compared(comparison: Comparison, labels: list[str]) -> dict[str, Any]:
    """Tell the reference's speakers, whom they are among ``labels``, and the errors."""
    theirs = comparison.reference.labels()
    mine = {name: labels.index(label) for label, name in comparison.names.items()}
    errors = comparison.errors
    return {
        "speakers": theirs,
        "partners": [mine.get(name) for name in theirs],
        "turns": [_row(turn, theirs)[:3] for turn in comparison.reference.turns],
        "errors": {kind: _spans(regions) for kind, regions in comparison.regions.items()},
        "seconds": [errors.miss_s, errors.false_alarm_s, errors.confusion_s, errors.total_s],
        "rate": errors.rate,
    }


def _spans(segments: Iterable[Segment]) -> list[list[float]]:
    return [[round(segment.start, 3), round(segment.end, 3)] for segment in segments]
