"""CSV with the header ``start,end,speaker``, one turn per row; times in seconds (RFC 4180)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import seconds
from ovdiar.formats.tracks import annotation_from_rows, checked_segment
from ovdiar.texts import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

COLUMNS = ("start", "end", "speaker")


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the millisecond. Without turns, only the header is written."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for segment, speaker in annotation:
        writer.writerow((f"{segment.start:.3f}", f"{segment.end:.3f}", speaker))
    return text.getvalue()


def loads(text: str, source: str = "CSV") -> Annotation:
    """Parse one recording.

    Parameters
    ----------
    text
        Rows under a header, in any order of columns, separated by commas or semicolons. Additional
        columns are ignored.
    source
        Name of the text in error messages.

    Raises
    ------
    FormatError
        If the header lacks a column, or a row is malformed; the message gives its line.
    """
    header = split_lines(text)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise FormatError(
                f"{source}: the header lacks {', '.join(sorted(missing))}: "
                f"start with {','.join(COLUMNS)}"
            )
        return annotation_from_rows(_turns(reader, source))
    except csv.Error as error:
        raise FormatError(f"{source}, after line {reader.line_num}: {error}: correct it") from None


def _turns(reader: csv.DictReader[str], source: str) -> Iterator[tuple[Segment, str]]:
    for row in reader:
        where = f"{source}, line {reader.line_num}"
        start, end, speaker = (row[column] for column in COLUMNS)
        if start is None or end is None or speaker is None:
            raise FormatError(f"{where}: fewer columns than the header: complete the row")
        segment = checked_segment(seconds(start, "start", where), seconds(end, "end", where), where)
        yield segment, speaker
