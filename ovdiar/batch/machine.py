"""How many worker processes a machine carries: its cores, and its memory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ovdiar.errors import ConfigError
from ovdiar.networks import devices

WORKER_BYTES = 900 * 2**20
"""Memory of a worker at most, for recordings of a few hours."""
CONTROL_GROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Return the cores that this process may use: its affinity, and the quota of its container."""
    cores = devices.cores()
    with suppress(OSError, ValueError):
        quota, period = (CONTROL_GROUP / "cpu.max").read_text(encoding="ascii").split()
        if quota != "max":
            cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def free_bytes() -> int | None:
    """Return the memory that is free, in this machine or container; None where it is unknown."""
    found = []
    with suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        stated = dict(line.split(":", 1) for line in lines)
        found.append(int(stated["MemAvailable"].split()[0]) * 1024)
    with suppress(OSError, ValueError):
        most = (CONTROL_GROUP / "memory.max").read_text(encoding="ascii").strip()
        used = (CONTROL_GROUP / "memory.current").read_text(encoding="ascii")
        if most != "max":
            found.append(int(most) - int(used))
    return min(found, default=None)


def worker_count(cores: int | None = None, free: int | None = None) -> int:
    """Return how many workers to run: one a core, as far as memory allows.

    One thread a process is the fastest for many recordings: a network's small steps parallelise
    poorly. Parameters are by default those of this machine.
    """
    cores = usable_cores() if cores is None else cores
    free = free_bytes() if free is None else free
    return max(1, cores if free is None else min(cores, free // WORKER_BYTES))


def check_numbers(**numbers: int | None) -> None:
    """Check numbers of workers and of threads, where they were given.

    Raises
    ------
    ConfigError
        A number is below 1.
    """
    for name, value in numbers.items():
        if value is not None and value < 1:
            raise ConfigError(f"{name} is {value}: give at least 1")
