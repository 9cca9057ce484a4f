"""Text files of rows with space-separated columns, such as RTTM, UEM, STM and CTM, and times."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError
from ovdiar.texts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = "<NA>"
"""Value of an empty column."""
COMMENT = ";;"
"""Start of a comment line."""
LATEST_S = 1e9
"""Latest time, 31 years: a float still resolves its microseconds, and any clock can show it."""


def rows(text: str, source: str) -> Iterator[tuple[str, list[str]]]:
    """Split a text into rows of columns; blank lines and comments (``;;``) are skipped.

    Each row comes with its location for error messages, ``"SOURCE, line N"``.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        columns = line.split()
        if columns and not columns[0].startswith(COMMENT):
            yield f"{source}, line {number}", columns


def seconds(value: Any, what: str, where: str, per_second: int = 1) -> float:
    """Parse a time.

    Parameters
    ----------
    value
        A number, or its text.
    what, where
        Name and location of the time in error messages.
    per_second
        Units of the value in a second: 1000 for milliseconds.

    Returns
    -------
    Seconds from -`LATEST_S` to `LATEST_S`.

    Raises
    ------
    FormatError
        If the value is not a number, or out of range.
    """
    try:
        if isinstance(value, bool) or not isinstance(value, (str, Real)):
            raise TypeError  # noqa: TRY301 - as float says of what it does not take
        time_s = float(value) / per_second
    except OverflowError:
        time_s = math.inf
    except (TypeError, ValueError):
        time_s = math.nan
    if math.isnan(time_s):
        raise FormatError(
            f"{where}: the {what} {quoted(value)} is not a number of seconds: correct it"
        )
    return checked_time(time_s, quoted(value), what, where)


def checked_time(time_s: float, shown: str, what: str, where: str) -> float:
    """Return a time (s), or raise FormatError if no clock shows it."""
    if not -LATEST_S <= time_s <= LATEST_S:
        raise FormatError(
            f"{where}: the {what} {shown} is beyond {LATEST_S:g} s, which no recording lasts: "
            "correct it"
        )
    return time_s


def checked_column(value: str, what: str) -> str:
    """Return a value that fits one column (not empty, no spaces), or raise FormatError."""
    if value.split() != [value] or value.startswith(COMMENT):
        raise FormatError(
            f"the {what} {quoted(value)} cannot be written in a column (it is empty, has spaces "
            f"or starts with {COMMENT}): rename it"
        )
    return value
