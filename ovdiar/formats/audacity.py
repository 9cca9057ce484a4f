"""Audacity label tracks: start (s), end (s) and label, separated by tabs, one turn per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import seconds
from ovdiar.formats.tracks import annotation_from_rows, checked_segment
from ovdiar.texts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

FREQUENCIES = "\\"
"""Start of a line that adds a frequency range to the label above it."""


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the microsecond as Audacity does.

    Without turns, the text is empty.

    Raises
    ------
    FormatError
        If a speaker's name has tabs or line breaks.
    """
    return "".join(
        f"{segment.start:.6f}\t{segment.end:.6f}\t{_label(speaker)}\n"
        for segment, speaker in annotation
    )


def _label(speaker: str) -> str:
    if "\t" in speaker or speaker.splitlines() not in ([speaker], []):
        raise FormatError(
            f"the speaker {quoted(speaker)} cannot be written in a label (it has tabs or line "
            "breaks): rename it"
        )
    return speaker


def loads(text: str, source: str = "Audacity labels") -> Annotation:
    """Parse one recording; point labels are skipped.

    Parameters
    ----------
    text
        Lines of start, end and label.
    source
        Name of the text in error messages.

    Raises
    ------
    FormatError
        If a line is malformed; the message gives its number.
    """
    return annotation_from_rows(_turns(text, source))


def _turns(text: str, source: str) -> Iterator[tuple[Segment, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(FREQUENCIES):
            continue
        where = f"{source}, line {number}"
        columns = line.split("\t", 2)
        if len(columns) != 3:
            raise FormatError(
                f"{where}: {quoted(line)} is not start, end and label, separated by tabs"
            )
        start, end, label = columns
        yield (
            checked_segment(seconds(start, "start", where), seconds(end, "end", where), where),
            label,
        )
