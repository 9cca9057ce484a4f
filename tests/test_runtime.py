"""Networks compile once, on a device that is there, and keep what they compiled where they may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ovdiar import load
from ovdiar.errors import ConfigError, ModelError
from ovdiar.runtime import Network, RuntimeOptions

if TYPE_CHECKING:
    from pathlib import Path

SILENCE = np.zeros((1, 80000), dtype=np.float32)


def test_precision_is_float32_whatever_the_device_prefers() -> None:
    assert RuntimeOptions("GPU").properties()["INFERENCE_PRECISION_HINT"] == "f32"


def test_a_device_that_is_absent_is_named_with_those_that_are_there(tiny: Path) -> None:
    with pytest.raises(ConfigError, match=r"device 'ABACUS' is not on this machine: .*CPU"):
        load(tiny, device="ABACUS").segmentation(SILENCE)


def test_auto_finds_a_device(tiny: Path) -> None:
    scores = load(tiny, device="AUTO").segmentation(SILENCE)
    assert np.array_equal(scores, load(tiny).segmentation(SILENCE))


def test_compiled_networks_are_kept_where_that_is_possible(tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "compiled"
    path = tiny / "segmentation" / "openvino_model.xml"
    first = Network(path, RuntimeOptions(cache=cache))(SILENCE)
    assert list(cache.iterdir())
    assert np.array_equal(Network(path, RuntimeOptions(cache=cache))(SILENCE), first)


def test_a_cache_that_cannot_be_written_does_no_harm(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    options = RuntimeOptions(cache=tmp_path / "file" / "compiled")
    assert "CACHE_DIR" not in options.properties()
    scores = Network(tiny / "segmentation" / "openvino_model.xml", options)(SILENCE)
    assert scores.shape == (1, 293, 3)


def test_a_network_that_cannot_be_compiled_is_named(tmp_path: Path) -> None:
    path = tmp_path / "openvino_model.xml"
    path.write_text("no network")
    with pytest.raises(ModelError, match=r"openvino_model\.xml cannot be compiled for CPU"):
        Network(path)(SILENCE)
