"""Counts that can be summed over recordings, and rates computed from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class Counts(ABC):
    """Base class of a metric's counts.

    Subclasses start at zero, so that ``sum(many, start=Kind())`` works. Rates are computed from
    sums, never averaged: ``(a + b).rate`` weights both by their speech.
    """

    def __add__(self, other: Self) -> Self:
        """Add the counts of another recording."""
        if type(other) is not type(self):
            return NotImplemented
        return type(self)(
            **{
                field.name: getattr(self, field.name) + getattr(other, field.name)
                for field in fields(self)
            }
        )

    @property
    @abstractmethod
    def rate(self) -> float:
        """Value of the metric."""


def error_share(errors: float, total: float) -> float:
    """Return errors / total; if the total is 0, 0 without errors and else 1 (pyannote.metrics)."""
    if total:
        return errors / total
    return 1.0 if errors else 0.0


def correct_share(correct: float, total: float) -> float:
    """Return correct / total; 1 if the total is 0 (pyannote.metrics)."""
    return correct / total if total else 1.0
