"""Kaldi's filterbank against its formulas."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from ovdiar_export.evaluation import wespeaker as slow
from ovdiar_export.graphs.fbank import KaldiFbank, kaldi_fbank, subtract_mean
from ovdiar_export.graphs.layers import model, parameter
from reference.execution import Network
from reference.signals import buzz

from ovdiar.errors import ConfigError


@cache
def network(bands: int = 80) -> Network:
    source = parameter("waveform", -1, -1)
    return Network(model("fbank", source, "features", kaldi_fbank(source, KaldiFbank(bands))))


@pytest.mark.parametrize("bands", [24, 80])
@pytest.mark.parametrize("samples", [400, 559, 560, 561, 1600])
def test_log_energies_agree_with_the_formulas(samples: int, bands: int) -> None:
    signal = buzz(samples, seed=samples)
    found = network(bands)(signal[None])[0]
    wanted = slow.fbank(signal.astype(np.float64), bands)
    assert found.shape == wanted.shape == (1 + (samples - 400) // 160, bands)
    np.testing.assert_allclose(found, wanted, atol=1e-3)


@pytest.mark.parametrize("level", [0.0, 1 / 3, -0.999])
def test_a_constant_waveform_is_silence(level: float) -> None:
    found = network()(np.full((1, 4000), level))
    np.testing.assert_allclose(found, np.log(np.finfo(np.float32).eps), rtol=1e-6)


def test_the_mean_is_taken_off_each_band_of_each_waveform() -> None:
    source = parameter("features", -1, -1, 3)
    network = Network(model("mean", source, "centred", subtract_mean(source)))
    features = np.random.default_rng(0).normal(5, 2, (2, 7, 3))
    wanted = features - features.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(network(features), wanted, atol=1e-5)


@pytest.mark.parametrize("edges", [(-1, 8000), (20, 8001), (4000, 4000)])
def test_filters_outside_the_spectrum_are_refused(edges: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match=rf"mel filters from {edges[0]} to {edges[1]} Hz"):
        KaldiFbank(low_hz=edges[0], high_hz=edges[1])
