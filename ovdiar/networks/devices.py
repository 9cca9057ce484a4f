"""What OpenVINO calls a device, and what each kind of device asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COMPOUND = ("AUTO", "MULTI", "HETERO", "BATCH")
"""Names that choose among devices, or combine them: alone, or before a colon and a list."""


def normalised(device: str) -> str:
    """Return OpenVINO's spelling of a device: ``gpu.1`` is ``GPU.1``."""
    return device.strip().upper()


def members(device: str) -> list[str]:
    """List the devices that a name names: ``HETERO:NPU,CPU`` two, ``AUTO`` none, ``GPU.1`` one."""
    head, _, listed = normalised(device).partition(":")
    if head not in COMPOUND:
        return [normalised(device)]
    names = (name.strip().partition("(")[0] for name in listed.split(","))
    return [name for name in names if name and not name.startswith("-")]  # AUTO:-GPU is without


def check_device(device: str, list_present: Callable[[], Iterable[str]]) -> None:
    """Refuse a device that this machine lacks, before OpenVINO says so in many lines.

    A CPU is always there; for it alone no list is asked for, which would load every plug-in.

    Raises
    ------
    ConfigError
    """
    if normalised(device) == "CPU":
        return
    available = sorted(list_present())
    kinds = {name.partition(".")[0] for name in available}
    for name in members(device):
        if name not in {*available, *kinds}:
            raise ConfigError(
                f"device {device!r} is not on this machine: choose from "
                f"{', '.join(sorted({*available, *kinds}))} or AUTO"
            )


def properties(device: str, threads: int | None, *, streams: bool = False) -> dict[str, Any]:
    """Return what OpenVINO is asked for on a device.

    One request at a time has all of it, or ``streams`` of a CPU take one each.

    float32 wherever a device can: some processors and all GPUs would compute with fewer bits. An
    NPU has no float32; it takes no such wish. Only the CPU has threads to count.
    """
    kind = normalised(device).partition(".")[0]
    hint = "THROUGHPUT" if streams and kind == "CPU" else "LATENCY"
    asked: dict[str, Any] = {"PERFORMANCE_HINT": hint}
    if kind != "NPU":
        asked["INFERENCE_PRECISION_HINT"] = "f32"
    if threads is not None and kind not in ("GPU", "NPU"):
        asked["INFERENCE_NUM_THREADS"] = threads
    return asked


def needs_fixed_shapes(device: str) -> bool:
    """Tell whether a device takes networks of fixed shapes only."""
    return any(name.partition(".")[0] == "NPU" for name in members(device))
