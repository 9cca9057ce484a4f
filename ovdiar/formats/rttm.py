"""RTTM, rich transcription time marks: one SPEAKER row per turn, times to the millisecond.

Columns: type, recording, channel, start (s), duration (s), two unused, speaker, two unused (NIST,
Rich Transcription 2009 evaluation plan, appendix A). The text equals that of pyannote.core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import FormatError
from ovdiar.formats.columns import ABSENT, checked_column, rows, seconds
from ovdiar.formats.tracks import checked_segment
from ovdiar.texts import counted, quoted, read

if TYPE_CHECKING:
    import os

OTHER_TYPES = frozenset(
    {"SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT"}
    | {"SU", "IP", "CB", "A/P", "SPKR-INFO", "LANGUAGE"}
)
"""RTTM row types that carry no speaker turns; they are skipped."""


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, one line per turn. Without turns, the text is empty.

    Spaces in the recording's name become underscores, since RTTM columns are separated by spaces.

    Raises
    ------
    FormatError
        If the recording's name is empty, or a speaker's name is empty or has spaces.
    """
    uri = ABSENT
    if annotation.uri is not None:
        uri = checked_column("_".join(annotation.uri.split()), "recording's name")
    return "".join(
        f"SPEAKER {uri} 1 {segment.start:.3f} {segment.duration:.3f} "
        f"<NA> <NA> {checked_column(speaker, 'speaker')} <NA> <NA>\n"
        for segment, speaker in annotation
    )


def loads(text: str, source: str = "RTTM") -> dict[str, Annotation]:
    """Parse the recordings of a text, in order of first appearance.

    Turns over the same segment keep the order of their lines.

    Parameters
    ----------
    text
        Lines of RTTM.
    source
        Name of the text in error messages.

    Returns
    -------
    Annotations by name of the recording. An unnamed recording has the key ``"<NA>"`` and no
    ``uri``.

    Raises
    ------
    FormatError
        If a line is malformed; the message gives its number.
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
    """Read the recordings of a file, see `loads`."""
    return loads(read(path), source=str(path))


def _turn(columns: list[str], where: str, track: str) -> tuple[str, Turn]:
    if columns[0] != "SPEAKER":
        raise FormatError(
            f"{where}: {quoted(columns[0])} is not an RTTM row type: expected SPEAKER"
        )
    if not 8 <= len(columns) <= 10:
        raise FormatError(
            f"{where}: {counted(len(columns), 'column')}, a SPEAKER row has 10: remove "
            "spaces from names"
        )
    start_s = seconds(columns[3], "start", where)
    duration_s = seconds(columns[4], "duration", where)
    if duration_s < 0:
        raise FormatError(f"{where}: the duration {duration_s} s is below 0 s: correct it")
    segment = checked_segment(start_s, start_s + duration_s, where)
    return columns[1], Turn(segment, columns[7], track)
