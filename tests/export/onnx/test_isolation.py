"""Files of ONNX read in a process of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from ovdiar_export.onnx import embedding_network, isolation, segmentation_network
from ovdiar_export.onnx.isolation import read_apart
from reference import onnx_networks
from reference.execution import Network
from reference.material import require_posix
from reference.signals import buzz

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = onnx_networks.segmentation_onnx()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.onnx"


def refusal(path: Path, name: str = "segmentation") -> str:
    """Return the one line with which a file is refused."""
    with pytest.raises(ModelError) as caught:
        read_apart(name, path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def executable(folder: Path, script: str) -> str:
    """Write what runs in place of Python."""
    require_posix("scripts that run by their first line")
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_segmentation_network_is_read_as_within_this_process(path: Path) -> None:
    path.write_bytes(WHOLE)
    apart, here = read_apart("segmentation", path), segmentation_network.part(path)
    assert apart.entry == here.entry
    waveform = buzz(3000)[None]
    found, wanted = (Network(part.networks["segmentation"])(waveform) for part in (apart, here))
    np.testing.assert_array_equal(found, wanted)


def test_an_embedding_network_is_read_as_within_this_process(path: Path) -> None:
    path.write_bytes(onnx_networks.features_onnx())
    apart, here = read_apart("embedding", path), embedding_network.part(path)
    assert apart.entry == here.entry
    assert apart.networks.keys() == here.networks.keys()
    assert apart.networks["embedding/network"].outputs[0].get_names() == {"embedding"}
    signal = buzz(3000)[None]
    features = [Network(part.networks["embedding/features"])(signal) for part in (apart, here)]
    np.testing.assert_array_equal(features[0], features[1])
    vectors = [Network(part.networks["embedding/network"])(features[0]) for part in (apart, here)]
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_a_refusal_is_the_one_that_was_raised(path: Path) -> None:
    path.write_bytes(onnx_networks.absolute_onnx(("N", 2, "T")))
    assert refusal(path).startswith("its input is 'x' [?,2,?]: expected a waveform [N, 1, samples]")


@pytest.mark.parametrize(("where", "value"), [(8, 26), (8, 50), (8, 98), (11, 26), (78, 26)])
def test_damage_that_crashes_a_reader_is_one_line_and_prints_nothing(
    where: int, value: int, path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(WHOLE[:where] + bytes([value]) + WHOLE[where + 1 :])
    assert refusal(path)
    assert capfd.readouterr() == ("", "")


def test_a_crash_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(WHOLE)
    monkeypatch.setattr(sys, "executable", executable(path.parent, "kill -SEGV $$"))
    assert refusal(path) == "OpenVINO's reader crashes on it (-11): fetch it again"


def test_a_reader_that_does_not_end_is_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(WHOLE)
    monkeypatch.setattr(sys, "executable", executable(path.parent, "exec sleep 60"))
    monkeypatch.setattr(isolation, "TIMEOUT_S", 0.2)
    assert "does not finish" in refusal(path)
