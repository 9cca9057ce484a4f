"""Counts that add up over recordings, and the rates made of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class Counts(ABC):
    """Sums over what was scored. Every subclass starts at zero: ``sum(many, start=Kind())``.

    Rates are taken from sums, never averaged: ``(a + b).rate`` weighs both by their speech.
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
        """The figure that these counts are made for."""


def error_share(errors: float, total: float) -> float:
    """Return errors / total; of nothing, 0 without errors and 1 with (pyannote.metrics)."""
    if total:
        return errors / total
    return 1.0 if errors else 0.0


def correct_share(correct: float, total: float) -> float:
    """Return correct / total; of nothing, 1 (pyannote.metrics)."""
    return correct / total if total else 1.0
