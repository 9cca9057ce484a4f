"""Audacity's label track: start (s), end (s) and label between tabs, a line a turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import seconds
from ovdiar.formats.tracks import forward, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

FREQUENCIES = "\\"
"""What a line begins with that adds a frequency range to the label above it."""


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the microsecond as Audacity does; no turns give no text.

    Raises
    ------
    FormatError
        When a speaker's name holds tabs or line breaks.
    """
    return "".join(
        f"{segment.start:.6f}\t{segment.end:.6f}\t{_label(speaker)}\n"
        for segment, speaker in annotation
    )


def _label(speaker: str) -> str:
    if "\t" in speaker or speaker.splitlines() not in ([speaker], []):
        raise FormatError(
            f"the speaker {speaker!r} does not fit into a label (it holds tabs or line breaks): "
            "rename it"
        )
    return speaker


def loads(text: str, source: str = "Audacity labels") -> Annotation:
    """Parse one recording; labels of points are left out. ``source`` names the text.

    Raises
    ------
    FormatError
        At the first malformed line, by its number.
    """
    return in_order(_turns(text, source))


def _turns(text: str, source: str) -> Iterator[tuple[Segment, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(FREQUENCIES):
            continue
        where = f"{source}, line {number}"
        columns = line.split("\t", 2)
        if len(columns) != 3:
            raise FormatError(f"{where}: {line!r} is not start, end and label between tabs")
        start, end, label = columns
        yield forward(seconds(start, "start", where), seconds(end, "end", where), where), label
