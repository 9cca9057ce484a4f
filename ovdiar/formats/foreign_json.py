"""JSON of other programs that holds speakers, as the content of ours.

- pyannoteAI's job, or its ``output``: ``diarization``, ``exclusiveDiarization``, and for each turn
  perhaps ``confidence``, a number from 0 to 100 for each speaker
  (https://docs.pyannote.ai/api-reference/schemas/diarizationschema).
- whisperX's transcript, or what ``ovdiar assign`` wrote: ``segments`` of ``text`` with ``speaker``,
  and perhaps ``words`` with their own
  (https://github.com/m-bain/whisperX).
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError
from ovdiar.notices import warn
from ovdiar.serialization import EXCLUSIVE, OVERLAPPING
from ovdiar.texts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

OF_JOB, EXCLUSIVE_OF_JOB = "output", "exclusiveDiarization"
SEGMENTS = "segments"
"""Key of whisperX's segments, and of the turns in answers of our service."""


def as_ours(content: dict[str, Any], source: str) -> dict[str, Any]:
    """Return the content under our names; content of ours is returned as it is.

    Raises
    ------
    FormatError
        If a transcript has no speakers, or a confidence is no percentage.
    """
    job = content.get(OF_JOB)
    if isinstance(job, dict) and OVERLAPPING not in content:
        content = job
    if EXCLUSIVE_OF_JOB in content:
        content = {EXCLUSIVE: content[EXCLUSIVE_OF_JOB], **content}
    for part in (OVERLAPPING, EXCLUSIVE):
        if isinstance(content.get(part), list):
            rows = [_with_own_confidence(row, source) for row in content[part]]
            content = {**content, part: rows}
    segments = content.get(SEGMENTS)
    if OVERLAPPING not in content and isinstance(segments, list):
        content = {**content, OVERLAPPING: segments}
        if any(isinstance(each, dict) and "text" in each for each in segments):
            content[OVERLAPPING] = _spoken(segments, source)
    return content


def _with_own_confidence(row: Any, source: str) -> Any:
    """Return a turn with the confidence (0 to 1) of its own speaker, if it has one for each."""
    if not isinstance(row, dict) or not isinstance(row.get("confidence"), dict):
        return row
    speaker = row.get("speaker")
    percent = row["confidence"].get(speaker) if isinstance(speaker, str) else None
    number = isinstance(percent, (int, float)) and not isinstance(percent, bool)
    if percent is not None and not (number and 0 <= percent <= 100):
        raise FormatError(
            f"{source}: the confidence {quoted(percent)} of a turn is not a number from 0 to 100: "
            "correct it"
        )
    return {**row, "confidence": None if percent is None else percent / 100}


def _spoken(segments: list[Any], source: str) -> list[dict[str, Any]]:
    """Return the turns of a transcript; what has no speaker is left out, with a warning."""
    rows = [row for segment in segments for row in _turns(segment)]
    known = [row for row in rows if row.get("speaker") is not None]
    if rows and not known:
        raise FormatError(
            f"{source} is a transcript without speakers: give it those of a diarization with "
            "ovdiar assign"
        )
    if len(known) < len(rows):
        warn(f"{len(rows) - len(known)} of {len(rows)} parts of {source} have no speaker: left out")
    return known


def _turns(segment: Any) -> Iterator[dict[str, Any]]:
    """Split a segment where the speaker of its words changes; words without times go along."""
    words = segment.get("words") if isinstance(segment, dict) else None
    whole = isinstance(words, list) and all(isinstance(word, dict) for word in words)
    timed = [word for word in words or [] if _is_timed(word)] if whole else []
    if not any(word.get("speaker") is not None for word in timed):
        yield segment if isinstance(segment, dict) else {"speaker": segment}
        return
    for speaker, run in groupby(timed, key=lambda word: word.get("speaker")):
        spoken = list(run)
        yield {"start": spoken[0]["start"], "end": spoken[-1]["end"], "speaker": speaker}


def _is_timed(word: dict[str, Any]) -> bool:
    return word.get("start") is not None and word.get("end") is not None
