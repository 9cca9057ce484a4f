"""Text files of rows with space-separated columns, such as RTTM, UEM, STM and CTM."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

ABSENT = "<NA>"
"""Value of an empty column."""
COMMENT = ";;"
"""Start of a comment line."""


def read(path: str | os.PathLike[str]) -> str:
    """Read a text file in UTF-8; a byte-order mark is dropped.

    Raises
    ------
    FormatError
        If the file does not exist or is not UTF-8 text.
    """
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FormatError(f"{path} cannot be read ({reason}): check the path") from error
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path} is not UTF-8 text (byte {error.start}): give a text file"
        ) from error


def rows(text: str, source: str) -> Iterator[tuple[str, list[str]]]:
    """Split a text into rows of columns; blank lines and comments (``;;``) are skipped.

    Each row comes with its location for error messages, ``"SOURCE, line N"``.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        columns = line.split()
        if columns and not columns[0].startswith(COMMENT):
            yield f"{source}, line {number}", columns


def seconds(column: str, what: str, where: str) -> float:
    """Parse a finite number of seconds, or raise FormatError."""
    try:
        value = float(column)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FormatError(f"{where}: the {what} {column!r} is not a number of seconds: correct it")
    return value


def checked_column(value: str, what: str) -> str:
    """Return a value that fits one column (not empty, no spaces), or raise FormatError."""
    if value.split() != [value] or value.startswith(COMMENT):
        raise FormatError(
            f"the {what} {value!r} cannot be written in a column (it is empty, has spaces or "
            f"starts with {COMMENT}): rename it"
        )
    return value
