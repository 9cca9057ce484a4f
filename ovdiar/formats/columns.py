"""Files of rows in columns between blanks: what RTTM and UEM share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

ABSENT = "<NA>"
"""What stands in a column without a value."""
COMMENT = ";;"
"""What a line of comment begins with."""


def read(path: str | os.PathLike[str]) -> str:
    """Read a text file in UTF-8; a byte-order mark is dropped.

    Raises
    ------
    FormatError
        When there is no such file, or when it is no text.
    """
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FormatError(f"{path} cannot be read ({reason}): check the path") from error
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path} is no UTF-8 text (byte {error.start}): give a text file"
        ) from error


def rows(text: str, source: str) -> Iterator[tuple[str, list[str]]]:
    """Split into columns, without blank lines and comments (``;;``).

    Each row comes with where it is, ``"SOURCE, line N"``, for messages.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        columns = line.split()
        if columns and not columns[0].startswith(COMMENT):
            yield f"{source}, line {number}", columns


def seconds(column: str, what: str, where: str) -> float:
    """Parse a finite number of seconds."""
    try:
        value = float(column)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FormatError(f"{where}: the {what} {column!r} is no number of seconds: correct it")
    return value


def word(value: str, what: str) -> str:
    """Return a value that one column can hold: no blanks, not empty, no comment."""
    if value.split() != [value] or value.startswith(COMMENT):
        raise FormatError(
            f"the {what} {value!r} does not fit into a column (it is empty, holds blanks or begins "
            f"with {COMMENT}): rename it"
        )
    return value
