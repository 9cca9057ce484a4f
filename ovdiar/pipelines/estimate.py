"""Estimate the completed share of a run's time, and the time left.

The time of a step is first predicted, from the cost of one of its windows on another machine and
the speed of the steps so far on this one; once the step has begun, it is measured.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SEGMENTATION = 0.02
"""Expected time of a segmentation network, s for each second of its input, on a slow machine."""
DECODING = 0.005
"""Expected time of the back end, s for each window."""
SEGMENTATION_ONLY = {"segmentation": 5 * SEGMENTATION}
"""The costs of a pipeline without embeddings; only its start depends on them."""


class Estimate:
    """Estimates the end of a run from the windows that its steps have done.

    Parameters
    ----------
    costs : the name of each step, and the expected time of one of its windows, s
    clock : a monotonic clock, s
    """

    def __init__(
        self, costs: Mapping[str, float], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._costs = costs
        self._clock = clock
        self._spent = dict.fromkeys(costs, 0.0)
        self._done = dict.fromkeys(costs, 0.0)  # shares, 0 to 1
        self._started = self._recorded = clock()
        self._left: float | None = None
        self._fraction = 0.0

    def advance(self, step: str, completed: int, total: int) -> None:
        """Record that a step has done ``completed`` of ``total`` windows.

        The time since the last record was spent on it. Steps without a cost do not count.
        """
        now = self._clock()
        if step in self._costs:
            self._spent[step] += now - self._recorded
            self._done[step] = completed / total
        self._recorded, self._left = now, self._time_left(total)

    def left_s(self) -> float | None:
        """Return the time left, s; None before anything is measured.

        Between two records it decreases with the clock, and ever slower once half of it is gone.
        """
        return self._left_now() if any(self._done.values()) else None

    def fraction(self) -> float:
        """Return the share of the run's time that has passed: 0 to below 1, never decreasing."""
        left = self._left_now()
        if left is not None:
            passed = self._clock() - self._started
            self._fraction = max(self._fraction, min(passed / max(passed + left, 1e-9), 0.999))
        return self._fraction

    def _left_now(self) -> float | None:
        if not self._left:
            return self._left
        passed = (self._clock() - self._recorded) / self._left
        return self._left * (1 - passed if passed < 0.5 else 0.5 * math.exp(1 - 2 * passed))

    def _time_left(self, windows: int) -> float:
        """Sum over steps: those that have begun keep their speed, others take the expected time."""
        begun = [step for step, share in self._done.items() if share]
        expected = sum(self._costs[step] * self._done[step] for step in begun) * windows
        spent = sum(self._spent[step] for step in begun)
        pace = spent / expected if spent and expected else 1.0
        return sum(
            (1 - share)
            * (self._spent[step] / share if share else pace * self._costs[step] * windows)
            for step, share in self._done.items()
        )
