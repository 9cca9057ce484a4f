"""A machine, or a container, carries as many workers as it has cores and memory for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovdiar.batch import machine
from ovdiar.batch.machine import WORKER_BYTES, free_bytes, usable_cores, worker_count
from ovdiar.networks import devices

MEMORY_STATE = Path("/proc/meminfo")


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a container's limits, which has none, on a machine of 8 cores."""
    monkeypatch.setattr(machine, "CONTROL_GROUP", tmp_path)
    monkeypatch.setattr(devices, "cores", lambda: 8)
    return tmp_path


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 8),
        ("300000 100000\n", 3),
        ("250000 100000\n", 2),
        ("50000 100000\n", 1),
        ("9900000 100000\n", 8),
        ("nonsense\n", 8),
    ],
)
def test_a_containers_quota_bounds_the_cores(quota: str, cores: int, group: Path) -> None:
    (group / "cpu.max").write_text(quota, "ascii")
    assert usable_cores() == cores


def test_without_a_container_all_cores_count(group: Path) -> None:
    assert not (group / "cpu.max").exists()
    assert usable_cores() == 8


def test_memory_that_a_container_has_left_is_what_is_free(group: Path) -> None:
    (group / "memory.max").write_text("3000000\n", "ascii")
    (group / "memory.current").write_text("1000000\n", "ascii")
    assert free_bytes() == 2_000_000


@pytest.mark.skipif(not MEMORY_STATE.exists(), reason="Linux tells its memory there")
def test_a_container_without_a_limit_has_what_the_machine_has(group: Path) -> None:
    (group / "memory.max").write_text("max\n", "ascii")
    (group / "memory.current").write_text("1000000\n", "ascii")
    _, after = MEMORY_STATE.read_text("ascii").split("MemAvailable:")
    available = int(after.split()[0]) * 1024
    assert free_bytes() == pytest.approx(available, rel=0.5)


@pytest.mark.parametrize(
    ("cores", "free", "workers"),
    [
        (4, 100 * WORKER_BYTES, 4),
        (4, 3 * WORKER_BYTES, 3),
        (4, 3 * WORKER_BYTES - 1, 2),
        (4, 0, 1),
        (1, 100 * WORKER_BYTES, 1),
    ],
)
def test_memory_bounds_the_workers_and_one_always_works(
    cores: int, free: int, workers: int
) -> None:
    assert worker_count(cores, free) == workers


def test_where_free_memory_is_unknown_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_bytes", lambda: None)
    assert worker_count(cores=4) == 4


def test_workers_are_those_of_this_machine_unless_told(group: Path) -> None:
    (group / "cpu.max").write_text("300000 100000\n", "ascii")
    (group / "memory.max").write_text(f"{2 * WORKER_BYTES}\n", "ascii")
    (group / "memory.current").write_text("0\n", "ascii")
    assert worker_count() == 2
