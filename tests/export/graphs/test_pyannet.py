"""PyanNet in every shape that its hyper-parameters allow, against its formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ovdiar_export.evaluation import pyannet as slow
from ovdiar_export.evaluation.layers import log_softmax, sigmoid
from ovdiar_export.graphs import pyannet
from reference import random_weights
from reference.execution import Network
from reference.signals import buzz

from ovdiar.errors import ModelError

CAPTURED = Path(__file__).parents[1] / "data" / "networks.npz"


def frames_of(samples: int, stride: int = 10) -> int:
    for kernel, step in ((251, stride), (3, 3), (5, 1), (3, 3), (5, 1), (3, 3)):
        samples = 1 + (samples - kernel) // step
    return samples


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"monolithic": False},
        {"layers": 1, "bidirectional": False},
        {"layers": 4, "hidden": 5},
        {"layers": 3, "monolithic": False, "bidirectional": False, "hidden": 16},
        {"linear": ()},
        {"linear": (9, 7, 5), "classes": 1},
    ],
    ids=str,
)
def test_every_shape_of_network_agrees_with_its_formulas(options: dict[str, Any]) -> None:
    tensors = random_weights.pyannet(**options)
    signal = buzz(4000)
    found = Network(pyannet.build(tensors, powerset=False))(signal[None])[0]
    wanted = sigmoid(slow.logits(signal.astype(np.float64), tensors))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_powerset_network_gives_the_logarithms_of_probabilities() -> None:
    tensors = random_weights.pyannet()
    signal = buzz(4000, seed=1)
    found = Network(pyannet.build(tensors, powerset=True))(signal[None])[0]
    wanted = log_softmax(slow.logits(signal.astype(np.float64), tensors))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "powerset"])
def test_two_seconds_agree_with_torch(activation: str) -> None:
    powerset = activation == "powerset"
    tensors = random_weights.pyannet(linear=(12, 12), classes=7 if powerset else 3)
    found = Network(pyannet.build(tensors, powerset=powerset))(buzz(32_000)[None])[0]
    with np.load(CAPTURED) as captured:
        np.testing.assert_allclose(found, captured[f"pyannet_{activation}"], atol=1e-5)


def test_the_number_of_frames_follows_the_grid_at_every_length() -> None:
    network = Network(pyannet.build(random_weights.pyannet(layers=1), powerset=False))
    step, width, start = pyannet.frame_grid()
    assert (step, width, start) == (270, 991, 0)
    for samples in (width, width + 1, width + step - 1, width + step, 32_000, 80_000):
        frames = network(buzz(samples)[None]).shape[1]
        assert frames == frames_of(samples) == 1 + (samples - width) // step


def test_another_stride_moves_the_grid_and_the_network_alike() -> None:
    tensors = random_weights.pyannet(layers=1)
    step, width, _ = pyannet.frame_grid(4)
    samples = width + 5 * step
    signal = buzz(samples)
    found = Network(pyannet.build(tensors, powerset=False, stride=4))(signal[None])[0]
    assert len(found) == frames_of(samples, 4) == 6
    wanted = sigmoid(slow.logits(signal.astype(np.float64), tensors, stride=4))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_window_is_answered_alike_alone_and_in_a_batch() -> None:
    network = Network(pyannet.build(random_weights.pyannet(), powerset=False))
    windows = np.stack([buzz(8000, seed) for seed in range(5)])
    alone = np.concatenate([network(window[None]) for window in windows])
    np.testing.assert_allclose(network(windows), alone, atol=1e-6)


def test_silence_and_constant_input_are_answered_with_finite_scores() -> None:
    network = Network(pyannet.build(random_weights.pyannet(), powerset=True))
    flat = np.stack([np.zeros(8000), np.full(8000, 0.5), np.full(8000, -1.0)])
    assert np.isfinite(network(flat)).all()


def test_tensors_that_nobody_needs_are_ignored() -> None:
    tensors = random_weights.pyannet(layers=1)
    extra = {"loss.W": np.full((2, 2), np.nan), "validation_metric.count": np.zeros((), np.int64)}
    signal = buzz(2000)[None]
    plain = Network(pyannet.build(tensors, powerset=False))(signal)
    burdened = Network(pyannet.build({**tensors, **extra}, powerset=False))(signal)
    np.testing.assert_array_equal(plain, burdened)


@pytest.mark.parametrize(
    "name",
    [
        "sincnet.wav_norm1d.bias",
        "sincnet.conv1d.0.filterbank.n_",
        "sincnet.conv1d.2.weight",
        "sincnet.norm1d.0.weight",
        "lstm.weight_ih_l0",
        "lstm.bias_hh_l0",
        "lstm.weight_hh_l1_reverse",
        "linear.0.bias",
        "classifier.weight",
    ],
)
def test_a_missing_tensor_is_named(name: str) -> None:
    tensors = random_weights.pyannet()
    del tensors[name]
    with pytest.raises(ModelError, match=rf"no tensor '{name}'"):
        pyannet.build(tensors, powerset=False)


@pytest.mark.parametrize("name", ["lstm.weight_ih_l1", "lstm.bias_ih_l0", "classifier.bias"])
def test_a_tensor_of_another_shape_is_named(name: str) -> None:
    tensors = random_weights.pyannet()
    tensors[name] = tensors[name][:-1]
    with pytest.raises(ModelError, match=rf"'{name}' has shape .*, wanted "):
        pyannet.build(tensors, powerset=False)


def test_half_a_bidirectional_layer_is_refused() -> None:
    tensors = random_weights.pyannet()
    del tensors["lstm.weight_ih_l0_reverse"]
    with pytest.raises(ModelError, match=r"'lstm\.weight_ih_l1' has shape \(32, 16\)"):
        pyannet.build(tensors, powerset=False)


def test_a_filter_above_half_the_rate_is_refused() -> None:
    tensors = random_weights.pyannet()
    name = "sincnet.conv1d.0.filterbank.low_hz_"
    tensors[name] = tensors[name] + np.float32(9000)
    with pytest.raises(ModelError, match=r"low_hz_' puts a filter above 8000 Hz"):
        pyannet.build(tensors, powerset=False)
