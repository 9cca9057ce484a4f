"""JSON of whisper.cpp: ``transcription``, a list of text and offsets (ms), and optionally tokens.

Tokens (``--output-json-full``) are parts of words. A word starts at a token with a leading space,
or with a character of a script without spaces. Markers such as ``[_BEG_]`` are not words. The file
may have characters split between two tokens or segments, which is invalid UTF-8: read and write it
with ``errors="surrogateescape"``.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
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
MARK = b'"transcription"'
"""Bytes of every such document, and of no other known one."""
HALF = re.compile("[\udc80-\udcff]")
"""A byte of a split character."""
MARKER = re.compile(r"\[_.*\]|<\|.*\|>")


def parse(document: Mapping[str, Any], source: str) -> Transcript:
    """Parse a document.

    Raises
    ------
    FormatError
        If a segment or token is malformed; the message gives its number.
    """
    places = [
        (check_object(entry, f"{source}, segment {number}"), f"{source}, segment {number}")
        for number, entry in enumerate(check_list(document["transcription"], source), 1)
    ]
    texts = _whole_characters([check_text(entry.get("text"), where) for entry, where in places])
    passages = [_passage(*place, text) for place, text in zip(places, texts, strict=True)]
    return Transcript(tuple(passages), FAMILY, document)


def _passage(entry: dict[str, Any], where: str, text: str) -> Passage:
    start_s, end_s = _times(entry, where)
    if start_s is None or end_s is None:
        raise FormatError(f"{where} has no offsets: transcribe with timestamps")
    words = _words(check_list(entry.get("tokens") or [], where), where)
    pieces = split_at_words(text, [word.text for word in words]) if words else split_at_blanks(text)
    words = words or [Word("")] * len(pieces)
    named = [replace(word, text=piece) for word, piece in zip(words, pieces, strict=True)]
    return Passage(start_s, end_s, tuple(named), entry)


def _times(entry: Mapping[str, Any], where: str) -> tuple[float | None, float | None]:
    offsets = check_object(entry.get("offsets") or {}, where)
    times = (check_seconds(offsets.get(name), where, per_second=1000) for name in ("from", "to"))
    return word_times(*times)


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


def _whole_characters(texts: list[str]) -> list[str]:
    """Restore characters that were split between segments, each where it begins.

    Half a character without its other half becomes U+FFFD.
    """
    if not any(map(HALF.search, texts)):
        return texts
    try:
        parts = [text.encode("utf-8", "surrogateescape") for text in texts]
    except UnicodeEncodeError:  # other surrogates, not from split characters
        return texts
    whole = b"".join(parts)
    ends = [_after_character(whole, end) for end in accumulate(map(len, parts))]
    return [
        whole[start:end].decode("utf-8", "replace")
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def _after_character(data: bytes, place: int) -> int:
    """Move a boundary that splits a character behind it."""
    for start in range(max(place - 3, 0), place):
        for end in range(place + 1, start + 5):
            with suppress(UnicodeDecodeError):
                if len(data[start:end].decode()) == 1:
                    return min(end, len(data))
    return place


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
    if HALF.search(entry["text"]):
        entry["text"] = passage.text
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
