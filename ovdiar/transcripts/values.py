"""Checks of parsed JSON: objects, lists, strings and times."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from ovdiar.errors import FormatError
from ovdiar.formats.columns import LATEST_S
from ovdiar.texts import quoted

MOST = 40
"""Characters of a value that a message quotes."""


def check_object(value: Any, where: str) -> dict[str, Any]:
    """Return an object, or raise FormatError."""
    if not isinstance(value, dict):
        raise FormatError(
            f"{where}: {quoted(value, MOST)} is not an object: check the program that wrote it"
        )
    return value


def check_list(value: Any, where: str) -> list[Any]:
    """Return a list, or raise FormatError."""
    if not isinstance(value, list):
        raise FormatError(
            f"{where}: {quoted(value, MOST)} is not a list: check the program that wrote it"
        )
    return value


def check_text(value: Any, where: str) -> str:
    """Return a string, or raise FormatError."""
    if not isinstance(value, str):
        raise FormatError(
            f"{where}: {quoted(value, MOST)} is not a string: check the program that wrote it"
        )
    return value


def check_seconds(value: Any, where: str, per_second: int = 1) -> float | None:
    """Return a time in seconds.

    Parameters
    ----------
    value
        Number of seconds, or of parts of a second.
    where
        Location of the value in error messages.
    per_second
        Number of parts of a second: 1000 for milliseconds.

    Returns
    -------
    Seconds, or None if the value is absent, null or NaN.

    Raises
    ------
    FormatError
        If it is not a number, or not from -`LATEST_S` to `LATEST_S`.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise FormatError(f"{where}: {quoted(value, MOST)} is not a number of seconds: correct it")
    try:
        time_s = float(value) / per_second
    except OverflowError:
        time_s = math.inf
    if math.isnan(time_s):
        return None
    if abs(time_s) > LATEST_S:
        raise FormatError(
            f"{where}: {quoted(value, MOST)} is not a number of seconds up to {LATEST_S:g}: "
            "correct it"
        )
    return time_s


def word_times(start_s: float | None, end_s: float | None) -> tuple[float | None, float | None]:
    """Return both times of a word or neither; an end before the start is moved to the start."""
    if start_s is None or end_s is None:
        return None, None
    return start_s, max(start_s, end_s)
