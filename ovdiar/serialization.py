"""A diarization as plain values: the lists of pyannote.audio 4, and what they leave out.

The same values are what `DiarizationResult.serialize` returns and what JSON files hold.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovdiar.annotation import Annotation

OVERLAPPING = "diarization"
EXCLUSIVE = "exclusive_diarization"
SPEAKERS = "speakers"
PROVENANCE = "provenance"


def serialize(
    annotation: Annotation,
    exclusive: Annotation | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return plain values that JSON can hold.

    - ``diarization`` and, where it is known, ``exclusive_diarization``: a row a turn, see `turns`;
    - ``speakers``: see `speaker_totals`;
    - ``provenance``: what made the turns; by default no more than ovdiar's version and the
      recording's name, where it has one.
    """
    content: dict[str, Any] = {OVERLAPPING: turns(annotation)}
    if exclusive is not None:
        content[EXCLUSIVE] = turns(exclusive)
    content[SPEAKERS] = speaker_totals(annotation)
    content[PROVENANCE] = dict(origin(annotation.uri) if provenance is None else provenance)
    return content


def turns(annotation: Annotation) -> list[dict[str, Any]]:
    """List the turns in order: start and end (s, to the millisecond) and speaker.

    Those whose confidence is known (0 to 1) have it as a fourth value.
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
    """List the speakers by name: talk (s), number of turns, and share of everybody's talk (0 to 1).

    Talk in overlap counts for each who speaks, so that the shares add up to 1.
    """
    talk_s = {label: annotation.label_duration(label) for label in annotation.labels()}
    everybody_s = sum(talk_s.values())
    return [
        {
            "speaker": label,
            "talk_s": round(talk_s[label], 3),
            "turns": len(annotation.label_timeline(label)),
            "share": round(talk_s[label] / everybody_s, 4),
        }
        for label in talk_s
    ]


def origin(uri: str | None) -> dict[str, Any]:
    """Tell this ovdiar's version and, where it is known, the recording's name."""
    named = {} if uri is None else {"uri": uri}
    return {"ovdiar": version("ovdiar"), **named}
