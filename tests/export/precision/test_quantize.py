"""Fewer bits: what becomes whole numbers, what stays, and by which scales."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ovdiar_export.checkpoints.checkpoint import Checkpoint
from ovdiar_export.graphs import ge2e, pyannet, wespeaker
from ovdiar_export.parts import embedding_part
from ovdiar_export.precision.quantize import compress, compress_part
from ovdiar_export.verify import speech
from ovdiar_export.writer import save_networks
from reference import random_weights
from reference.execution import Network, relative

from ovdiar.errors import ConfigError, MissingPackageError

if TYPE_CHECKING:
    from pathlib import Path

    import openvino as ov
    from numpy.typing import NDArray

RATE = 16_000


def heard() -> list[NDArray[np.float32]]:
    """Cut the package's speech into seconds."""
    return list(speech(RATE).reshape(5, 1, RATE))


def segmentation() -> ov.Model:
    return pyannet.build(random_weights.pyannet(hidden=16, layers=3), powerset=False)


@pytest.fixture(scope="module")
def whole() -> ov.Model:
    """Give a PyanNet in int8."""
    return compress(segmentation(), "int8", heard())


def of_type(model: ov.Model, kind: str) -> list[Any]:
    return [node for node in model.get_ordered_ops() if node.get_type_name() == kind]


def above(node: Any) -> list[str]:
    """List the types of all operations that a node depends on."""
    found, waiting = {}, [node]
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() not in found:
            found[node.get_friendly_name()] = node.get_type_name()
            waiting += [value.get_node() for value in node.input_values()]
    return list(found.values())


def ends(quantizer: Any) -> list[float]:
    return [float(quantizer.input_value(port).get_node().data.ravel()[0]) for port in (1, 2, 3, 4)]


@pytest.mark.parametrize("precision", ["f32", "f16"])
def test_f32_and_f16_are_the_same_network_and_need_no_audio(precision: Any) -> None:
    model = segmentation()
    assert compress(model, precision, []) is model


def test_int8_answers_nearly_as_float32_does(whole: ov.Model) -> None:
    batch = np.concatenate(heard())
    exact, rounded = Network(segmentation())(batch), Network(whole)(batch)
    np.testing.assert_allclose(rounded, exact, atol=0.02)
    assert np.abs(rounded - exact).max() > 0


def test_sincnet_stays_in_float32(whole: ov.Model) -> None:
    last = of_type(whole, "MaxPool")[-1]
    assert "FakeQuantize" not in above(last)
    assert len(of_type(whole, "FakeQuantize")) > 0


def test_weights_of_every_lstm_are_whole_numbers_of_one_scale_per_shape(whole: ov.Model) -> None:
    scales: dict[tuple[int, ...], set[float]] = {}
    for node in of_type(whole, "LSTMSequence"):
        for port in (4, 5):
            product = node.input_value(port).get_node()
            stored = product.input_value(0).get_node().input_value(0).get_node().data
            assert stored.dtype == np.int8
            assert np.abs(stored).max() <= 127
            shape = tuple(node.input_value(4).get_shape())
            scales.setdefault(shape, set()).add(float(product.input_value(1).get_node().data.max()))
    assert len(scales) == 2
    assert all(len(of_shape) == 1 for of_shape in scales.values())


def test_a_hidden_state_has_the_range_of_its_input_and_at_least_that_of_a_tanh(
    whole: ov.Model,
) -> None:
    nodes = of_type(whole, "LSTMSequence")
    assert len(nodes) == 3
    for node in nodes:
        data, state = (node.input_value(port).get_node() for port in (0, 1))
        assert ends(data) == ends(state)
        assert ends(state)[0] <= -1
        assert ends(state)[1] >= 127 / 128


def test_an_lstm_that_hears_a_filterbank_stays_in_float32() -> None:
    tensors = random_weights.ge2e()
    features = [Network(ge2e.build_features())(second) for second in heard()]
    rounded = compress(ge2e.build_network(tensors), "int8", features)
    kinds = [
        node.input_value(0).get_node().get_type_name() == "FakeQuantize"
        for node in of_type(rounded, "LSTMSequence")
    ]
    assert kinds == [False, True, True]
    batch = np.concatenate(features)
    assert relative(Network(rounded)(batch), Network(ge2e.build_network(tensors))(batch)) <= 0.1


def test_a_residual_network_is_quantised_behind_its_filterbank() -> None:
    tensors = random_weights.resnet((1, 1, 1, 1), bottleneck=False, width=4)
    rounded = compress(wespeaker.build_trunk(tensors), "int8", heard())
    convolutions = of_type(rounded, "Convolution")
    inputs = [node.input_value(0).get_node() for node in convolutions]
    assert all(node.get_type_name() == "FakeQuantize" for node in inputs)
    assert "FakeQuantize" not in above(inputs[0].input_value(0).get_node())


def test_every_network_of_a_part_but_its_features_is_calibrated(tmp_path: Path) -> None:
    trunk_and_head = random_weights.resnet((1, 1, 1, 1), bottleneck=False, width=4)
    for tensors in (trunk_and_head, random_weights.ecapa((16, 16, 16, 16, 24))):
        part = embedding_part(Checkpoint(tensors, {}))
        save_networks(part, tmp_path)
        windows = list(speech(RATE).reshape(5, RATE))
        rounded = compress_part(part, "int8", tmp_path, windows)
        for name, model in rounded.networks.items():
            quantized = bool(of_type(model, "FakeQuantize"))
            assert quantized == (name != "embedding/features")


def test_missing_audio_for_calibration_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"needs speech for calibration: give --calibrate PATH"):
        compress(segmentation(), "int8", [])


def test_a_missing_nncf_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'ovdiar\[export\]'$"):
        compress(segmentation(), "int8", heard())


def test_quantising_prints_nothing_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    compress(ge2e.build_network(random_weights.ge2e()), "int8", [np.ones((1, 9, 40), np.float32)])
    assert capsys.readouterr().out == ""
