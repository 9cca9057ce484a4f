"""Values of parsed JSON, checked: objects, lists, texts and times."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from ovdiar.errors import FormatError


def an_object(value: Any, where: str) -> dict[str, Any]:
    """Return an object, or raise FormatError."""
    if not isinstance(value, dict):
        raise FormatError(f"{where}: {_shown(value)} is no object: check what wrote the file")
    return value


def a_list(value: Any, where: str) -> list[Any]:
    """Return a list, or raise FormatError."""
    if not isinstance(value, list):
        raise FormatError(f"{where}: {_shown(value)} is no list: check what wrote the file")
    return value


def a_text(value: Any, where: str) -> str:
    """Return a text, or raise FormatError."""
    if not isinstance(value, str):
        raise FormatError(f"{where}: {_shown(value)} is no text: check what wrote the file")
    return value


def a_time(value: Any, where: str) -> float | None:
    """Return seconds; None where there are none (absent, null or NaN), or raise FormatError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real) or math.isinf(value):
        raise FormatError(f"{where}: {_shown(value)} is no number of seconds: correct it")
    return None if math.isnan(value) else float(value)


def a_span(start_s: float | None, end_s: float | None) -> tuple[float | None, float | None]:
    """Return both times of a word or neither; one that ends before it starts has no length."""
    if start_s is None or end_s is None:
        return None, None
    return start_s, max(start_s, end_s)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
