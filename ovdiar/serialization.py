"""A diarization as plain values: the lists of pyannote.audio 4, and ovdiar's additions.

`DiarizationResult.serialize` returns these values, and JSON files hold them.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ovdiar.segment import total_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ovdiar.annotation import Annotation
    from ovdiar.notices import Notice

OVERLAPPING = "diarization"
EXCLUSIVE = "exclusive_diarization"
SPEAKERS = "speakers"
NOTICES = "notices"
PROVENANCE = "provenance"


def serialize(
    annotation: Annotation,
    exclusive: Annotation | None = None,
    provenance: Mapping[str, Any] | None = None,
    notices: Iterable[Notice] | None = None,
) -> dict[str, Any]:
    """Return plain values that JSON can hold.

    - ``diarization`` and, where it is known, ``exclusive_diarization``: a row for each turn (see
      `turns`);
    - ``speakers``: see `speaker_totals`;
    - ``notices``, where they are known: code, text and values of each;
    - ``provenance``: what produced the turns; by default ovdiar's version and the recording's
      name, where it has one.
    """
    content: dict[str, Any] = {OVERLAPPING: turns(annotation)}
    if exclusive is not None:
        content[EXCLUSIVE] = turns(exclusive)
    content[SPEAKERS] = speaker_totals(annotation)
    if notices is not None:
        content[NOTICES] = [notice.to_dict() for notice in notices]
    content[PROVENANCE] = dict(origin(annotation.uri) if provenance is None else provenance)
    return content


def turns(annotation: Annotation) -> list[dict[str, Any]]:
    """List the turns in order: start and end (s, to the millisecond), speaker, and confidence.

    The confidence (0 to 1) is left out where it is unknown.
    """
    rows: list[dict[str, Any]] = []
    for turn in annotation.turns:
        row = {
            "start": round(float(turn.segment.start), 3),
            "end": round(float(turn.segment.end), 3),
            "speaker": turn.speaker,
        }
        if turn.confidence is not None:
            row["confidence"] = round(float(turn.confidence), 3)
        rows.append(row)
    return rows


def speaker_totals(annotation: Annotation) -> list[dict[str, Any]]:
    """List the speakers by name: speech (s), number of turns, and share of all speech (0 to 1).

    Overlapped speech counts for each of its speakers, so that the shares add up to 1.
    """
    timelines = annotation.label_timelines()
    talk_s = {label: total_duration(timeline) for label, timeline in timelines.items()}
    everybody_s = sum(talk_s.values())
    return [
        {
            "speaker": label,
            "talk_s": round(talk_s[label], 3),
            "turns": len(timelines[label]),
            "share": round(talk_s[label] / everybody_s, 4),
        }
        for label in talk_s
    ]


def origin(uri: str | None) -> dict[str, Any]:
    """Return this ovdiar's version and, where it is known, the recording's name."""
    named = {} if uri is None else {"uri": uri}
    return {"ovdiar": version("ovdiar"), **named}
