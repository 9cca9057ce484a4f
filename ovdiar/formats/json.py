"""JSON, as pyannote.audio 4 serializes a diarization: lists of start (s), end (s) and speaker.

``{"diarization": [{"start": 0.0, "end": 1.5, "speaker": "SPEAKER_00"}, ...],
"exclusive_diarization": [...]}``, times to the millisecond. Turns whose confidence is known
(0 to 1) have it as a fourth value.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError
from ovdiar.formats.columns import seconds
from ovdiar.formats.tracks import forward, in_order

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation, Segment

OVERLAPPING = "diarization"
EXCLUSIVE = "exclusive_diarization"


def turns(annotation: Annotation) -> list[dict[str, Any]]:
    """Return the turns as plain values, in the annotation's order."""
    rows: list[dict[str, Any]] = []
    for turn in annotation.turns:
        row = {
            "start": round(turn.segment.start, 3),
            "end": round(turn.segment.end, 3),
            "speaker": turn.speaker,
        }
        if turn.confidence is not None:
            row["confidence"] = round(turn.confidence, 3)
        rows.append(row)
    return rows


def dumps(annotation: Annotation, exclusive: Annotation | None = None) -> str:
    """Serialize one recording, and where it is known the same with one speaker at a time."""
    content = {OVERLAPPING: turns(annotation)}
    if exclusive is not None:
        content[EXCLUSIVE] = turns(exclusive)
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def loads(text: str, source: str = "JSON", part: str = OVERLAPPING) -> Annotation:
    """Parse one recording; other keys than the lists and their three values are passed over.

    Parameters
    ----------
    text : an object with the list ``part``, or that list alone
    source : names the text in messages
    part : which list to read

    Raises
    ------
    FormatError
        At what is no JSON, and at the first turn that is none, by its number.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{source} is no JSON ({error}): check the file") from None
    rows = content.get(part) if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise FormatError(f"{source} holds no list {part!r}: give what a diarization was saved as")
    return in_order(_turn(row, f"{source}, turn {n}") for n, row in enumerate(rows, start=1))


def _turn(row: Any, where: str) -> tuple[Segment, str]:
    try:
        start, end, speaker = (row[key] for key in ("start", "end", "speaker"))
    except (KeyError, TypeError, IndexError):
        raise FormatError(f"{where}: expected an object with start, end and speaker") from None
    if not isinstance(speaker, (str, int)):
        raise FormatError(f"{where}: the speaker {speaker!r} is no name: give a string")
    segment = forward(seconds(str(start), "start", where), seconds(str(end), "end", where), where)
    return segment, str(speaker)
