"""The outcome of tuning: the choice of each fold, and its gain on recordings held out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.errors import ConfigError
from ovdiar.metrics.der import DiarizationErrors
from ovdiar.metrics.scoring import STRICT, Scoring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.parameters import DiarizationParameters

RATE_DIGITS = 9
"""Digits to which error rates are compared, since sums of seconds hold rounding noise."""


def split(recordings: int, folds: int | None, seed: int) -> tuple[tuple[int, ...], ...]:
    """Assign recordings to folds at random, as evenly as possible; None holds out each alone.

    Raises
    ------
    ConfigError
        There are fewer than two recordings, or the folds are not 2 to as many as recordings.
    """
    if recordings < 2:
        raise ConfigError(
            f"{recordings} recording with a reference: give at least 2, so that one is held out"
        )
    wanted = recordings if folds is None else folds
    if not 2 <= wanted <= recordings:
        raise ConfigError(f"{wanted} folds of {recordings} recordings: give 2 to {recordings}")
    order = np.random.default_rng(seed).permutation(recordings)
    return tuple(tuple(sorted(order[first::wanted].tolist())) for first in range(wanted))


@dataclass(frozen=True)
class Tuning:
    """Candidates, and the errors (trials, recordings) of those that were tried.

    The first candidate is the default. ``folds`` holds the numbers of the recordings that are
    held out together; ``interrupted`` states whether the search was ended early.
    """

    uris: tuple[str, ...]
    candidates: tuple[DiarizationParameters, ...]
    errors: tuple[tuple[DiarizationErrors, ...], ...]
    folds: tuple[tuple[int, ...], ...]
    scoring: Scoring = STRICT
    interrupted: bool = False

    def best(self, recordings: Iterable[int]) -> int:
        """Return the trial with the lowest pooled error rate on these; of equals, the first."""
        chosen = tuple(recordings)

        def rate(trial: int) -> float:
            return round(pooled(self.errors[trial][each] for each in chosen).rate, RATE_DIGITS)

        return min(range(len(self.errors)), key=rate)

    @property
    def default(self) -> tuple[DiarizationErrors, ...]:
        """The default's errors by recording."""
        return self.errors[0]

    @property
    def held_out(self) -> tuple[DiarizationErrors, ...]:
        """The errors of each recording with the best candidate on the other folds."""
        found = list(self.default)
        everything = set(range(len(self.uris)))
        for fold in self.folds:
            row = self.errors[self.best(sorted(everything - set(fold)))]
            for recording in fold:
                found[recording] = row[recording]
        return tuple(found)

    @property
    def fitted(self) -> tuple[DiarizationErrors, ...]:
        """The errors by recording of the best candidate on all of them, which is optimistic."""
        return self.errors[self.best(range(len(self.uris)))]

    @property
    def gain(self) -> float:
        """Decrease of the pooled error rate on held-out recordings; negative if it rises."""
        return round(pooled(self.default).rate - pooled(self.held_out).rate, RATE_DIGITS)

    @property
    def parameters(self) -> DiarizationParameters:
        """The best candidate on all recordings, or the default if tuning does not gain."""
        chosen = self.best(range(len(self.uris))) if self.gain > 0 else 0
        return self.candidates[chosen]

    def preset(self) -> str:
        """Write the parameters as the JSON that ``preset=`` and ``--preset`` accept."""
        return json.dumps(self.parameters.to_dict(), indent=2) + "\n"


def pooled(errors: Iterable[DiarizationErrors]) -> DiarizationErrors:
    """Add up the errors of recordings."""
    return sum(errors, start=DiarizationErrors())
