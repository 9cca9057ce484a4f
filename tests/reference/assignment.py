"""Who speaks a word, slowly: every turn is asked, in milliseconds, without rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovdiar.annotation import Annotation


def merged_ms(annotation: Annotation) -> list[tuple[int, str, int]]:
    """List start, speaker and end of each speaker's turns, those that meet joined, by start."""
    found: list[tuple[int, str, int]] = []
    for speaker in {turn.speaker for turn in annotation.turns}:
        own = [turn.segment for turn in annotation.turns if turn.speaker == speaker]
        spans = sorted((round(s.start * 1000), round(s.end * 1000)) for s in own)
        joined: list[list[int]] = []
        for start, end in spans:
            if joined and start <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], end)
            else:
                joined.append([start, end])
        found += [(start, speaker, end) for start, end in joined]
    return sorted(found)


def speakers_of(
    spans_ms: Sequence[tuple[int, int]], annotation: Annotation, max_gap_ms: int
) -> list[str | None]:
    """Name the speaker of each word, by the rules of `ovdiar.words`."""
    turns = merged_ms(annotation)
    answers: list[str | None] = []
    ongoing: str | None = None
    for start, end in spans_ms:
        overlaps: dict[str, int] = {}
        for turn_start, speaker, turn_end in turns:
            shared = min(end, turn_end) - max(start, turn_start)
            if shared > 0:
                overlaps[speaker] = overlaps.get(speaker, 0) + shared
        if overlaps:
            tied = [who for who in overlaps if overlaps[who] == max(overlaps.values())]
        else:
            gaps = [(max(s - end, start - e, 0), who) for s, who, e in turns]
            least = min((gap for gap, _ in gaps), default=max_gap_ms + 1)
            tied = [who for gap, who in gaps if gap == least <= max_gap_ms]
        chosen = (ongoing if ongoing in tied else tied[0]) if tied else None
        answers.append(chosen)
        ongoing = ongoing if chosen is None else chosen
    return answers


def words_in(document: Any) -> list[dict[str, Any]]:
    """List the words (or spoken tokens) of a document's segments, in order."""
    segments = document if isinstance(document, list) else document.get("segments")
    if segments is None:
        segments = document.get("transcription", ())
        return [t for s in segments for t in s.get("tokens", ()) if not t["text"].startswith("[_")]
    return [word for segment in segments for word in segment.get("words") or ()]
