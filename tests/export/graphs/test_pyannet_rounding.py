"""What of SincNet must come out as torch rounds it: sines, waveform and order of sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openvino import opset13 as op
from ovdiar_export.graphs.layers import ints, model, parameter
from ovdiar_export.graphs.loudness import normalize
from ovdiar_export.graphs.sincnet import conv1d_in_order
from ovdiar_export.graphs.sine import MINIMAX, sine
from ovdiar_export.graphs.weights import Weights
from reference.execution import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

TORCH_SINES = {
    "-0x1.b44a56p+7": "0x1.f63f1ep-1",
    "-0x1.812facp+8": "-0x1.e27fcap-1",
    "-0x1.4b56e0p+8": "0x1.fd827ap-1",
    "0x1.26ba74p+7": "0x1.257d96p-2",
    "0x1.60cd00p+8": "0x1.9e31cap-1",
}
TORCH_COSINES = {
    "-0x1.56b7c2p+7": "-0x1.220c14p-3",
    "-0x1.68fe6cp+8": "-0x1.eab86ap-1",
    "0x1.136284p+8": "0x1.e6dafcp-2",
    "-0x1.6dad6cp+7": "0x1.9ecfa4p-1",
    "-0x1.8f0a4ep+8": "-0x1.ff23b4p-1",
}
SCALE, SHIFT = np.float32(0.00840), np.float32(0.3127)


@pytest.mark.parametrize(("shift", "known"), [(0, TORCH_SINES), (np.pi / 2, TORCH_COSINES)])
def test_sines_are_torch_s_where_torch_s_are_not_the_nearest(
    shift: float, known: dict[str, str]
) -> None:
    angles = np.array([float.fromhex(angle) for angle in known]) + shift
    wanted = np.array([float.fromhex(value) for value in known.values()], np.float32)
    np.testing.assert_array_equal(sine(angles), wanted)
    assert (np.sin(angles).astype(np.float32) != wanted).all()


@given(st.lists(st.floats(-1000, 1000), min_size=1))
def test_sines_are_within_a_tenth_of_a_place_of_the_nearest(angles: list[float]) -> None:
    exact = np.sin(np.array(angles))
    places = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    assert (np.abs(sine(np.array(angles)) - exact) <= 0.61 * places + 1e-12).all()


def test_the_error_of_the_sine_s_polynomial_is_spread_evenly() -> None:
    """Five extremes of one size and of alternating sign: no four coefficients are nearer."""
    angle = np.linspace(0.01, np.pi / 2, 20_001)
    found = angle + sum(c * angle ** (3 + 2 * k) for k, c in enumerate(MINIMAX))
    error = found / np.sin(angle) - 1
    lobes = np.split(error, np.flatnonzero(np.diff(np.sign(error))) + 1)
    extremes = [lobe[np.abs(lobe).argmax()] for lobe in lobes]
    np.testing.assert_allclose(extremes, 6.054e-9 * np.array([1, -1, 1, -1, 1]), rtol=1e-3)


def normalized(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    source = parameter("waveform", -1, -1)
    weights = Weights({"weight": SCALE[None], "bias": SHIFT[None]})
    result = op.squeeze(normalize(source, weights), ints(1))
    return Network(model("loudness", source, "normalized", result))(windows)


def torch_normalized(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Accumulate in float64, round to float32 wherever torch's batch norm does."""
    size = np.float32(len(window))
    mean = np.float32(window.mean(dtype=np.float64))
    square = (window - mean) ** 2
    variance = np.float32(np.float32(square.sum(dtype=np.float64)) / size)
    factor = np.float32(1 / np.sqrt(np.float64(variance) + 1e-5)) * SCALE
    offset = SHIFT - mean * factor
    fused = window.astype(np.float64) * factor + np.float64(offset)
    return np.asarray(fused, np.float32)


def recordings(samples: int, count: int = 24) -> NDArray[np.float32]:
    """Draw recordings of 16 bits, of every level, each loudest somewhere."""
    random = np.random.default_rng(samples)
    level = 10 ** random.uniform(-4, -0.8, (count, 1))
    swell = np.exp(-((np.linspace(-3, 3, samples) - random.uniform(-3, 3, (count, 1))) ** 2))
    waves = np.clip(level * (0.05 + swell) * random.standard_normal((count, samples)), -1, 1)
    return (np.round(waves * 32768) / 32768).astype(np.float32)


@pytest.mark.parametrize("samples", [991, 12_345, 80_000])
def test_nearly_every_waveform_is_normalized_as_torch_does_to_the_last_bit(samples: int) -> None:
    windows = recordings(samples)
    found = normalized(windows)
    wanted = np.stack([torch_normalized(window) for window in windows])
    assert (found == wanted).all(axis=1).mean() >= 0.9
    assert (np.abs(found - wanted) <= np.spacing(wanted)).all()


def test_silence_and_constants_normalize_to_the_shift() -> None:
    flat = np.stack([np.zeros(5000), np.full(5000, 0.5), np.full(5000, -1)]).astype(np.float32)
    np.testing.assert_allclose(normalized(flat), SHIFT, rtol=0, atol=1e-6)


def in_order(
    signal: NDArray[np.float32], kernels: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Add one rounded product after the other: bias, then groups of 8 channels, time, channel."""
    _, channels, width = kernels.shape
    frames = signal.shape[-1] - width + 1
    total = np.repeat(bias[:, None], frames, axis=1)
    for group in range(0, channels, 8):
        for tap in range(width):
            for channel in range(group, min(group + 8, channels)):
                heard = signal[channel, tap : tap + frames].astype(np.float64)
                product = kernels[:, channel, tap, None].astype(np.float64) * heard
                total = (total + product).astype(np.float32)
    return total


@pytest.mark.parametrize("channels", [80, 60, 8, 5])
def test_convolutions_add_up_in_one_order(channels: int) -> None:
    random = np.random.default_rng(channels)
    signal = random.standard_normal((channels, 301)).astype(np.float32)
    kernels = random.standard_normal((60, channels, 5)).astype(np.float32)
    bias = random.standard_normal(60).astype(np.float32)
    source = parameter("signal", -1, channels, -1)
    result = conv1d_in_order(source, kernels, bias)
    found = Network(model("convolution", source, "sums", result))(signal[None])[0]
    np.testing.assert_array_equal(found, in_order(signal, kernels, bias))
