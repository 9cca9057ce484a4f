"""JSON of whisper.cpp: ``transcription``, a list of text and offsets (ms), and perhaps tokens.

Tokens (``--output-json-full``) are parts of words: one begins where a token begins with a blank,
or with a character of a script without blanks. Markers such as ``[_BEG_]`` are no words. Such a
script's characters may be cut between two tokens, which the file then holds as broken UTF-8: read
it with ``errors="surrogateescape"``, and write it so.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError
from ovdiar.formats.cues import clock
from ovdiar.transcripts.text import STARTS_UNSPACED, cut, split
from ovdiar.transcripts.transcript import Passage, Transcript, Word
from ovdiar.transcripts.values import a_list, a_span, a_text, a_time, an_object

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILY = "whisper.cpp"
MARKER = re.compile(r"\[_.*\]|<\|.*\|>")


def parse(document: Mapping[str, Any], source: str) -> Transcript:
    """Read a parsed document.

    Raises
    ------
    FormatError
        At the first segment or token that is none, by its number.
    """
    entries = a_list(document["transcription"], source)
    passages = [_passage(entry, f"{source}, segment {n}") for n, entry in enumerate(entries, 1)]
    return Transcript(tuple(passages), FAMILY, document)


def _passage(entry: Any, where: str) -> Passage:
    entry = an_object(entry, where)
    start_s, end_s = _times(entry, where)
    if start_s is None or end_s is None:
        raise FormatError(f"{where} has no offsets: transcribe with timestamps")
    text = _whole(a_text(entry.get("text"), where))
    words = _words(a_list(entry.get("tokens") or [], where), where)
    pieces = cut(text, [word.text for word in words]) if words else split(text)
    words = words or [Word("")] * len(pieces)
    named = [replace(word, text=piece) for word, piece in zip(words, pieces, strict=True)]
    return Passage(start_s, end_s, tuple(named), entry)


def _times(entry: Mapping[str, Any], where: str) -> tuple[float | None, float | None]:
    offsets = an_object(entry.get("offsets") or {}, where)
    start_ms, end_ms = (a_time(offsets.get(name), where) for name in ("from", "to"))
    if start_ms is None or end_ms is None:
        return None, None
    return a_span(start_ms / 1000, end_ms / 1000)


def _words(tokens: list[Any], where: str) -> list[Word]:
    """Join tokens to words; a marker goes with the word before it, or else the first one."""
    groups: list[list[dict[str, Any]]] = []
    begun = False
    for number, each in enumerate(tokens, 1):
        token = an_object(each, f"{where}, token {number}")
        text = a_text(token.get("text"), f"{where}, token {number}")
        spoken = not MARKER.fullmatch(text)
        begins = text[:1].isspace() or STARTS_UNSPACED.match(text)
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
        _whole("".join(token["text"] for token in spoken)),
        min(times, default=None),
        max(times, default=None),
        entries=tuple(tokens),
    )


def _whole(text: str) -> str:
    """Put together characters that were cut between tokens."""
    with suppress(UnicodeEncodeError):  # other surrogates, which no cut has left
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return text


def document(transcript: Transcript) -> dict[str, Any]:
    """Return the document anew, an entry for each passage, with ``speaker`` (None: unknown).

    Entries that were not split keep all their fields; parts of one have their own offsets,
    timestamps, text and tokens.
    """
    return {**transcript.document, "transcription": [_part(each) for each in transcript.passages]}


def _part(passage: Passage) -> dict[str, Any]:
    entry = dict(passage.entry)
    if passage.parts > 1:
        span_ms = {"from": round(passage.start * 1000), "to": round(passage.end * 1000)}
        entry.update(offsets=span_ms, text=passage.text)
        if "timestamps" in entry:
            entry["timestamps"] = {name: clock(at, ",") for name, at in span_ms.items()}
    if entry.get("tokens"):
        entry["tokens"] = [
            token if MARKER.fullmatch(token["text"]) else {**token, "speaker": word.speaker}
            for word in passage.words
            for token in word.entries
        ]
    entry["speaker"] = passage.speaker
    return entry
