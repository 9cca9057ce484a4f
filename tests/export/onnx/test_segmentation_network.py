"""Segmentation networks that came as ONNX, against their slow evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ovdiar_export.onnx import segmentation_network
from reference.execution import Network
from reference.onnx_networks import absolute_onnx, scores, segmentation_onnx
from reference.signals import buzz
from scipy.special import expit, log_softmax

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from ovdiar_export.parts import Part

SHERPA = {
    "model_type": "pyannote-segmentation-3.0",
    "num_speakers": 3,
    "powerset_max_classes": 2,
    "num_classes": 7,
    "sample_rate": 16000,
    "window_size": 160000,
    "receptive_field_size": 991,
    "receptive_field_shift": 270,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.onnx"


def made(path: Path, *arguments: Any, **options: Any) -> Part:
    path.write_bytes(segmentation_onnx(*arguments, **options))
    return segmentation_network.part(path)


def refused(path: Path, *arguments: Any, **options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        made(path, *arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("metadata", [SHERPA, {}])
def test_a_network_is_described_by_its_properties_or_like_pyannotes(
    metadata: dict[str, Any], path: Path
) -> None:
    found = made(path, metadata=metadata)
    assert found.entry == {
        "architecture": "ONNX",
        "sample_rate": 16000,
        "window_s": 10.0,
        "window_samples": 160000,
        "min_samples": 991,
        "frames": {"step": 270, "width": 991, "start": 0},
        "classes": ["speaker#1", "speaker#2", "speaker#3"],
        "powerset": 2,
    }


@pytest.mark.parametrize("shape", [("N", 1, "T"), ("N", "C", "T"), ("N", "T")])
@pytest.mark.parametrize("finish", ["LogSoftmax", "Softmax", "Identity"])
def test_sets_of_speakers_are_answered_with_log_probabilities(
    finish: str, shape: tuple[int | str, ...], path: Path
) -> None:
    network = Network(made(path, finish, shape=shape).networks["segmentation"])
    waveform = buzz(4000)
    wanted = log_softmax(scores(waveform), axis=1)
    np.testing.assert_allclose(network(waveform[None])[0], wanted, atol=1e-4)


@pytest.mark.parametrize("classes", [1, 3, 4])
def test_speakers_are_answered_with_probabilities(classes: int, path: Path) -> None:
    found = made(path, "Sigmoid", classes=classes)
    assert (len(found.entry["classes"]), found.entry["powerset"]) == (classes, None)
    waveform = buzz(4000)
    answer = Network(found.networks["segmentation"])(waveform[None])[0]
    np.testing.assert_allclose(answer, expit(scores(waveform, classes)), atol=1e-4)


def test_windows_of_a_batch_are_answered_as_each_alone(path: Path) -> None:
    network = Network(made(path).networks["segmentation"])
    windows = np.stack([buzz(5000, seed) for seed in range(3)])
    for window, answer in zip(windows, network(windows), strict=True):
        np.testing.assert_allclose(network(window[None])[0], answer, atol=1e-5)


def test_the_networks_names_are_those_of_the_contract(path: Path) -> None:
    network = made(path).networks["segmentation"]
    assert network.inputs[0].get_names() == {"waveform"}
    assert network.outputs[0].get_names() == {"scores"}
    assert [str(port.get_partial_shape()) for port in network.inputs] == ["[?,?]"]


def test_half_precision_is_float32_outside(path: Path) -> None:
    network = made(path, kind="float16").networks["segmentation"]
    kinds = {
        port.get_element_type().get_type_name() for port in (network.input(), network.output())
    }
    assert kinds == {"f32"}
    waveform = buzz(4000)
    wanted = log_softmax(scores(waveform), axis=1)
    np.testing.assert_allclose(Network(network)(waveform[None])[0], wanted, atol=2e-2)


def test_a_network_of_one_length_has_that_window(path: Path) -> None:
    found = made(path, shape=("N", 1, 80_000))
    assert (found.entry["window_samples"], found.entry["min_samples"]) == (80_000, 80_000)


def test_a_larger_set_of_speakers_is_known_by_its_number(path: Path) -> None:
    found = made(path, classes=11)
    assert (len(found.entry["classes"]), found.entry["powerset"]) == (4, 2)
    properties = {"num_speakers": 3, "powerset_max_classes": 3}
    found = made(path, classes=8, metadata=properties)
    assert (len(found.entry["classes"]), found.entry["powerset"]) == (3, 3)


def test_another_window_is_believed(path: Path) -> None:
    found = made(path, metadata={"window_size": 80_000})
    assert (found.entry["window_samples"], found.entry["window_s"]) == (80_000, 5.0)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"shape": ("N", 1, "T"), "step": 160}, "where 589 frames are expected"),
        ({"metadata": {"receptive_field_shift": 160}}, "where 994 frames are expected"),
        ({"metadata": {"receptive_field_shift": 0}}, "'receptive_field_shift' is '0'"),
        ({"metadata": {"window_size": 10**9}}, "'window_size' is '1000000000'"),
        ({"metadata": {"num_speakers": 4, "powerset_max_classes": 2}}, "up to 2 of 4 speakers"),
        ({"finish": "Identity", "classes": 5}, "neither probabilities nor sets of speakers"),
        ({"mixing": True}, "export it with a dynamic batch"),
    ],
)
def test_a_network_that_is_none_of_segmentation_is_refused(
    options: dict[str, Any], complaint: str, path: Path
) -> None:
    assert complaint in refused(path, **options)


@pytest.mark.parametrize("shape", [("N", 2, "T"), ("N",), ("N", 1, 1, "T")])
def test_an_input_that_is_no_waveform_is_named_beside_what_is_wanted(
    shape: tuple[int | str, ...], path: Path
) -> None:
    path.write_bytes(absolute_onnx(shape))
    with pytest.raises(ModelError, match=r"'x' .*\]: expected a waveform \[N, 1, samples\]"):
        segmentation_network.part(path)


def test_a_frame_more_or_less_than_expected_is_refused_at_any_length(path: Path) -> None:
    message = refused(path, metadata={"receptive_field_size": 990})
    assert "frames are expected" in message
