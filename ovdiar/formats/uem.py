"""UEM, the parts of recordings that are scored: name, channel, start (s), end (s)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import ABSENT, read, rows, seconds, word
from ovdiar.segment import Segment

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


def dumps(parts: Iterable[Segment], uri: str | None = None) -> str:
    """Serialize the scored parts of one recording, a line each, to the millisecond.

    Raises
    ------
    FormatError
        When the recording's name is empty or holds blanks.
    """
    name = word(uri, "recording's name") if uri is not None else ABSENT
    return "".join(f"{name} 1 {part.start:.3f} {part.end:.3f}\n" for part in sorted(parts))


def loads(text: str, source: str = "UEM") -> dict[str, tuple[Segment, ...]]:
    """Parse the scored parts of each recording, sorted; empty ones are left out.

    ``source`` names the text in messages.

    Raises
    ------
    FormatError
        At the first malformed line, by its number.
    """
    parts: dict[str, list[Segment]] = {}
    for where, columns in rows(text, source):
        if len(columns) != 4:
            raise FormatError(
                f"{where}: {len(columns)} columns, where UEM has 4: name, channel, start, end"
            )
        start_s = seconds(columns[2], "start", where)
        end_s = seconds(columns[3], "end", where)
        if end_s < start_s:
            raise FormatError(f"{where}: the end {columns[3]} s is before the start {columns[2]} s")
        parts.setdefault(columns[0], []).append(Segment(start_s, end_s))
    return {uri: tuple(sorted(filter(None, found))) for uri, found in parts.items()}


def load(path: str | os.PathLike[str]) -> dict[str, tuple[Segment, ...]]:
    """Read the scored parts of one file, as `loads` does."""
    return loads(read(path), source=str(path))
