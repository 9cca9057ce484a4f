"""Compiled networks are kept for the next process, and are never wrong, late or in the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ovdiar.networks.compiled_cache import MAX_CACHED
from ovdiar.networks.runtime import Network, RuntimeOptions, import_openvino

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOUND = np.random.default_rng(0).standard_normal((1, 80000), dtype=np.float32)


@pytest.fixture
def network(tiny: Path) -> Path:
    """Give the path of a network."""
    return tiny / "segmentation" / "openvino_model.xml"


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give a list of the networks that OpenVINO has compiled so far."""
    found: list[str] = []
    core = import_openvino().Core

    class Counting(core):  # type: ignore[misc, valid-type]
        def compile_model(self, path: str, *more: Any) -> Any:
            found.append(path)
            return super().compile_model(path, *more)

    monkeypatch.setattr(import_openvino(), "Core", Counting)
    return found


def _run(network: Path, cache: Path | None, **options: Any) -> Any:
    return Network(network, RuntimeOptions(cache=cache, **options))(SOUND)


def test_a_network_is_compiled_once_and_answers_the_same_from_the_cache(
    network: Path, tmp_path: Path, compilations: list[str]
) -> None:
    fresh = _run(network, None)
    assert np.array_equal(_run(network, tmp_path / "new"), fresh)
    assert np.array_equal(_run(network, tmp_path / "new"), fresh)
    assert compilations == [str(network)] * 2


@pytest.mark.parametrize(
    "options", [{"threads": 1}, {"threads_per_stream": 1}], ids=["threads", "streams"]
)
def test_other_properties_are_compiled_apart(
    options: dict[str, Any], network: Path, tmp_path: Path, compilations: list[str]
) -> None:
    _run(network, tmp_path)
    _run(network, tmp_path, **options)
    _run(network, tmp_path, **options)
    assert len(compilations) == len(list(tmp_path.iterdir())) == 2


def test_another_network_at_the_same_path_is_compiled(
    network: Path, tiny: Path, tmp_path: Path, compilations: list[str]
) -> None:
    copy = tmp_path / "network.xml"
    for source in (network, tiny / "embedding" / "features" / "openvino_model.xml"):
        shutil.copy(source, copy)
        shutil.copy(source.with_suffix(".bin"), copy.with_suffix(".bin"))
        os.utime(copy, (0, 0))
        _run(copy, tmp_path / "cache")
    assert len(compilations) == 2


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "less than a digest": lambda blob: blob[:7],
    "half": lambda blob: blob[: len(blob) // 2],
    "another file": lambda blob: b"x" * len(blob),
    "zeros": lambda blob: blob[:2000] + bytes(len(blob) - 2000),
    "one bit": lambda blob: blob[:3_000_000] + bytes([blob[3_000_000] ^ 4]) + blob[3_000_001:],
    "its digest": lambda blob: blob[:-1] + bytes([blob[-1] ^ 1]),
    "more": lambda blob: blob + b"x",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_compiled_again_and_replaced(
    damage: Callable[[bytes], bytes],
    network: Path,
    tmp_path: Path,
    compilations: list[str],
) -> None:
    first = _run(network, tmp_path)
    (blob,) = tmp_path.glob("*.blob")
    whole = blob.read_bytes()
    blob.write_bytes(damage(whole))
    assert np.array_equal(_run(network, tmp_path), first)
    assert np.array_equal(_run(network, tmp_path), first)
    assert len(compilations) == 2
    assert blob.read_bytes() != damage(whole)


def test_a_file_whose_digest_fits_and_that_openvino_refuses_is_replaced(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _run(network, tmp_path)
    core = import_openvino().Core

    class Refusing(core):  # type: ignore[misc, valid-type]
        def import_model(self, *_: Any) -> Any:
            raise RuntimeError("a model of another version")

    monkeypatch.setattr(import_openvino(), "Core", Refusing)
    assert np.array_equal(_run(network, tmp_path), first)


def test_a_folder_that_cannot_be_made_does_no_harm(network: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert np.array_equal(_run(network, tmp_path / "file" / "compiled"), _run(network, None))


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from ovdiar.networks.runtime import Network, RuntimeOptions
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
options = RuntimeOptions(cache=Path(sys.argv[2]))
print(Network(Path(sys.argv[1]), options)(np.zeros((1, 80000), np.float32)).shape)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_does_no_harm_and_leaves_nothing(network: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(network), str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "(1, 293, 3)\n"
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_cannot_export_networks_is_compiled_every_time(
    network: Path, tmp_path: Path
) -> None:
    assert np.array_equal(_run(network, tmp_path, device="AUTO"), _run(network, None))


def test_compiled_networks_do_not_pile_up(network: Path, tmp_path: Path) -> None:
    for number in range(MAX_CACHED + 5):
        (tmp_path / f"{number}.blob").touch()
        os.utime(tmp_path / f"{number}.blob", (number, number))
    _run(network, tmp_path)
    kept = {path.stem for path in tmp_path.iterdir()}
    assert len(kept) == MAX_CACHED
    assert not kept & {str(number) for number in range(6)}
