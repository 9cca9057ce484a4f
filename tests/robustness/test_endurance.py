"""Memory stays flat and answers the same: a little of what `endurance` does in full."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from robustness import endurance

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_memory_is_flat_over_many_recordings_and_answers_stay_the_same(tiny: Path) -> None:
    memory, different = endurance.many(tiny, 40)
    assert endurance.growth_mb(memory) < endurance.FLAT_MB
    assert different == 0


def test_growth_is_that_of_the_second_half() -> None:
    assert endurance.growth_mb([*range(100), *[100] * 50, *[130] * 50]) == 30


def test_silence_has_no_turns(tiny: Path) -> None:
    assert endurance.once(tiny, endurance.silence(0.02)) == (0, 0)


def test_many_voices_are_answered(tiny: Path) -> None:
    turns, speakers = endurance.once(tiny, endurance.crowd()[: 60 * endurance.RATE])
    assert turns >= speakers >= 1
