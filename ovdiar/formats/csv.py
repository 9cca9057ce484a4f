"""CSV, a row a turn under the heading ``start,end,speaker``; times in seconds (RFC 4180)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import seconds
from ovdiar.formats.tracks import forward, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

COLUMNS = ("start", "end", "speaker")


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the millisecond; without turns the heading stands alone."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for segment, speaker in annotation:
        writer.writerow((f"{segment.start:.3f}", f"{segment.end:.3f}", speaker))
    return text.getvalue()


def loads(text: str, source: str = "CSV") -> Annotation:
    """Parse one recording: columns in any order, more of them too, between commas or semicolons.

    ``source`` names the text in messages.

    Raises
    ------
    FormatError
        When the heading lacks a column, and at the first malformed row, by its line.
    """
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise FormatError(
                f"{source}: the heading lacks {', '.join(sorted(missing))}: "
                f"begin with {','.join(COLUMNS)}"
            )
        return in_order(_turns(reader, source))
    except csv.Error as error:
        raise FormatError(f"{source}, after line {reader.line_num}: {error}: correct it") from None


def _turns(reader: csv.DictReader[str], source: str) -> Iterator[tuple[Segment, str]]:
    for row in reader:
        where = f"{source}, line {reader.line_num}"
        start, end, speaker = (row[column] for column in COLUMNS)
        if start is None or end is None or speaker is None:
            raise FormatError(f"{where}: fewer columns than the heading: complete the row")
        segment = forward(seconds(start, "start", where), seconds(end, "end", where), where)
        yield segment, speaker
