"""How much of a run is done, in time, and how long the rest takes.

Before a step begins, its length is guessed: from what one of its windows costs elsewhere, scaled by
how fast the steps so far have been here. Once it has begun, it is measured.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SEGMENTATION = 0.02
"""What a segmentation network costs, s for each second that goes through it, on a slow machine.

A guess that is too long is caught up with; ahead of one that was too short, a fraction must wait.
"""
EMBEDDING = {"pooled": 0.2, "utterance": 0.02}
"""The same of an embedding, by its kind."""
DECODING = 0.005
"""What follows the networks, s for each window."""
SEGMENTATION_ONLY = {"segmentation": 5 * SEGMENTATION}
"""The costs of a pipeline that embeds nobody; of a single step, no more than its beginning."""


class Estimate:
    """Estimates the end of a run from the windows that its steps have done.

    Parameters
    ----------
    costs : each step's name, and what one of its windows costs elsewhere, s
    clock : seconds, never going back
    """

    def __init__(
        self, costs: Mapping[str, float], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._costs = costs
        self._clock = clock
        self._spent = dict.fromkeys(costs, 0.0)
        self._done = dict.fromkeys(costs, 0.0)  # shares, 0 to 1
        self._started = self._told = clock()
        self._left: float | None = None
        self._fraction = 0.0

    def advance(self, step: str, completed: int, total: int) -> None:
        """Take note that a step has done ``completed`` of ``total`` windows.

        The time since the last note was spent on it. Steps without a cost are too short to count.
        """
        now = self._clock()
        if step in self._costs:
            self._spent[step] += now - self._told
            self._done[step] = completed / total
        self._told, self._left = now, self._time_left(total)

    def left_s(self) -> float | None:
        """Return how long the rest takes, s; None before anything is measured.

        Between two notes it shrinks with the clock; once half is gone, ever slower.
        """
        return self._left_now() if any(self._done.values()) else None

    def fraction(self) -> float:
        """Return the share of the run's time that has passed: 0 to below 1, never going back."""
        left = self._left_now()
        if left is not None:
            passed = self._clock() - self._started
            self._fraction = max(self._fraction, min(passed / max(passed + left, 1e-9), 0.999))
        return self._fraction

    def _left_now(self) -> float | None:
        if not self._left:
            return self._left
        passed = (self._clock() - self._told) / self._left
        return self._left * (1 - passed if passed < 0.5 else 0.5 * math.exp(1 - 2 * passed))

    def _time_left(self, windows: int) -> float:
        """Add up the steps: what has begun goes on as it went, the others cost what they should."""
        begun = [step for step, share in self._done.items() if share]
        expected = sum(self._costs[step] * self._done[step] for step in begun) * windows
        spent = sum(self._spent[step] for step in begun)
        pace = spent / expected if spent and expected else 1.0
        return sum(
            (1 - share)
            * (self._spent[step] / share if share else pace * self._costs[step] * windows)
            for step, share in self._done.items()
        )
