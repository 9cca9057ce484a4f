"""Checks of parsed JSON: objects, lists, strings and times."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from ovdiar.errors import FormatError


def check_object(value: Any, where: str) -> dict[str, Any]:
    """Return an object, or raise FormatError."""
    if not isinstance(value, dict):
        raise FormatError(
            f"{where}: {_abbreviated(value)} is not an object: check the program that wrote it"
        )
    return value


def check_list(value: Any, where: str) -> list[Any]:
    """Return a list, or raise FormatError."""
    if not isinstance(value, list):
        raise FormatError(
            f"{where}: {_abbreviated(value)} is not a list: check the program that wrote it"
        )
    return value


def check_text(value: Any, where: str) -> str:
    """Return a string, or raise FormatError."""
    if not isinstance(value, str):
        raise FormatError(
            f"{where}: {_abbreviated(value)} is not a string: check the program that wrote it"
        )
    return value


def check_seconds(value: Any, where: str) -> float | None:
    """Return a number of seconds, or None if it is absent, null or NaN; else raise FormatError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real) or math.isinf(value):
        raise FormatError(f"{where}: {_abbreviated(value)} is not a number of seconds: correct it")
    return None if math.isnan(value) else float(value)


def word_times(start_s: float | None, end_s: float | None) -> tuple[float | None, float | None]:
    """Return both times of a word or neither; an end before the start is moved to the start."""
    if start_s is None or end_s is None:
        return None, None
    return start_s, max(start_s, end_s)


def _abbreviated(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
