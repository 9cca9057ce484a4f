"""Signals, full disks, cold caches, threads and forks: a few of what `processes` does in full."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from robustness import compiled, concurrency, faults, sameness
from robustness.commands import Place, commands
from robustness.processes import RECORDING, RTTM, SEED, SIGNALS

if TYPE_CHECKING:
    from pathlib import Path

    from robustness.commands import Command

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place"))


def _command(place: Place, name: str, tiny: Path, excerpt: Path) -> Command:
    found = commands(place, tiny, excerpt, RTTM)
    return next(command for command in found if command.name == name)


@linux
@pytest.mark.parametrize("name", ["diarize", "report"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_leaves_all_or_nothing(
    name: str, number: signal.Signals, place: Place, tiny: Path, excerpt: Path
) -> None:
    tally = faults.kill(place, _command(place, name, tiny, excerpt), number, 2, SEED)
    assert tally.failures == []


@linux
def test_an_interrupted_search_leaves_all_or_nothing(
    place: Place, tiny: Path, excerpt: Path
) -> None:
    tune = _command(place, "tune", tiny, excerpt)
    assert faults.kill(place, tune, signal.SIGINT, 2, SEED).failures == []


@linux
@pytest.mark.parametrize("name", ["diarize", "report"])
def test_a_full_disk_leaves_nothing(name: str, place: Place, tiny: Path, excerpt: Path) -> None:
    command = _command(place, name, tiny, excerpt)
    assert faults.full_disk(place, command, 2, SEED).failures == []


def test_processes_that_start_at_once_on_an_empty_cache_all_answer(
    place: Place, tiny: Path, excerpt: Path
) -> None:
    assert compiled.cold_cache(place, tiny, excerpt, 3).failures == []


def test_flipped_bits_in_a_compiled_network_never_change_the_answer(
    tmp_path: Path, tiny: Path
) -> None:
    assert compiled.flipped_bits(tmp_path, tiny, 30, SEED).failures == []


def test_threads_answer_as_one(tiny: Path) -> None:
    assert concurrency.threads(tiny, RECORDING, 2).failures == []


@pytest.mark.parametrize("method", [pytest.param("fork", marks=posix), "spawn"])
def test_processes_answer_as_one(method: str, tiny: Path) -> None:
    assert concurrency.processes(tiny, RECORDING, 2, method).failures == []


def test_coroutines_answer_as_one(tiny: Path) -> None:
    assert concurrency.coroutines(tiny, RECORDING, 3).failures == []


def test_the_environment_does_not_change_a_byte(place: Place, tiny: Path, excerpt: Path) -> None:
    assert sameness.same_bytes(place, tiny, excerpt, 4).failures == []
