"""RTTM, the field's files of speaker turns: one SPEAKER row a turn, times to the millisecond.

Columns: type, recording, channel, start (s), duration (s), two unused, speaker, two unused (NIST,
Rich Transcription 2009 evaluation plan, appendix A). The text is what pyannote.core writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import FormatError
from ovdiar.formats.columns import ABSENT, read, rows, seconds, word
from ovdiar.segment import Segment

if TYPE_CHECKING:
    import os

OTHER_TYPES = frozenset(
    {"SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT"}
    | {"SU", "IP", "CB", "A/P", "SPKR-INFO", "LANGUAGE"}
)
"""Rows that RTTM knows and that say nothing of who spoke when; they are passed over."""


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, a line a turn in the annotation's order; no turns give no text.

    RTTM has no place for blanks: in the recording's name they become underscores.

    Raises
    ------
    FormatError
        When the recording's name is empty, or a speaker's is or holds blanks.
    """
    uri = ABSENT
    if annotation.uri is not None:
        uri = word("_".join(annotation.uri.split()), "recording's name")
    return "".join(
        f"SPEAKER {uri} 1 {segment.start:.3f} {segment.duration:.3f} "
        f"<NA> <NA> {word(speaker, 'speaker')} <NA> <NA>\n"
        for segment, speaker in annotation
    )


def loads(text: str, source: str = "RTTM") -> dict[str, Annotation]:
    """Parse the recordings of one text, by name, in the order in which they first appear.

    Rows of a recording without a name come under ``"<NA>"``, with ``uri`` None. Turns over the
    same segment keep the order of their lines; ``source`` names the text in messages.

    Raises
    ------
    FormatError
        At the first malformed line, by its number.
    """
    turns: dict[str, list[Turn]] = {}
    for order, (where, columns) in enumerate(rows(text, source)):
        if columns[0] in OTHER_TYPES:
            continue
        uri, turn = _turn(columns, where, track=f"{order:08d}")
        turns.setdefault(uri, []).append(turn)
    return {
        uri: Annotation(tuple(spoken), uri=None if uri == ABSENT else uri)
        for uri, spoken in turns.items()
    }


def load(path: str | os.PathLike[str]) -> dict[str, Annotation]:
    """Read the recordings of one file, as `loads` does."""
    return loads(read(path), source=str(path))


def _turn(columns: list[str], where: str, track: str) -> tuple[str, Turn]:
    if columns[0] != "SPEAKER":
        raise FormatError(f"{where}: {columns[0]!r} is no type of RTTM row: expected SPEAKER")
    if not 8 <= len(columns) <= 10:
        raise FormatError(
            f"{where}: {len(columns)} columns, where a SPEAKER row has 10: names may hold no blanks"
        )
    start_s = seconds(columns[3], "start", where)
    duration_s = seconds(columns[4], "duration", where)
    if duration_s < 0:
        raise FormatError(f"{where}: the duration {columns[4]} is below 0 s: correct it")
    return columns[1], Turn(Segment(start_s, start_s + duration_s), columns[7], track)
