"""Recordings are made alike: nothing at the top of the band, a little noise everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve

from ovdiar.conditioning import (
    HIGHPASS_MARGIN,
    MARGIN,
    MOST_GAIN,
    SPECTRUM,
    gain_to,
    high_passed,
    low_passed,
    taps,
    with_noise,
)

RATE, CUTOFF_HZ = 16_000, 7000.0
LENGTHS = st.integers(0, 500) | st.integers(SPECTRUM - 2 * MARGIN - 2, SPECTRUM + 2)


def filtered(parts: list[np.ndarray], cutoff_hz: float = CUTOFF_HZ) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.float32), *low_passed(parts, cutoff_hz, RATE)])


def high(parts: list[np.ndarray], cutoff_hz: float = 80.0) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.float32), *high_passed(parts, cutoff_hz, RATE)])


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


@given(LENGTHS | st.integers(HIGHPASS_MARGIN - 1, HIGHPASS_MARGIN + 1))
@settings(deadline=None, max_examples=30)
def test_the_high_pass_filter_is_a_convolution_of_the_mirrored_recording(samples: int) -> None:
    signal = noise(samples)
    answer = high([signal])
    assert answer.dtype == np.float32
    assert len(answer) == samples
    if samples:
        mirrored = np.pad(signal, HIGHPASS_MARGIN, mode="symmetric")
        below = fftconvolve(mirrored, taps(80.0, RATE, HIGHPASS_MARGIN), "valid")
        np.testing.assert_allclose(answer, signal - below, atol=1e-5)


@given(
    LENGTHS | st.integers(0, 2 * HIGHPASS_MARGIN), st.lists(st.integers(0, SPECTRUM), max_size=4)
)
@settings(deadline=None, max_examples=30)
def test_blocks_of_any_size_give_one_high_passed_answer(samples: int, cuts: list[int]) -> None:
    signal = noise(samples)
    parts = np.split(signal, sorted(min(cut, samples) for cut in cuts))
    assert np.array_equal(high(parts), high([signal]))


@pytest.mark.parametrize(("hz", "passes"), [(50, 0), (65, 0), (80, 0.5), (95, 1), (3000, 1)])
def test_tones_above_the_cutoff_pass_and_those_below_do_not(hz: float, passes: float) -> None:
    tone = np.sin(2 * np.pi * hz / RATE * np.arange(RATE)).astype(np.float32)
    inside = slice(HIGHPASS_MARGIN, -HIGHPASS_MARGIN)
    np.testing.assert_allclose(high([tone])[inside], passes * tone[inside], atol=1e-4)


@pytest.mark.parametrize("samples", [1, 100, HIGHPASS_MARGIN, RATE])
def test_an_offset_is_taken_off_to_the_ends(samples: int) -> None:
    signal = noise(samples)
    np.testing.assert_allclose(high([signal + np.float32(0.5)]), high([signal]), atol=1e-6)


@pytest.mark.parametrize("cutoff_hz", [8000, 9000])
def test_at_half_the_rate_nothing_is_taken_off(cutoff_hz: float) -> None:
    signal = noise(1000)
    assert np.array_equal(filtered([signal], cutoff_hz), signal)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_recordings_are_brought_to_one_level(scale: float, offset: float) -> None:
    signal = np.float32(scale) * noise(20 * RATE) + np.float32(offset)
    gain = gain_to(-26.0, np.split(signal, [5, 70_001]), RATE)
    assert gain == gain_to(-26.0, [signal], RATE)
    assert gain * scale == pytest.approx(10 ** (-26 / 20), rel=0.05)


def test_pauses_do_not_count_towards_the_level() -> None:
    speech, pause = np.float32(0.1) * noise(10 * RATE), np.zeros(100 * RATE, np.float32)
    alone = gain_to(-26.0, [speech], RATE)
    assert gain_to(-26.0, [pause, speech, pause], RATE) == pytest.approx(alone, rel=0.01)


@pytest.mark.parametrize("samples", [0, 1, RATE])
def test_silence_has_no_gain(samples: int) -> None:
    assert gain_to(-26.0, [np.zeros(samples, np.float32)], RATE) == 1.0


def test_the_gain_has_a_limit() -> None:
    assert gain_to(-26.0, [np.float32(1e-5) * noise(RATE)], RATE) == MOST_GAIN


def test_noise_has_its_share_of_each_windows_level_and_no_colour() -> None:
    tone = np.sin(np.arange(RATE)).astype(np.float32)
    windows = np.stack([tone, 100 * tone])
    noise = (with_noise(windows, 0.01) - windows) / np.std(windows, axis=1, keepdims=True)
    assert noise.std(axis=1).tolist() == pytest.approx([0.01, 0.01], rel=0.02)
    halves = np.abs(np.fft.rfft(noise[0]))[1:].reshape(2, -1) ** 2
    assert halves[0].sum() == pytest.approx(halves[1].sum(), rel=0.1)


def test_noise_is_the_same_whenever_it_is_asked_for() -> None:
    windows = np.ones((1, 4), np.float32)
    expected = [[0.9814, 1.0082, 1.1768, 1.3121]]
    np.testing.assert_allclose(with_noise(windows, 0.2), expected, atol=1e-4)


def test_silence_stays_silent() -> None:
    assert not with_noise(np.zeros((2, 100), np.float32), 0.5).any()
