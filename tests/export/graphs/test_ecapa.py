"""ECAPA-TDNN and its filterbank against what SpeechBrain answered."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ovdiar_export.graphs import ecapa
from reference import random_weights
from reference.execution import Network, relative
from reference.signals import buzz

from ovdiar.errors import ModelError

CAPTURED = Path(__file__).parents[1] / "data" / "networks.npz"
SMALL = (16, 16, 16, 16, 24)


@cache
def features() -> Network:
    return Network(ecapa.build_features())


@pytest.mark.parametrize("samples", [ecapa.MIN_SAMPLES, 20_001])
def test_features_agree_with_speechbrain(samples: int) -> None:
    found = features()(buzz(samples)[None])[0]
    assert found.shape == (1 + samples // ecapa.HOP, ecapa.BANDS)
    with np.load(CAPTURED) as captured:
        np.testing.assert_allclose(found[::20], captured[f"ecapa_features_{samples}"], atol=1e-3)


def test_embeddings_agree_with_speechbrain() -> None:
    network = Network(ecapa.build_network(random_weights.ecapa()))
    with np.load(CAPTURED) as captured:
        for samples in (ecapa.MIN_SAMPLES, 20_001):
            found = network(features()(buzz(samples)[None]))[0]
            assert relative(found, captured[f"ecapa_{samples}"]) <= 1e-4


def test_one_sample_less_than_the_least_is_too_short() -> None:
    network = Network(ecapa.build_network(random_weights.ecapa(SMALL)))
    assert network(features()(buzz(ecapa.MIN_SAMPLES)[None])).shape == (1, 192)
    with pytest.raises(RuntimeError):
        network(features()(buzz(ecapa.MIN_SAMPLES - 1)[None]))


def test_sizes_are_read_from_the_tensors() -> None:
    tensors = random_weights.ecapa((16, 24, 24, 32, 40))
    assert ecapa.dimension(tensors) == 192
    bands = np.random.default_rng(0).standard_normal((3, 9, ecapa.BANDS))
    network = Network(ecapa.build_network(tensors))
    alone = np.concatenate([network(row[None]) for row in bands])
    assert relative(network(bands), alone) <= 1e-5


def test_silence_and_one_sample_have_finite_features() -> None:
    assert np.isfinite(features()(np.zeros((1, 1)))).all()
    np.testing.assert_array_equal(features()(np.zeros((1, 8000))), 0)


@pytest.mark.parametrize(
    "name",
    [
        "blocks.0.conv.conv.weight",
        "blocks.2.res2net_block.blocks.3.norm.norm.bias",
        "blocks.3.se_block.conv2.conv.bias",
        "mfa.norm.norm.running_var",
        "asp.tdnn.conv.conv.weight",
        "asp_bn.norm.weight",
        "fc.conv.weight",
    ],
)
def test_a_missing_tensor_is_named(name: str) -> None:
    tensors = random_weights.ecapa(SMALL)
    del tensors[name]
    with pytest.raises(ModelError, match=rf"no tensor '{name}'"):
        ecapa.build_network(tensors)


def test_groups_of_unequal_size_are_refused() -> None:
    tensors = random_weights.ecapa(SMALL)
    del tensors["blocks.1.res2net_block.blocks.6.conv.conv.weight"]
    with pytest.raises(ModelError, match=r"splits 16 channels into 7 unequal groups"):
        ecapa.build_network(tensors)
