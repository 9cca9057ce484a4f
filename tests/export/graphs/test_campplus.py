"""CAM++ and its filterbank against what its authors' torch module answered."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from ovdiar_export.evaluation import campplus as formulas
from ovdiar_export.graphs import campplus
from reference import campplus_cases, random_weights
from reference.execution import Network, relative
from reference.signals import buzz

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAPTURED = Path(__file__).parents[1] / "data" / "campplus.npz"
SMALL = (2, 1, 1)


@cache
def features() -> Network:
    return Network(campplus.build_features())


@cache
def network() -> Network:
    return Network(campplus.build_network(random_weights.campplus()))


@cache
def small() -> Network:
    return Network(campplus.build_network(random_weights.campplus(SMALL, growth=8)))


@cache
def bands() -> NDArray[np.float32]:
    found: NDArray[np.float32] = features()(buzz(160_000)[None])[0]
    return found


def test_features_are_torchaudios_kaldi_filterbank() -> None:
    assert bands().shape == (998, campplus.FBANK.bands)
    with np.load(CAPTURED) as captured:
        np.testing.assert_allclose(bands()[::20], captured["features"], atol=1e-3)


@pytest.mark.parametrize("frames", campplus_cases.LENGTHS)
def test_embeddings_of_any_length_agree_with_torch(frames: int) -> None:
    found = network()(bands()[None, :frames])[0]
    with np.load(CAPTURED) as captured:
        wanted = captured[f"random_{frames}"]
    assert np.abs(found - wanted).max() <= 1e-4
    assert relative(found, wanted) <= 1e-4


@pytest.mark.parametrize("frames", campplus_cases.LENGTHS)
def test_the_formulas_agree_with_torch(frames: int) -> None:
    spoken = formulas.features(np.float64(buzz(160_000)))[:frames]
    found = formulas.embedding(spoken, random_weights.campplus())
    with np.load(CAPTURED) as captured:
        assert relative(found, captured[f"random_{frames}"]) <= 1e-5


@pytest.mark.parametrize("frames", [3, 4, 199, 200, 201, 202, 399, 400, 401, 402, 998])
def test_lengths_around_a_whole_stretch_agree_with_the_formulas(frames: int) -> None:
    tensors = random_weights.campplus(SMALL, growth=8)
    wanted = formulas.embedding(np.float64(bands()[:frames]), tensors)
    assert relative(small()(bands()[None, :frames])[0], wanted) <= 1e-5


def test_a_single_frame_gives_finite_numbers() -> None:
    assert np.isfinite(small()(bands()[None, :1])).all()


def test_a_batch_gives_what_one_at_a_time_gives() -> None:
    batch = np.stack([bands()[first : first + 230] for first in (0, 300, 700)])
    alone = np.concatenate([small()(row[None]) for row in batch])
    assert relative(small()(batch), alone) <= 1e-5


def test_the_level_of_a_recording_does_not_matter_above_the_floor() -> None:
    loud = features()(4 * buzz(40_000)[None])
    quiet = features()(buzz(40_000)[None])
    assert relative(small()(loud), small()(quiet)) <= 1e-3


def test_sizes_are_read_from_the_tensors() -> None:
    tensors = random_weights.campplus((3, 2, 1), width=8, growth=4, dimension=24)
    assert campplus.dimension(tensors) == 24
    assert Network(campplus.build_network(tensors))(bands()[None, :40]).shape == (1, 24)


@pytest.mark.parametrize(
    "name",
    [
        "head.conv1.weight",
        "head.bn2.running_var",
        "head.layer2.1.conv2.weight",
        "head.layer1.0.shortcut.0.weight",
        "xvector.tdnn.nonlinear.batchnorm.weight",
        "xvector.block1.tdnnd2.nonlinear1.batchnorm.bias",
        "xvector.block3.tdnnd1.cam_layer.linear2.bias",
        "xvector.transit2.linear.weight",
        "xvector.out_nonlinear.batchnorm.weight",
        "xvector.dense.nonlinear.batchnorm.running_mean",
    ],
)
def test_a_missing_tensor_is_named(name: str) -> None:
    tensors = random_weights.campplus(SMALL, growth=8)
    del tensors[name]
    with pytest.raises(ModelError, match=rf"no tensor '{name}'"):
        campplus.build_network(tensors)


def test_a_missing_layer_does_not_go_unnoticed() -> None:
    tensors = random_weights.campplus(SMALL, growth=8)
    del tensors["xvector.block1.tdnnd2.linear1.weight"]
    with pytest.raises(ModelError, match=r"'xvector\.transit1\.nonlinear\.batchnorm\.running_var'"):
        campplus.build_network(tensors)
