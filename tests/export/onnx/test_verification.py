"""Networks from ONNX are compared with ONNX Runtime; a damaged conversion stops the export."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov
import pytest
from ovdiar_export.evaluation import onnx_runtime
from ovdiar_export.evaluation.probe import Probe
from ovdiar_export.onnx import embedding_network, segmentation_network
from ovdiar_export.onnx.isolation import evaluate_apart
from ovdiar_export.parts import Part
from ovdiar_export.verify import HALF_LIMITS, LIMITS, verify_part
from ovdiar_export.writer import save_networks
from reference import onnx_networks
from reference.onnx_networks import absolute_onnx, features_onnx, samples_onnx, segmentation_onnx
from reference.signals import buzz
from scipy.special import expit, log_softmax

from ovdiar.errors import ConfigError, MissingPackageError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

READERS = {"segmentation": segmentation_network.part, "embedding": embedding_network.part}
THREE_D = {"framework": "3d-speaker"}
FILES: dict[str, tuple[str, bytes]] = {
    "log-probabilities": ("segmentation", segmentation_onnx()),
    "logits": ("segmentation", segmentation_onnx("Identity")),
    "probabilities of sets": ("segmentation", segmentation_onnx("Softmax")),
    "probabilities of speakers": ("segmentation", segmentation_onnx("Sigmoid", classes=3)),
    "one length": ("segmentation", segmentation_onnx(shape=("N", 1, 40_000))),
    "longer than the speech": ("segmentation", segmentation_onnx(shape=("N", 1, 100_000))),
    "without channels": ("segmentation", segmentation_onnx(shape=("N", "T"))),
    "another rate": ("segmentation", segmentation_onnx(metadata={"sample_rate": 8000})),
    "WeSpeaker's features": ("embedding", features_onnx()),
    "3D-Speaker's features": ("embedding", features_onnx(metadata=THREE_D)),
    "a kept axis": ("embedding", features_onnx(kept=True)),
    "samples": ("embedding", samples_onnx()),
    "samples without channels": ("embedding", samples_onnx(("N", "T"))),
}
"""The part that a file is read as, and the file."""

HALF = {
    finish: ("segmentation", segmentation_onnx(finish, classes=classes, kind="float16"))
    for finish, classes in (("LogSoftmax", 7), ("Softmax", 7), ("Sigmoid", 3))
}


def written(name: str, data: bytes, folder: Path) -> tuple[Part, Path]:
    """Read a file and write its networks; return them and the path of the file."""
    path = folder / "net.onnx"
    path.write_bytes(data)
    part = READERS[name](path)
    save_networks(part, folder)
    return part, path


@pytest.mark.parametrize("file", FILES)
def test_what_was_written_answers_as_onnxruntime_does(file: str, tmp_path: Path) -> None:
    part, path = written(*FILES[file], tmp_path)
    differences = verify_part(part, {}, tmp_path, checkpoint=path)
    wanted = {"scores"} if "segmentation" in part.networks else {"features", "vectors"}
    assert {name.split("_")[1] for name in differences} == wanted
    for name, difference in differences.items():
        assert difference <= LIMITS["ONNX"][name.split("_")[1]].value


@pytest.mark.parametrize("finish", HALF)
def test_half_precision_has_limits_of_its_own(finish: str, tmp_path: Path) -> None:
    part, path = written(*HALF[finish], tmp_path)
    (difference,) = verify_part(part, {}, tmp_path, checkpoint=path).values()
    assert 0 < difference <= HALF_LIMITS["scores"].value


def scaled(model: ov.Model, factor: float) -> ov.Model:
    """Multiply the largest floating-point constant of a network, as a wrong conversion might."""
    constants = [
        node
        for node in model.get_ops()
        if node.get_type_name() == "Constant" and node.get_element_type().is_real()
    ]
    largest = max(constants, key=lambda node: node.data.size)
    changed = ov.opset13.constant(largest.data * np.asarray(factor, largest.data.dtype))
    for target in largest.output(0).get_target_inputs():
        target.replace_source_output(changed.output(0))
    return model


@pytest.mark.parametrize("file", [*FILES, *HALF])
def test_a_damaged_conversion_is_refused(file: str, tmp_path: Path) -> None:
    part, path = written(*{**FILES, **HALF}[file], tmp_path)
    network = "segmentation" if "segmentation" in part.networks else "embedding/network"
    damaged = {**part.networks, network: scaled(part.networks[network], 1.05)}
    save_networks(Part(damaged, part.entry), tmp_path)
    with pytest.raises(ModelError, match=r"differ by .*limit .*: report this") as caught:
        verify_part(part, {}, tmp_path, checkpoint=path)
    assert "\n" not in str(caught.value)


def test_anothers_filterbank_is_refused(tmp_path: Path) -> None:
    part, path = written("embedding", features_onnx(), tmp_path)
    other, _ = written("embedding", features_onnx(metadata=THREE_D), tmp_path)
    assert part.entry == other.entry
    path.write_bytes(features_onnx())
    with pytest.raises(ModelError, match="embedding features of the written network differ by"):
        verify_part(part, {}, tmp_path, checkpoint=path)


def test_scores_that_are_not_normalised_are_refused(tmp_path: Path) -> None:
    part, path = written("segmentation", segmentation_onnx("Identity"), tmp_path)
    graph = part.networks["segmentation"]
    (finish,) = [node for node in graph.get_ops() if node.get_type_name() == "LogSoftmax"]
    for target in finish.output(0).get_target_inputs():
        target.replace_source_output(finish.input_value(0))
    save_networks(part, tmp_path)
    with pytest.raises(ModelError, match="segmentation scores of the written network differ by"):
        verify_part(part, {}, tmp_path, checkpoint=path)


def asked(path: Path, entry: dict[str, Any], samples: int = 4000) -> dict[str, Any]:
    """Return what ONNX Runtime answers to some samples."""
    return dict(onnx_runtime.answer(Probe(entry, buzz(samples)), path))


@pytest.mark.parametrize("finish", ["LogSoftmax", "Softmax", "Identity"])
def test_the_evaluation_of_sets_is_that_of_the_slow_reference(finish: str, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(segmentation_onnx(finish))
    found = asked(tmp_path / "net.onnx", {"classes": ["a", "b", "c"], "powerset": 2})["scores"]
    wanted = log_softmax(onnx_networks.scores(buzz(4000)), axis=1)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_the_evaluation_of_speakers_is_that_of_the_slow_reference(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(segmentation_onnx("Sigmoid", classes=3))
    found = asked(tmp_path / "net.onnx", {"classes": ["a", "b", "c"], "powerset": None})["scores"]
    np.testing.assert_allclose(found, expit(onnx_networks.scores(buzz(4000), 3)), atol=1e-4)


def test_the_evaluation_of_an_embedding_is_that_of_the_slow_reference(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(features_onnx())
    found = asked(tmp_path / "net.onnx", {"select": "frames"})
    wanted = onnx_networks.vector_of_features(found["features"].astype(np.float32))
    np.testing.assert_allclose(found["vectors"][0], wanted, rtol=1e-4)


def test_an_operation_that_onnxruntime_lacks_is_no_refusal(tmp_path: Path) -> None:
    part, path = written("segmentation", segmentation_onnx(kind="float64"), tmp_path)
    with pytest.raises(MissingPackageError, match=r"cannot run it \(.*Conv") as caught:
        verify_part(part, {}, tmp_path, checkpoint=path)
    assert "\n" not in str(caught.value)


def test_what_onnxruntime_cannot_read_is_refused_by_name(tmp_path: Path) -> None:
    part, path = written("segmentation", segmentation_onnx(), tmp_path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match="ONNX Runtime refuses it") as caught:
        verify_part(part, {}, tmp_path, checkpoint=path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_an_input_that_onnxruntime_cannot_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(absolute_onnx([1, 1, 5]))
    with pytest.raises(ModelError, match=r"cannot run it on an input of shape \(1, 1, 4000\)"):
        asked(path, {"classes": ["a"], "powerset": None})


def test_whole_numbers_cannot_be_compared(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(absolute_onnx(["N", 1, "T"], "int64"))
    with pytest.raises(MissingPackageError, match=r"its input is tensor\(int64\)"):
        asked(path, {"classes": ["a"], "powerset": None})


def test_a_crash_of_onnxruntime_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nkill -SEGV $$\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ModelError, match=r"^ONNX Runtime crashes on it \(-11\)"):
        evaluate_apart(Probe({"select": "samples"}, buzz(4000)), tmp_path / "net.onnx")


def test_without_the_file_there_is_nothing_to_run(tmp_path: Path) -> None:
    part, _ = written("segmentation", segmentation_onnx(), tmp_path)
    with pytest.raises(ConfigError, match="give its path"):
        verify_part(part, {}, tmp_path)
