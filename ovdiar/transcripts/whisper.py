"""JSON of Whisper and its derivatives: segments of start (s), end (s), text, and optionally words.

Supported are openai-whisper, faster-whisper (a list of segments, as objects or rows), whisperX
(also ``word_segments``, and words without times) and OpenAI's ``verbose_json`` (words next to the
segments, or without segments).
"""

from __future__ import annotations

from collections import deque
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError
from ovdiar.transcripts.captions import strip_markup
from ovdiar.transcripts.text import split_at_blanks, split_at_words
from ovdiar.transcripts.transcript import Passage, Transcript, Word, passages_of
from ovdiar.transcripts.values import (
    check_list,
    check_object,
    check_seconds,
    check_text,
    word_times,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FAMILY = "whisper"
ROW = (
    *("id", "seek", "start", "end", "text", "tokens", "temperature"),
    *("avg_logprob", "compression_ratio", "no_speech_prob", "words"),
)
"""Fields of faster-whisper's segments when they were named tuples, serialized as JSON lists."""
WORD_ROW = ("start", "end", "word", "probability")


def parse(document: Any, source: str) -> Transcript:
    """Parse a document: an object with ``segments`` or ``words``, or a list of segments.

    Raises
    ------
    FormatError
        If a segment or word is malformed; the message gives its number.
    """
    whole = {"segments": document} if isinstance(document, list) else document
    entries = [
        _as_object(entry, ROW, f"{source}, segment {number}")
        for number, entry in enumerate(check_list(whole.get("segments") or [], source), 1)
    ]
    words = [
        _word(entry, f"{source}, word {number}")
        for number, entry in enumerate(check_list(whole.get("words") or [], source), 1)
    ]
    if words and not any(entry.get("words") for entry in entries):
        passages = (
            _with_separate_words(entries, words, source) if entries else _from_words(words, source)
        )
    else:
        passages = [
            _passage(entry, f"{source}, segment {number}")
            for number, entry in enumerate(entries, 1)
        ]
    return Transcript(tuple(passages), FAMILY, document)


def _as_object(entry: Any, names: tuple[str, ...], where: str) -> dict[str, Any]:
    """Return an object unchanged, and the row of a named tuple as an object."""
    if isinstance(entry, list) and len(entry) == len(names):
        return dict(zip(names, entry, strict=True))
    return check_object(entry, where)


def _word(entry: Any, where: str) -> Word:
    entry = _as_object(entry, WORD_ROW, where)
    times = (check_seconds(entry.get(name), where) for name in ("start", "end"))
    text = check_text(entry.get("word", entry.get("text")), where)
    return Word(text, *word_times(*times), entries=(entry,))


def _passage(entry: dict[str, Any], where: str) -> Passage:
    """Parse a segment; without words, its text is split at spaces."""
    listed = check_list(entry.get("words") or [], where)
    words = [_word(word, f"{where}, word {number}") for number, word in enumerate(listed, 1)]
    return _build_passage(entry, words, where)


def _build_passage(entry: dict[str, Any], words: list[Word], where: str) -> Passage:
    text = _text(entry, words, where)
    pieces = split_at_words(text, [word.text for word in words]) if words else split_at_blanks(text)
    words = words or [Word("")] * len(pieces)
    known = [t for word in words for t in (word.start, word.end) if t is not None]
    start_s, end_s = (check_seconds(entry.get(name), where) for name in ("start", "end"))
    if not known and (start_s is None or end_s is None):
        raise FormatError(f"{where} has no start and end: transcribe with timestamps")
    start_s = min(known) if start_s is None else start_s
    return Passage(
        start_s,
        max(start_s, max(known) if end_s is None else end_s),
        tuple(
            Word(piece, word.start, word.end, entries=word.entries)
            for piece, word in zip(pieces, words, strict=True)
        ),
        entry,
    )


def _text(entry: Mapping[str, Any], words: list[Word], where: str) -> str:
    if "text" in entry or not words:
        return check_text(entry.get("text"), where)
    blank = "" if any(word.text[:1].isspace() for word in words) else " "
    return blank.join(word.text for word in words)


def _with_separate_words(
    entries: list[dict[str, Any]], words: list[Word], source: str
) -> list[Passage]:
    """Assign the words listed next to the segments to the segments that contain them."""
    texts = [check_text(entry.get("text"), f"{source}, segments") for entry in entries]
    pieces = split_at_words("".join(texts), [word.text for word in words])
    ends = list(accumulate(map(len, texts)))
    shares: list[list[Word]] = [[] for _ in entries]
    number, at = 0, 0
    for piece, word in zip(pieces, words, strict=True):
        letters = piece.lstrip()
        while number < len(entries) - 1 and at + len(piece) - len(letters) >= ends[number]:
            number += 1
        shares[number].append(word)
        at += len(piece)
    return [
        _build_passage(entry, share, f"{source}, segment {number}")
        for number, (entry, share) in enumerate(zip(entries, shares, strict=True), 1)
    ]


def _from_words(words: list[Word], source: str) -> list[Passage]:
    """Group words without segments into passages."""
    blank = "" if any(word.text[:1].isspace() for word in words) else " "
    for number, word in enumerate(words, 1):
        if word.start is None:
            raise FormatError(f"{source}, word {number} has no start and end: give them")
    spaced = [
        Word((blank if place else "") + word.text, word.start, word.end, entries=word.entries)
        for place, word in enumerate(words)
    ]
    return list(passages_of(spaced))


def document(transcript: Transcript) -> Any:
    """Return the document with one segment per passage, and ``speaker`` (or None) in each.

    Segments that were not split keep all fields. The parts of a split segment have their own start,
    end, text, words and characters, and share the other fields. Consecutive identifiers are
    renumbered.
    """
    passages = transcript.passages
    identities = _identities(passages)
    segments = [_part(each) | new for each, new in zip(passages, identities, strict=True)]
    if isinstance(transcript.document, list):
        return segments
    content = dict(transcript.document)
    if content.get("segments"):
        content["segments"] = segments
    for name in ("words", "word_segments"):
        if content.get(name):
            content[name] = _label_separate_words(content[name], transcript.words)
    return content


def new_document(transcript: Transcript) -> dict[str, Any]:
    """Return a document for other sources: segments, with words where they have times."""
    segments: list[dict[str, Any]] = []
    for number, passage in enumerate(transcript.passages):
        text = strip_markup(passage.text, transcript.family)
        times = {"start": round(passage.start, 3), "end": round(passage.end, 3)}
        segments.append({"id": number, **times, "text": text, "speaker": passage.speaker})
        words = [
            {"word": w.text, "start": w.start, "end": w.end, "speaker": w.speaker}
            for w in passage.words
            if w.entries
        ]
        if words:
            segments[-1]["words"] = words
    return {"segments": segments}


def _part(passage: Passage) -> dict[str, Any]:
    entry = dict(passage.entry)
    if passage.parts > 1:
        entry.update(start=round(passage.start, 3), end=round(passage.end, 3), text=passage.text)
        chars = entry.get("chars")
        if isinstance(chars, list) and len(chars) == len(passage.entry.get("text", "")):
            entry["chars"] = chars[passage.offset :][: len(passage.text)]
    if entry.get("words"):
        entry["words"] = [
            {**word, "speaker": each.speaker} for each in passage.words for word in each.entries
        ]
    entry["speaker"] = passage.speaker
    return entry


def _identities(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """Renumber consecutive identifiers; others get ".2", ".3", ... for the later parts."""
    given = [passage.entry.get("id") for passage in passages if not passage.part]
    first = given[0] if given and isinstance(given[0], int) else None
    if first is not None and given == list(range(first, first + len(given))):
        return [{"id": number} for number, _ in enumerate(passages, first)]
    return [
        {"id": f"{passage.entry['id']}.{passage.part + 1}"}
        if passage.part and isinstance(passage.entry.get("id"), str)
        else {}
        for passage in passages
    ]


def _label_separate_words(entries: list[Any], words: Iterable[Word]) -> list[Any]:
    """Label the words next to the segments like the same words within the segments."""
    speakers: dict[str, deque[str | None]] = {}
    for word in words:
        for entry in word.entries:
            speakers.setdefault(_same(entry), deque()).append(word.speaker)
    named = []
    for each in entries:
        entry = _as_object(each, WORD_ROW, "a word next to the segments")
        found = speakers.get(_same(entry))
        named.append({**entry, "speaker": found.popleft() if found else None})
    return named


def _same(word: Mapping[str, Any]) -> str:
    return str([word.get(name) for name in ("word", "start", "end")])
