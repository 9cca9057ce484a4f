"""WeSpeaker's trunk and head, for every depth that was published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ovdiar_export.evaluation import wespeaker as slow
from ovdiar_export.evaluation.pooling import pool
from ovdiar_export.graphs import wespeaker
from reference import random_weights
from reference.execution import Network, relative
from reference.signals import buzz, mask

from ovdiar.errors import ModelError

CAPTURED = Path(__file__).parents[1] / "data" / "networks.npz"

DEPTHS = {
    34: ((3, 4, 6, 3), False),
    152: ((3, 8, 36, 3), True),
    221: ((6, 16, 48, 3), True),
    293: ((10, 20, 64, 3), True),
}


def small(layers: int) -> random_weights.Tensors:
    depths, bottleneck = DEPTHS[layers]
    return random_weights.resnet(depths, bottleneck=bottleneck, width=2, dimension=7)


@pytest.mark.parametrize("layers", DEPTHS)
def test_every_depth_agrees_with_its_formulas(layers: int) -> None:
    tensors = small(layers)
    signal = buzz(400 + 9 * 160)
    found = Network(wespeaker.build_trunk(tensors))(signal[None])[0]
    wanted = slow.features(signal.astype(np.float64), tensors)
    assert found.shape == wanted.shape == (wespeaker.describe(tensors).channels, 2)
    assert relative(found.ravel(), wanted.ravel()) <= 1e-4


def test_resnet152_agrees_with_torch() -> None:
    depths, bottleneck = DEPTHS[152]
    tensors = random_weights.resnet(depths, bottleneck=bottleneck)
    features = Network(wespeaker.build_trunk(tensors))(buzz(32_000)[None])[0]
    rows = np.stack([pool(features, row) for row in (mask(115), np.zeros(115), None)])
    with np.load(CAPTURED) as captured:
        found = Network(wespeaker.build_head(tensors))(rows)
        assert relative(found, captured["wespeaker_resnet152"]) <= 1e-4


def test_the_description_fits_the_networks_at_every_length() -> None:
    tensors = small(34)
    about = wespeaker.describe(tensors)
    assert (about.rate, about.step, about.min_samples, about.dimension) == (16_000, 1280, 400, 7)
    trunk = Network(wespeaker.build_trunk(tensors))
    for samples in (400, 559, 560, 1679, 1680, 1840, 16_000):
        frames = 1 + (samples - 400) // 160
        shape = trunk(buzz(samples)[None]).shape
        assert shape == (1, about.channels, -(-frames // 8))
    head = Network(wespeaker.build_head(tensors))
    assert head(np.zeros((3, 2 * about.channels))).shape == (3, about.dimension)


def test_statistics_of_zero_are_answered_with_the_bias() -> None:
    tensors = small(34)
    head = Network(wespeaker.build_head(tensors))
    zeros = np.zeros((1, 2 * wespeaker.describe(tensors).channels))
    np.testing.assert_array_equal(head(zeros)[0], tensors["resnet.seg_1.bias"])


@pytest.mark.parametrize(
    "name",
    [
        "conv1.weight",
        "bn1.running_var",
        "layer1.0.conv1.weight",
        "layer2.0.conv2.weight",
        "layer2.0.shortcut.0.weight",
        "layer3.5.bn2.bias",
        "seg_1.weight",
    ],
)
def test_a_missing_tensor_is_named(name: str) -> None:
    tensors = small(34)
    del tensors[f"resnet.{name}"]
    with pytest.raises(ModelError, match=rf"no tensor 'resnet\.{name}'"):
        wespeaker.build_head(tensors) and wespeaker.build_trunk(tensors)


def test_a_variance_below_zero_is_refused() -> None:
    tensors = small(34)
    tensors["resnet.bn1.running_var"] = np.array([1, -1], np.float32)
    with pytest.raises(ModelError, match=r"'resnet\.bn1\.running_var' holds the negative variance"):
        wespeaker.build_trunk(tensors)


def test_a_model_for_another_number_of_bands_is_refused() -> None:
    tensors = small(34)
    tensors["resnet.seg_1.weight"] = np.zeros((7, 2 * 16 * 9), np.float32)
    with pytest.raises(ModelError, match=r"shape \(7, 288\), wanted a multiple of 20 columns"):
        wespeaker.build_head(tensors)
