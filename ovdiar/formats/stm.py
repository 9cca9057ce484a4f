"""STM, segment time marks for scoring (NIST SCTK), one turn per line, written without words.

Columns: recording, channel, speaker, start (s), end (s), then labels and words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import ABSENT, checked_column, rows, seconds
from ovdiar.formats.tracks import annotation_from_rows, checked_segment
from ovdiar.texts import counted

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

NON_SPEAKERS = frozenset({"inter_segment_gap", "excluded_region"})
"""Values of the speaker column that mark regions without a scored speaker."""


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the millisecond. Without turns, the text is empty.

    Raises
    ------
    FormatError
        If the recording's or a speaker's name is empty or has spaces.
    """
    uri = (
        checked_column(annotation.uri, "recording's name") if annotation.uri is not None else ABSENT
    )
    return "".join(
        f"{uri} 1 {checked_column(speaker, 'speaker')} {segment.start:.3f} {segment.end:.3f}\n"
        for segment, speaker in annotation
    )


def loads(text: str, source: str = "STM") -> dict[str, Annotation]:
    """Parse the recordings of a text, by name; labels and words are ignored.

    Parameters
    ----------
    text
        Lines of STM.
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
    found: dict[str, list[tuple[Segment, str]]] = {}
    for where, columns in rows(text, source):
        if len(columns) < 5:
            raise FormatError(
                f"{where}: {counted(len(columns), 'column')}, STM has at least 5: "
                "recording, channel, speaker, start, end"
            )
        uri, _, speaker, start, end, *_ = columns
        segment = checked_segment(seconds(start, "start", where), seconds(end, "end", where), where)
        if speaker.lower() not in NON_SPEAKERS:
            found.setdefault(uri, []).append((segment, speaker))
    return {
        uri: replace(annotation_from_rows(turns), uri=None if uri == ABSENT else uri)
        for uri, turns in found.items()
    }
