"""The low pass takes off the top of the band, adds no delay, and forgets nothing between blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovdiar.lowpass import MARGIN, SPECTRUM, low_passed, taps

RATE, CUTOFF_HZ = 16_000, 7000.0
LENGTHS = st.integers(0, 500) | st.integers(SPECTRUM - 2 * MARGIN - 2, SPECTRUM + 2)


def filtered(parts: list[np.ndarray], cutoff_hz: float = CUTOFF_HZ) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.float32), *low_passed(parts, cutoff_hz, RATE)])


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(samples).standard_normal(samples).astype(np.float32)


@given(LENGTHS)
@settings(deadline=None, max_examples=30)
def test_it_is_a_convolution_with_silence_around(samples: int) -> None:
    signal = noise(samples)
    answer = filtered([signal])
    assert answer.dtype == np.float32
    assert len(answer) == samples
    if samples:
        plain = np.convolve(signal, taps(CUTOFF_HZ, RATE))[MARGIN : MARGIN + samples]
        np.testing.assert_allclose(answer, plain, atol=1e-5)


@given(LENGTHS, st.lists(st.integers(0, SPECTRUM), max_size=4))
@settings(deadline=None, max_examples=30)
def test_blocks_of_any_size_give_one_answer(samples: int, cuts: list[int]) -> None:
    signal = noise(samples)
    parts = np.split(signal, sorted(min(cut, samples) for cut in cuts))
    assert np.array_equal(filtered(parts), filtered([signal]))


@pytest.mark.parametrize(("hz", "passes"), [(100, 1), (6850, 1), (7000, 0.5), (7150, 0), (7900, 0)])
def test_tones_below_the_cutoff_pass_and_those_above_do_not(hz: float, passes: float) -> None:
    tone = np.sin(2 * np.pi * hz / RATE * np.arange(RATE)).astype(np.float32)
    inside = slice(MARGIN, -MARGIN)
    np.testing.assert_allclose(filtered([tone])[inside], passes * tone[inside], atol=1e-4)


@pytest.mark.parametrize("cutoff_hz", [8000, 9000])
def test_at_half_the_rate_nothing_is_taken_off(cutoff_hz: float) -> None:
    signal = noise(1000)
    assert np.array_equal(filtered([signal], cutoff_hz), signal)
