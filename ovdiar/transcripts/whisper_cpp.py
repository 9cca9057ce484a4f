"""JSON of whisper.cpp: ``transcription``, a list of text and offsets (ms), and optionally tokens.

Tokens (``--output-json-full``) are parts of words. A word starts at a token with a leading space,
or with a character of a script without spaces. Markers such as ``[_BEG_]`` are not words. The file
may have characters split between two tokens, which is invalid UTF-8: read and write it with
``errors="surrogateescape"``.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError
from ovdiar.formats.cues import format_timestamp
from ovdiar.transcripts.text import UNSPACED_START, split_at_blanks, split_at_words
from ovdiar.transcripts.transcript import Passage, Transcript, Word
from ovdiar.transcripts.values import (
    check_list,
    check_object,
    check_seconds,
    check_text,
    word_times,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILY = "whisper.cpp"
MARKER = re.compile(r"\[_.*\]|<\|.*\|>")


def parse(document: Mapping[str, Any], source: str) -> Transcript:
    """Parse a document.

    Raises
    ------
    FormatError
        If a segment or token is malformed; the message gives its number.
    """
    entries = check_list(document["transcription"], source)
    passages = [_passage(entry, f"{source}, segment {n}") for n, entry in enumerate(entries, 1)]
    return Transcript(tuple(passages), FAMILY, document)


def _passage(entry: Any, where: str) -> Passage:
    entry = check_object(entry, where)
    start_s, end_s = _times(entry, where)
    if start_s is None or end_s is None:
        raise FormatError(f"{where} has no offsets: transcribe with timestamps")
    text = _repair_utf8(check_text(entry.get("text"), where))
    words = _words(check_list(entry.get("tokens") or [], where), where)
    pieces = split_at_words(text, [word.text for word in words]) if words else split_at_blanks(text)
    words = words or [Word("")] * len(pieces)
    named = [replace(word, text=piece) for word, piece in zip(words, pieces, strict=True)]
    return Passage(start_s, end_s, tuple(named), entry)


def _times(entry: Mapping[str, Any], where: str) -> tuple[float | None, float | None]:
    offsets = check_object(entry.get("offsets") or {}, where)
    start_ms, end_ms = (check_seconds(offsets.get(name), where) for name in ("from", "to"))
    if start_ms is None or end_ms is None:
        return None, None
    return word_times(start_ms / 1000, end_ms / 1000)


def _words(tokens: list[Any], where: str) -> list[Word]:
    """Join tokens into words; a marker belongs to the word before it, or else to the first."""
    groups: list[list[dict[str, Any]]] = []
    begun = False
    for number, each in enumerate(tokens, 1):
        token = check_object(each, f"{where}, token {number}")
        text = check_text(token.get("text"), f"{where}, token {number}")
        spoken = not MARKER.fullmatch(text)
        begins = text[:1].isspace() or UNSPACED_START.match(text)
        if not groups or (spoken and begun and begins):
            groups.append([])
            begun = False
        begun = begun or spoken
        groups[-1].append(token)
    return [_word(group, where) for group in groups] if begun or len(groups) > 1 else []


def _word(tokens: list[dict[str, Any]], where: str) -> Word:
    spoken = [token for token in tokens if not MARKER.fullmatch(token["text"])]
    times = [t for token in spoken for t in _times(token, where) if t is not None]
    return Word(
        _repair_utf8("".join(token["text"] for token in spoken)),
        min(times, default=None),
        max(times, default=None),
        entries=tuple(tokens),
    )


def _repair_utf8(text: str) -> str:
    """Restore characters that were split between tokens."""
    with suppress(UnicodeEncodeError):  # other surrogates, not from split characters
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return text


def document(transcript: Transcript) -> dict[str, Any]:
    """Return the document with one entry per passage, and ``speaker`` (or None) in each.

    Entries that were not split keep all fields. The parts of a split entry have their own offsets,
    timestamps, text and tokens.
    """
    return {**transcript.document, "transcription": [_part(each) for each in transcript.passages]}


def _part(passage: Passage) -> dict[str, Any]:
    entry = dict(passage.entry)
    if passage.parts > 1:
        span_ms = {"from": round(passage.start * 1000), "to": round(passage.end * 1000)}
        entry.update(offsets=span_ms, text=passage.text)
        if "timestamps" in entry:
            entry["timestamps"] = {name: format_timestamp(at, ",") for name, at in span_ms.items()}
    if entry.get("tokens"):
        entry["tokens"] = [
            token if MARKER.fullmatch(token["text"]) else {**token, "speaker": word.speaker}
            for word in passage.words
            for token in word.entries
        ]
    entry["speaker"] = passage.speaker
    return entry
