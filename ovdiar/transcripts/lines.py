"""Transcripts as lines: for reading (``Ann: text``), and STM for scoring.

Consecutive passages of one speaker become one line.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from ovdiar.formats.columns import ABSENT, word
from ovdiar.transcripts.captions import plain
from ovdiar.transcripts.text import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.transcripts.transcript import Transcript

UNKNOWN = "unknown"
"""Who speaks where nobody is near."""


class Line(NamedTuple):
    """What one speaker says in a row; the text has no line breaks."""

    start: float
    end: float
    speaker: str | None
    text: str


def lines(transcript: Transcript) -> Iterator[Line]:
    """Join the consecutive passages of one speaker."""
    for speaker, run in groupby(transcript.passages, key=lambda passage: passage.speaker):
        passages = list(run)
        text = ""
        for passage in passages:
            text = joined(text, " ".join(plain(passage.text, transcript.family).split()))
        if text:
            yield Line(passages[0].start, max(p.end for p in passages), speaker, text)


def to_txt(transcript: Transcript) -> str:
    """Write a line for each speaker in turn, ``Ann: text``."""
    return "".join(
        f"{' '.join((UNKNOWN if line.speaker is None else line.speaker).split())}: {line.text}\n"
        for line in lines(transcript)
    )


def to_stm(transcript: Transcript) -> str:
    """Write a line for each speaker in turn: recording, channel, speaker, start, end, text.

    Raises
    ------
    FormatError
        When the recording's or a speaker's name is empty or holds blanks.
    """
    uri = ABSENT if transcript.uri is None else word("_".join(transcript.uri.split()), "recording")
    return "".join(
        f"{uri} 1 {UNKNOWN if line.speaker is None else word(line.speaker, 'speaker')} "
        f"{line.start:.3f} {line.end:.3f} {line.text}\n"
        for line in lines(transcript)
    )
