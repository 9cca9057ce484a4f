"""UEM, the scored parts of recordings: name, channel, start (s), end (s)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import ABSENT, checked_column, rows, seconds
from ovdiar.formats.tracks import checked_segment
from ovdiar.texts import counted, read

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from ovdiar.segment import Segment


def dumps(parts: Iterable[Segment], uri: str | None = None) -> str:
    """Serialize the scored parts of one recording, one per line, to the millisecond.

    Raises
    ------
    FormatError
        If the recording's name is empty or has spaces.
    """
    name = checked_column(uri, "recording's name") if uri is not None else ABSENT
    return "".join(f"{name} 1 {part.start:.3f} {part.end:.3f}\n" for part in sorted(parts))


def loads(text: str, source: str = "UEM") -> dict[str, tuple[Segment, ...]]:
    """Parse the scored parts of each recording.

    Parameters
    ----------
    text
        Lines of UEM.
    source
        Name of the text in error messages.

    Returns
    -------
    Sorted segments by name of the recording; empty segments are dropped.

    Raises
    ------
    FormatError
        If a line is malformed; the message gives its number.
    """
    parts: dict[str, list[Segment]] = {}
    for where, columns in rows(text, source):
        if len(columns) != 4:
            raise FormatError(
                f"{where}: {counted(len(columns), 'column')}, UEM has 4: name, channel, start, end"
            )
        times = seconds(columns[2], "start", where), seconds(columns[3], "end", where)
        parts.setdefault(columns[0], []).append(checked_segment(*times, where))
    return {uri: tuple(sorted(filter(None, found))) for uri, found in parts.items()}


def load(path: str | os.PathLike[str]) -> dict[str, tuple[Segment, ...]]:
    """Read the scored parts in a file, see `loads`."""
    return loads(read(path), source=str(path))
