"""Transcripts as lines of one speaker each: text for reading (``Ann: text``), and STM for scoring.

Consecutive passages of a speaker are joined.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from ovdiar.formats.columns import ABSENT, checked_column
from ovdiar.transcripts.captions import strip_markup
from ovdiar.transcripts.text import join_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.transcripts.transcript import Transcript

UNKNOWN = "unknown"
"""Label of words without a speaker."""


class SpeakerLine(NamedTuple):
    """Consecutive text of one speaker, without line breaks; times in seconds."""

    start: float
    end: float
    speaker: str | None
    text: str


def lines(transcript: Transcript) -> Iterator[SpeakerLine]:
    """Join the consecutive passages of each speaker."""
    for speaker, run in groupby(transcript.passages, key=lambda passage: passage.speaker):
        passages = list(run)
        text = join_texts(
            *(" ".join(strip_markup(each.text, transcript.family).split()) for each in passages)
        )
        if text:
            yield SpeakerLine(passages[0].start, max(p.end for p in passages), speaker, text)


def to_txt(transcript: Transcript) -> str:
    """Write one line per speaker change, ``Ann: text``."""
    return "".join(
        f"{' '.join((UNKNOWN if line.speaker is None else line.speaker).split())}: {line.text}\n"
        for line in lines(transcript)
    )


def to_stm(transcript: Transcript) -> str:
    """Write one line per speaker change: recording, channel, speaker, start, end, text.

    Raises
    ------
    FormatError
        If the recording's or a speaker's name is empty or has spaces.
    """
    uri = (
        ABSENT
        if transcript.uri is None
        else checked_column("_".join(transcript.uri.split()), "recording")
    )
    return "".join(
        f"{uri} 1 {UNKNOWN if line.speaker is None else checked_column(line.speaker, 'speaker')} "
        f"{line.start:.3f} {line.end:.3f} {line.text}\n"
        for line in lines(transcript)
    )
