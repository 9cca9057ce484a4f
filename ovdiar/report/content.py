"""Data of an HTML report: plain values in seconds, embedded as one block of JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from ovdiar.audio.encoding import FRAME_BYTES, FRAME_SAMPLES, RATE
from ovdiar.presets import PYANNET_FRAMES
from ovdiar.serialization import origin
from ovdiar.timeline_svg import COLOURS, PATTERNS
from ovdiar.words import MAX_GAP_S, assign_speakers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ovdiar.annotation import Annotation, Turn
    from ovdiar.audio.encoding import Sound
    from ovdiar.report.comparison import Comparison
    from ovdiar.segment import Segment
    from ovdiar.transcripts.transcript import Transcript

LOW_CONFIDENCE = 0.7
"""Turns below it are marked; at least one second in three of them may be wrong."""


def content(
    annotation: Annotation,
    sound: Sound,
    *,
    title: str,
    link: str | None = None,
    file: str | None = None,
    served: bool = False,
    comparison: Comparison | None = None,
    transcript: Transcript | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the data of an HTML report.

    Parameters
    ----------
    annotation
        Turns, written as rows of start, end, index of the speaker, and confidence or None.
    sound
        Duration and waveform outline of the recording.
    title
        Heading of the page.
    link
        URL of the audio, if it is not embedded.
    file
        Name that is suggested when corrections are saved.
    served
        Whether a server writes corrections back to ``file``.
    comparison
        Comparison with a reference, if there is one.
    transcript
        Words to show with the turns.
    provenance
        How the turns were made.
    """
    labels = annotation.labels()
    duration_s = max(sound.duration_s, annotation.extent.end)
    turns = [_row(turn, labels) for turn in annotation.turns]
    data = {"uri": annotation.uri, "duration": duration_s, "speakers": labels, "turns": turns}
    return {
        **data,
        "key": content_key(data),
        "title": title,
        "link": link,
        "file": file,
        "served": file if served else None,
        "colours": COLOURS,
        "patterns": PATTERNS,
        "low": LOW_CONFIDENCE,
        "frame": PYANNET_FRAMES.step_s,
        "mp3": {"rate": RATE, "frame": FRAME_SAMPLES, "bytes": FRAME_BYTES} if sound.mp3 else None,
        "peaks": base64.b64encode(sound.peaks.tobytes()).decode(),
        "peakSeconds": sound.duration_s / len(sound.peaks),
        "words": None if transcript is None else _words(transcript, annotation),
        "gap": MAX_GAP_S,
        "provenance": origin(annotation.uri) if provenance is None else dict(provenance),
        "reference": None if comparison is None else _comparison_data(comparison, labels),
    }


def content_key(data: dict[str, Any]) -> str:
    """Return a key that depends on the turns; a browser stores corrections under it."""
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]


def _row(turn: Turn, labels: list[str]) -> list[Any]:
    confidence = None if turn.confidence is None else round(turn.confidence, 3)
    return [turn.segment.start, turn.segment.end, labels.index(turn.speaker), confidence]


def _comparison_data(comparison: Comparison, labels: list[str]) -> dict[str, Any]:
    """Return the reference's turns, its speakers' indices among ``labels``, and the errors."""
    reference_labels = comparison.reference.labels()
    indices = {name: labels.index(label) for label, name in comparison.names.items()}
    errors = comparison.errors
    return {
        "speakers": reference_labels,
        "partners": [indices.get(name) for name in reference_labels],
        "turns": [_row(turn, reference_labels)[:3] for turn in comparison.reference.turns],
        "errors": {kind: _spans(regions) for kind, regions in comparison.regions.items()},
        "seconds": [errors.miss_s, errors.false_alarm_s, errors.confusion_s, errors.total_s],
        "rate": errors.rate,
    }


def _words(transcript: Transcript, annotation: Annotation) -> list[list[Any]]:
    """Return rows of start, end and text; words without times get those of `ovdiar.words`."""
    rows: list[list[Any]] = []
    for passage in assign_speakers(transcript, annotation).passages:
        for place, word in enumerate(passage.words):
            text = word.text if place else f" {word.text}"
            rows.append([round(word.start or 0.0, 3), round(word.end or 0.0, 3), text])
    return sorted(rows, key=lambda row: row[0])


def _spans(segments: Iterable[Segment]) -> list[list[float]]:
    return [[round(segment.start, 3), round(segment.end, 3)] for segment in segments]
