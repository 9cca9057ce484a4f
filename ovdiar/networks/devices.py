"""OpenVINO's device names, and the properties set for each kind of device."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError
from ovdiar.texts import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DEFAULT_PRECISION = "f32"
PRECISIONS = {"f32": "FP32", "bf16": "BF16", "f16": "FP16"}
"""Precisions of the embedding, and what OpenVINO calls the capability."""
KERNELS_KEPT = 100
"""Kernels that a CPU keeps for shapes it has met. OpenVINO's default of 5000 takes 6 MB for each
length of speech that CAM++ embeds, a gigabyte and more over many recordings."""
COMPOUND = ("AUTO", "MULTI", "HETERO", "BATCH")
"""Virtual devices, which select or combine others: alone, or before a colon and a list."""


def normalised(device: str) -> str:
    """Return OpenVINO's spelling of a device name: ``gpu.1`` becomes ``GPU.1``."""
    return device.strip().upper()


def is_compound(device: str) -> bool:
    """Return whether a device selects or combines others."""
    return normalised(device).partition(":")[0] in COMPOUND


def members(device: str) -> list[str]:
    """List the devices in a name: ``HETERO:NPU,CPU`` has two, ``AUTO`` none, ``GPU.1`` one."""
    head, _, listed = normalised(device).partition(":")
    if head not in COMPOUND:
        return [normalised(device)]
    names = (name.strip().partition("(")[0] for name in listed.split(","))
    return [name for name in names if name and not name.startswith("-")]  # AUTO:-GPU excludes one


def check_device(device: str, list_devices: Callable[[], Iterable[str]]) -> None:
    """Check that a device exists on this machine.

    A CPU always exists. For a CPU alone, the devices are not listed, which would load every
    plug-in.

    Parameters
    ----------
    device
        OpenVINO's name of a device.
    list_devices
        Returns the devices that OpenVINO finds.

    Raises
    ------
    ConfigError
        If the machine lacks the device; OpenVINO's own message would take many lines.
    """
    if normalised(device) == "CPU":
        return
    available = sorted(list_devices())
    kinds = {name.partition(".")[0] for name in available}
    for name in members(device):
        if name not in {*available, *kinds}:
            raise ConfigError(
                f"device {device!r} is not on this machine: choose from "
                f"{', '.join(sorted({*available, *kinds}))} or AUTO"
            )


def check_precision(
    precision: str, device: str, capabilities: Callable[[str], Iterable[str]]
) -> None:
    """Check that a device computes in a precision.

    Parameters
    ----------
    precision
        One of `PRECISIONS`.
    device
        OpenVINO's name of a device.
    capabilities
        Returns what OpenVINO states that the device computes in, such as ``FP32`` and ``BF16``.

    Raises
    ------
    ConfigError
        If the precision is unknown, or the device lacks it.
    """
    if precision not in PRECISIONS:
        raise ConfigError(
            f"embedding_precision {precision!r} is unknown: choose from {', '.join(PRECISIONS)}"
        )
    if precision == DEFAULT_PRECISION:
        return
    for name in members(device) or [normalised(device)]:
        found = set(capabilities(name))
        if PRECISIONS[precision] not in found:
            raise ConfigError(
                f"embedding_precision {precision!r} is not what device {name!r} computes in "
                f"({', '.join(sorted(found & {*PRECISIONS.values(), 'INT8'}))}): leave it out"
            )


def cores() -> int:
    """Count the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def properties(
    device: str,
    threads: int | None = None,
    threads_per_stream: int | None = None,
    precision: str = DEFAULT_PRECISION,
) -> dict[str, Any]:
    """Return the OpenVINO properties for a device.

    Threads are not pinned to cores: each process would choose the same ones, and several processes
    on one machine would share a few cores and leave the others idle.

    Parameters
    ----------
    device
        OpenVINO's name of a device.
    threads
        Number of CPU threads, ignored for GPU and NPU. By default, OpenVINO chooses.
    threads_per_stream
        Use several CPU streams of so many threads, with one request each, instead of one request
        that uses all cores.
    precision
        Of the computation. By default float32, since some processors and all GPUs would use a lower
        one of their own accord. An NPU has no float32, so no hint is set.

    Returns
    -------
    Properties by name.
    """
    kind = normalised(device).partition(".")[0]
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if threads_per_stream and kind == "CPU":
        settings["NUM_STREAMS"] = max(1, (threads or cores()) // threads_per_stream)
    if kind != "NPU":
        settings["INFERENCE_PRECISION_HINT"] = precision
    if kind == "CPU":
        settings["CPU_RUNTIME_CACHE_CAPACITY"] = KERNELS_KEPT
    if kind not in ("GPU", "NPU"):
        settings["ENABLE_CPU_PINNING"] = False
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
    return settings


def needs_fixed_shapes(device: str) -> bool:
    """Return whether a device supports only networks with fixed shapes."""
    return any(name.partition(".")[0] == "NPU" for name in members(device))


def last_line(error: RuntimeError) -> str:
    """Return the last line of what OpenVINO says, which is the reason."""
    return listed((str(error).strip().splitlines() or ["no reason given"])[-1:])
