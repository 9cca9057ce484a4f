"""JSON of Whisper's relatives: segments of start (s), end (s), text, and perhaps words.

openai-whisper, faster-whisper (a list of its segments, as objects or rows), whisperX
(``word_segments`` too, and words without times) and OpenAI's ``verbose_json`` (words beside the
segments, or without any).
"""

from __future__ import annotations

from collections import deque
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError
from ovdiar.transcripts.captions import plain
from ovdiar.transcripts.text import cut, split
from ovdiar.transcripts.transcript import Passage, Transcript, Word, passages_of
from ovdiar.transcripts.values import a_list, a_span, a_text, a_time, an_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FAMILY = "whisper"
ROW = (
    *("id", "seek", "start", "end", "text", "tokens", "temperature"),
    *("avg_logprob", "compression_ratio", "no_speech_prob", "words"),
)
"""The fields of faster-whisper's segments while they were named tuples, which JSON makes lists."""
WORD_ROW = ("start", "end", "word", "probability")


def parse(document: Any, source: str) -> Transcript:
    """Read a parsed document: an object with ``segments`` or ``words``, or a list of segments.

    Raises
    ------
    FormatError
        At the first segment or word that is none, by its number.
    """
    whole = {"segments": document} if isinstance(document, list) else document
    entries = [
        _named(entry, ROW, f"{source}, segment {number}")
        for number, entry in enumerate(a_list(whole.get("segments") or [], source), 1)
    ]
    words = [
        _word(entry, f"{source}, word {number}")
        for number, entry in enumerate(a_list(whole.get("words") or [], source), 1)
    ]
    if words and not any(entry.get("words") for entry in entries):
        passages = _beside(entries, words, source) if entries else _alone(words, source)
    else:
        passages = [
            _passage(entry, f"{source}, segment {number}")
            for number, entry in enumerate(entries, 1)
        ]
    return Transcript(tuple(passages), FAMILY, document)


def _named(entry: Any, names: tuple[str, ...], where: str) -> dict[str, Any]:
    """Return an object as it is, and a row of a named tuple as an object."""
    if isinstance(entry, list) and len(entry) == len(names):
        return dict(zip(names, entry, strict=True))
    return an_object(entry, where)


def _word(entry: Any, where: str) -> Word:
    entry = _named(entry, WORD_ROW, where)
    times = (a_time(entry.get(name), where) for name in ("start", "end"))
    text = a_text(entry.get("word", entry.get("text")), where)
    return Word(text, *a_span(*times), entries=(entry,))


def _passage(entry: dict[str, Any], where: str) -> Passage:
    """Read a segment, with its own words or those at its blanks."""
    listed = a_list(entry.get("words") or [], where)
    words = [_word(word, f"{where}, word {number}") for number, word in enumerate(listed, 1)]
    return _assembled(entry, words, where)


def _assembled(entry: dict[str, Any], words: list[Word], where: str) -> Passage:
    text = _text(entry, words, where)
    pieces = cut(text, [word.text for word in words]) if words else split(text)
    words = words or [Word("")] * len(pieces)
    known = [t for word in words for t in (word.start, word.end) if t is not None]
    start_s, end_s = (a_time(entry.get(name), where) for name in ("start", "end"))
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
        return a_text(entry.get("text"), where)
    blank = "" if any(word.text[:1].isspace() for word in words) else " "
    return blank.join(word.text for word in words)


def _beside(entries: list[dict[str, Any]], words: list[Word], source: str) -> list[Passage]:
    """Give each segment those of the words beside it that lie in its text."""
    texts = [a_text(entry.get("text"), f"{source}, segments") for entry in entries]
    pieces = cut("".join(texts), [word.text for word in words])
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
        _assembled(entry, share, f"{source}, segment {number}")
        for number, (entry, share) in enumerate(zip(entries, shares, strict=True), 1)
    ]


def _alone(words: list[Word], source: str) -> list[Passage]:
    """Make passages of words that come without segments."""
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
    """Return the document anew, a segment for each passage, with ``speaker`` (None: unknown).

    Segments that were not split keep all their fields. Parts of one have their own start, end,
    text, words and characters; the rest they share. Identifiers that count up still do.
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
            content[name] = _beside_again(content[name], transcript.words)
    return content


def anew(transcript: Transcript) -> dict[str, Any]:
    """Make a document of a transcript that was none: segments, and words where they had times."""
    segments: list[dict[str, Any]] = []
    for number, passage in enumerate(transcript.passages):
        text = plain(passage.text, transcript.family)
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
        if len(entry.get("chars") or ()) == len(passage.entry.get("text", "")):
            entry["chars"] = entry["chars"][passage.offset :][: len(passage.text)]
    if entry.get("words"):
        entry["words"] = [
            {**word, "speaker": each.speaker} for each in passage.words for word in each.entries
        ]
    entry["speaker"] = passage.speaker
    return entry


def _identities(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """Give identifiers that count up anew; to other texts, ".2", ".3", ... for the later parts."""
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


def _beside_again(entries: list[Any], words: Iterable[Word]) -> list[Any]:
    """Give the words beside the segments the speakers of the same words within them."""
    speakers: dict[str, deque[str | None]] = {}
    for word in words:
        for entry in word.entries:
            speakers.setdefault(_same(entry), deque()).append(word.speaker)
    named = []
    for each in entries:
        entry = _named(each, WORD_ROW, "a word beside the segments")
        found = speakers.get(_same(entry))
        named.append({**entry, "speaker": found.popleft() if found else None})
    return named


def _same(word: Mapping[str, Any]) -> str:
    return str([word.get(name) for name in ("word", "start", "end")])
