"""The fraction of a run moves evenly in time, whatever was thought of its steps beforehand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.pipelines.estimate import Estimate

COSTS = {"segmentation": 0.1, "embeddings": 1.0, "decoding": 0.01}
ORDER = list(COSTS)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _simulate(
    costs: dict[str, float], *, windows: int, batch: int, expected: dict[str, float]
) -> list[tuple[float, float, float | None]]:
    """Run steps of these true costs: the time, the fraction told then, and the time left."""
    clock = Clock()
    estimate = Estimate(expected, clock)
    told = []
    for step in ORDER:
        estimate.advance(step, 0, windows)
        for done in range(0, windows, batch):
            here = min(batch, windows - done)
            for _ in range(20):
                clock.now += here * costs[step] / 20
                told.append((clock.now - 100, estimate.fraction(), estimate.left_s()))
            estimate.advance(step, done + here, windows)
    return told


def _worst(told: list[tuple[float, float, float | None]]) -> float:
    """Find how far the fraction ever was from the share of the time."""
    end = told[-1][0]
    return max(abs(fraction - time / end) for time, fraction, _ in told)


@pytest.mark.parametrize("speed", [0.1, 0.3, 1, 30])
def test_the_fraction_is_the_share_of_time_at_any_speed_of_the_machine(speed: float) -> None:
    costs = {step: cost / speed for step, cost in COSTS.items()}
    assert _worst(_simulate(costs, windows=640, batch=32, expected=COSTS)) < 0.05


@pytest.mark.parametrize("step", ["segmentation", "embeddings"])
@pytest.mark.parametrize("factor", [0.5, 2])
def test_a_step_guessed_wrongly_by_half_costs_little(step: str, factor: float) -> None:
    costs = COSTS | {step: COSTS[step] * factor}
    assert _worst(_simulate(costs, windows=640, batch=32, expected=COSTS)) < 0.15


def test_what_is_left_is_told_well_once_a_step_is_under_way() -> None:
    told = _simulate(COSTS, windows=640, batch=32, expected=COSTS)
    end = told[-1][0]
    later = [(time, left) for time, _, left in told if left is not None]
    assert len(later) > 0.9 * len(told)
    assert all(abs(time + left - end) < 0.05 * end for time, left in later)


def test_nothing_is_said_of_the_rest_before_a_batch_is_done() -> None:
    clock = Clock()
    estimate = Estimate(COSTS, clock)
    assert (estimate.fraction(), estimate.left_s()) == (0.0, None)
    estimate.advance("segmentation", 0, 10)
    clock.now += 1
    assert estimate.left_s() is None
    assert 0 < estimate.fraction() < 1


@given(
    costs=st.fixed_dictionaries({step: st.floats(0, 100) for step in ORDER}),
    windows=st.integers(1, 200),
    batch=st.integers(1, 64),
)
def test_a_fraction_never_goes_back_and_never_reaches_the_end(
    costs: dict[str, float], windows: int, batch: int
) -> None:
    told = _simulate(costs, windows=windows, batch=batch, expected=COSTS)
    fractions = [fraction for _, fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[0] >= 0
    assert fractions[-1] < 1
    assert all(left is None or left >= 0 for _, _, left in told)


def test_a_step_without_a_cost_is_passed_over() -> None:
    clock = Clock()
    estimate = Estimate(COSTS, clock)
    estimate.advance("resting", 5, 10)
    assert estimate.left_s() is None
