"""Device names in any spelling, the properties of each device, errors for absent devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ovdiar import load
from ovdiar.errors import ConfigError
from ovdiar.networks import devices, models

if TYPE_CHECKING:
    from pathlib import Path

LAPTOP = ("CPU", "GPU.0", "GPU.1", "NPU")


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("CPU", ["CPU"]),
        (" gpu.1 ", ["GPU.1"]),
        ("auto", []),
        ("AUTO:GPU,CPU", ["GPU", "CPU"]),
        ("AUTO:-GPU.1,npu", ["NPU"]),
        ("multi:gpu.0, cpu", ["GPU.0", "CPU"]),
        ("BATCH:GPU(16)", ["GPU"]),
    ],
)
def test_a_name_is_split_into_its_devices(device: str, expected: list[str]) -> None:
    assert devices.members(device) == expected


@pytest.mark.parametrize("device", ["cpu", "GPU", "gpu.1", "AUTO", "hetero:npu,cpu", "AUTO:-GPU"])
def test_a_device_that_is_present_is_accepted(device: str) -> None:
    devices.check_device(device, lambda: LAPTOP)


def test_for_the_cpu_alone_devices_are_not_listed() -> None:
    devices.check_device("cpu", lambda: pytest.fail("listed"))


@pytest.mark.parametrize("device", ["GPU.2", "HETERO:GPU.2,CPU", "MYRIAD", "", "AUTO:TPU"])
def test_an_absent_device_is_named_with_those_present(device: str) -> None:
    with pytest.raises(ConfigError) as caught:
        devices.check_device(device, lambda: LAPTOP)
    assert str(caught.value) == (
        f"device {device!r} is not on this machine: choose from CPU, GPU, GPU.0, GPU.1, NPU or AUTO"
    )


@pytest.mark.parametrize("device", ["CPU", "GPU", "GPU.1", "AUTO", "HETERO:GPU,CPU"])
def test_every_device_that_has_float32_uses_it(device: str) -> None:
    assert devices.properties(device, None)["INFERENCE_PRECISION_HINT"] == "f32"


def test_an_npu_gets_neither_float32_nor_threads() -> None:
    assert devices.properties("npu", 4) == {"PERFORMANCE_HINT": "LATENCY"}


def test_threads_are_pinned_to_no_core() -> None:
    properties = {name: devices.properties(name, None) for name in ("CPU", "GPU.0", "AUTO")}
    assert [each.get("ENABLE_CPU_PINNING") for each in properties.values()] == [False, None, False]


def test_threads_are_set_where_there_is_a_cpu() -> None:
    properties = {name: devices.properties(name, 4) for name in ("CPU", "GPU.0", "AUTO")}
    assert [properties[name].get("INFERENCE_NUM_THREADS") for name in properties] == [4, None, 4]


@pytest.mark.parametrize("device", ["auto", "AUTO:cpu", "multi:CPU", "hetero:CPU", "cpu"])
def test_every_spelling_runs_here(device: str, tiny: Path) -> None:
    load(tiny, device=device, threads=1).segmentation.network.compile()  # type: ignore[attr-defined]


def test_an_npu_names_the_export_that_it_needs(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "available_devices", lambda: LAPTOP)
    with pytest.raises(ConfigError) as caught:
        load(tiny, device="npu")
    assert str(caught.value) == (
        "device 'npu' needs fixed shapes, which bundle 'tiny' does not have: make one with "
        "ovdiar-export tiny --static 8 --output tiny-static"
    )


def test_a_precision_that_the_device_lacks_is_refused_in_one_line(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "capabilities", lambda _: ["FP32", "INT8", "BIN"])
    with pytest.raises(ConfigError) as caught:
        load(tiny, embedding_precision="bf16")
    assert str(caught.value) == (
        "embedding_precision 'bf16' is not what device 'CPU' computes in (FP32, INT8): leave it out"
    )


def test_an_unknown_precision_is_refused(tiny: Path) -> None:
    with pytest.raises(ConfigError, match="'f64' is unknown: choose from f32, bf16, f16"):
        load(tiny, embedding_precision="f64")


def test_only_the_embedding_runs_in_another_precision(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "capabilities", lambda _: ["FP32", "BF16"])
    loaded = load(tiny, embedding_precision="bf16")
    segmentation, embedding = vars(loaded.segmentation), vars(loaded.embedding)
    networks = (segmentation["network"], embedding["features"], embedding["network"])
    hints = [each._options.properties()["INFERENCE_PRECISION_HINT"] for each in networks]
    assert hints == ["f32", "f32", "bf16"]
    assert loaded.bundle.manifest["embedding"]["precision"] == "bf16"
