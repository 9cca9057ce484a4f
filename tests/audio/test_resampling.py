"""The resampler forgets nothing between blocks, and its lengths are exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovdiar.audio.resampling import Resampler, resampled_length

HERTZ = st.sampled_from([8000, 11025, 16001, 44100, 96000]) | st.integers(1000, 100_000)


def resample(parts: list[np.ndarray], source_hz: int, target_hz: int) -> np.ndarray:
    resampler = Resampler(source_hz, target_hz)
    return np.concatenate([*map(resampler.push, parts), resampler.finish()])


@given(st.integers(0, 3000), st.lists(st.integers(0, 3000), max_size=5), HERTZ, HERTZ)
@settings(deadline=None)
def test_blocks_of_any_size_give_one_answer(
    samples: int, cuts: list[int], source_hz: int, target_hz: int
) -> None:
    signal = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    whole = resample([signal], source_hz, target_hz)
    parts = np.split(signal, sorted(min(cut, samples) for cut in cuts))
    assert np.array_equal(resample(parts, source_hz, target_hz), whole)
    assert len(whole) == resampled_length(samples, source_hz, target_hz)


@given(st.integers(0, 10**12), HERTZ, HERTZ)
def test_a_length_counts_the_samples_that_begin_in_time(
    samples: int, source_hz: int, target_hz: int
) -> None:
    length = resampled_length(samples, source_hz, target_hz)
    assert (length - 1) * source_hz < samples * target_hz or not samples
    assert length * source_hz >= samples * target_hz


@pytest.mark.parametrize("hertz", [9000, 15_000])
def test_pitches_beyond_the_new_rate_do_not_fold_back(hertz: int) -> None:
    tone = np.sin(2 * np.pi * hertz / 48000 * np.arange(48000)).astype(np.float32)
    assert np.abs(resample([tone], 48000, 16000)[500:-500]).max() < 1e-4
