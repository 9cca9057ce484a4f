"""CTM, time-marked words for scoring (NIST): one word per line, written with its speaker.

Columns: recording, channel, start (s), duration (s), word, and optionally confidence, token type
and speaker (NIST, Rich Transcription 2009 evaluation plan: ``lex`` is a word, ``unknown`` an
undetermined speaker). CTM can only be written from a transcript, since turns have no words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import ABSENT, checked_column, rows, seconds
from ovdiar.texts import counted, quoted
from ovdiar.transcripts.captions import strip_markup
from ovdiar.transcripts.transcript import Transcript, Word, passages_of

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILY = "ctm"
LARGEST_CONFIDENCE = 1e6
"""Values beyond are not written; probabilities and their logarithms are far below."""
NUMBER = re.compile(r"[\d.]+")
LEXEME, UNKNOWN = "lex", "unknown"
COLUMNS = ("recording", "channel", "start", "duration", "word", "confidence", "type", "speaker")


def is_ctm(text: str) -> bool:
    """Return whether a text looks like CTM: two names, then two numbers, and not RTTM."""
    _, first = next(rows(text, ""), ("", []))
    return (
        len(first) >= 5
        and first[0] != "SPEAKER"
        and all(NUMBER.fullmatch(column) for column in first[2:4])
    )


def parse(text: str, source: str) -> Transcript:
    """Parse the words of one recording; tokens of types other than ``lex`` are skipped.

    Raises
    ------
    FormatError
        If a line is malformed (the message gives its number), or there are several recordings.
    """
    words: list[Word] = []
    uri: str | None = None
    for where, columns in rows(text, source):
        if not 5 <= len(columns) <= len(COLUMNS):
            raise FormatError(
                f"{where}: {counted(len(columns), 'column')}, CTM has 5 to 8: {', '.join(COLUMNS)}"
            )
        entry = dict(zip(COLUMNS, columns, strict=False))
        if uri not in {None, entry["recording"]}:
            raise FormatError(
                f"{where}: a second recording, {quoted(entry['recording'])}: split the file"
            )
        uri = entry["recording"]
        start_s = seconds(entry["start"], "start", where)
        end_s = start_s + max(seconds(entry["duration"], "duration", where), 0)
        if entry.get("type", LEXEME) == LEXEME:
            blank = " " if words else ""
            words.append(Word(blank + entry["word"], start_s, end_s, entries=(entry,)))
    named = None if uri == ABSENT else uri
    return Transcript(passages_of(words), FAMILY, uri=named)


def dumps(transcript: Transcript) -> str:
    """Serialize one word per line, with its speaker. Words without times are skipped.

    Raises
    ------
    FormatError
        If the recording's or a speaker's name is empty or has spaces.
    """
    return "".join(_lines(transcript))


def _lines(transcript: Transcript) -> Iterator[str]:
    uri = (
        ABSENT
        if transcript.uri is None
        else checked_column("_".join(transcript.uri.split()), "recording")
    )
    for each in transcript.words:
        entry = each.entries[0] if transcript.family == FAMILY else {}
        speaker = UNKNOWN if each.speaker is None else checked_column(each.speaker, "speaker")
        spoken = "_".join(strip_markup(each.text, transcript.family).split())
        if each.start is None or each.end is None or not spoken:
            continue
        channel, confidence = entry.get("channel", "1"), entry.get("confidence", _confidence(each))
        yield (
            f"{uri} {channel} {each.start:.3f} {each.end - each.start:.3f} {spoken} "
            f"{confidence} {LEXEME} {speaker}\n"
        )


def _confidence(each: Word) -> str:
    """Return the recognizer's confidence, or the minimum over the tokens of a word."""
    values = [entry.get(key) for entry in each.entries for key in ("probability", "score", "p")]
    known = [v for v in values if isinstance(v, (int, float)) and abs(v) <= LARGEST_CONFIDENCE]
    return f"{min(known):.3f}" if known else "NA"
