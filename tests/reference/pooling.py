"""Masked mean and standard deviation of one channel, in double precision (pyannote >= 3.1)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def statistics(channel: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """Weigh a channel's frames; a mask of zeros gives zeros."""
    pairs = list(zip(channel, weights, strict=True))
    total = sum(weight for _, weight in pairs) + 1e-8
    mean = sum(value * weight for value, weight in pairs) / total
    squares = sum((value - mean) ** 2 * weight for value, weight in pairs)
    guard = total - sum(weight**2 for _, weight in pairs) / total + 1e-8
    return mean, math.sqrt(squares / guard)


def nearest(mask: Sequence[float], length: int) -> list[float]:
    """Resize a mask: each new frame takes the old one in which it starts."""
    return [mask[math.floor(frame * len(mask) / length)] for frame in range(length)]
