"""Frames, transforms and decibels against their definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovdiar_export.graphs.layers import model, parameter
from ovdiar_export.graphs.spectrum import centred_frames, decibels, fourier, frames
from reference.execution import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray


def framed(signal: NDArray[Any], width: int, hop: int) -> NDArray[Any]:
    return np.array([signal[t : t + width] for t in range(0, len(signal) - width + 1, hop)])


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 70))
@settings(max_examples=60, deadline=None)
def test_frames_hold_exactly_the_samples_that_slicing_gives(
    width: int, hop: int, extra: int
) -> None:
    source = parameter("waveform", -1, -1)
    cut = Network(model("frames", source, "frames", frames(source, width, hop)))
    signal = np.arange(2 * (width + extra), dtype=np.float32).reshape(2, -1)
    wanted = np.stack([framed(row, width, hop) for row in signal])
    np.testing.assert_array_equal(cut(signal), wanted)


@pytest.mark.parametrize(("border", "shortest"), [("constant", 1), ("reflect", 201)])
def test_centred_frames_are_those_of_the_padded_signal(border: str, shortest: int) -> None:
    source = parameter("waveform", -1, -1)
    cut = Network(model("frames", source, "frames", centred_frames(source, 400, 160, border)))
    for samples in (shortest, 399, 400, 401, 479, 480, 481, 1600):
        signal = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
        padded = np.pad(signal, 200, mode="reflect" if border == "reflect" else "constant")
        np.testing.assert_array_equal(cut(signal[None])[0], framed(padded, 400, 160))


def test_the_transform_is_the_windowed_spectrum_padded_to_its_size() -> None:
    generator = np.random.default_rng(0)
    window, frame = generator.uniform(0.1, 1, 400), generator.standard_normal(400)
    real, imaginary = np.split(frame @ fourier(window, 512), 2)
    spectrum = np.fft.rfft(frame * window, 512)
    np.testing.assert_allclose(real, spectrum.real, atol=1e-10)
    np.testing.assert_allclose(np.abs(imaginary), np.abs(spectrum.imag), atol=1e-10)


def test_decibels_stop_80_below_the_loudest_band_of_each_waveform() -> None:
    source = parameter("power", -1, -1, -1)
    convert = Network(model("decibels", source, "level", decibels(source)))
    power = np.array([[[1.0, 1e-3], [1e-9, 0]], [[1e-6, 1e-9], [1e-30, 0]]])
    wanted = [[[0, -30], [-80, -80]], [[-60, -90], [-100, -100]]]
    np.testing.assert_allclose(convert(power), wanted, atol=1e-4)
