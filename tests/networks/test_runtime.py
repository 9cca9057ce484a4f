"""Networks compile once, on a device that is there, and keep what they compiled where they may."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ovdiar import load
from ovdiar.cancellation import cancellable
from ovdiar.errors import ConfigError, ModelError
from ovdiar.networks import models
from ovdiar.networks.runtime import MAX_CACHED, Network, RuntimeOptions, import_openvino

if TYPE_CHECKING:
    from collections.abc import Callable
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


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_streams_share_a_batch_and_answer_as_one(batch: int, tiny: Path) -> None:
    path = tiny / "segmentation" / "openvino_model.xml"
    noise = np.random.default_rng(batch).standard_normal((batch, 80000), dtype=np.float32)
    shared = Network(path, RuntimeOptions(threads=2, threads_per_stream=1))
    alone = Network(path, RuntimeOptions(threads=2))
    assert np.allclose(shared(noise), alone(noise), atol=1e-5)
    assert shared.compile().get_property("NUM_STREAMS") == min(2, os.cpu_count() or 1)
    assert alone.compile().get_property("NUM_STREAMS") == 1


@pytest.mark.parametrize("streams", [None, 1])
def test_batches_of_unlike_shapes_are_answered_in_order(streams: int | None, tiny: Path) -> None:
    path = tiny / "segmentation" / "openvino_model.xml"
    draw = np.random.default_rng(0).standard_normal
    shapes = [(1, 20_000), (1, 50_000), (3, 20_000), (1, 80_000), (2, 30_000)]
    batches = [draw(shape, dtype=np.float32) for shape in shapes]
    found = list(
        Network(path, RuntimeOptions(threads=2, threads_per_stream=streams)).each(iter(batches))
    )
    alone = Network(path, RuntimeOptions(threads=2))
    for batch, scores in zip(batches, found, strict=True):
        np.testing.assert_allclose(scores, alone(batch), atol=1e-5)


def test_a_network_that_was_released_is_compiled_again(tiny: Path) -> None:
    models = load(tiny)
    network = models.segmentation.network  # type: ignore[attr-defined]
    wanted, compiled = network(SILENCE), network.compile()
    models.release()
    assert np.array_equal(network(SILENCE), wanted)
    assert network.compile() is not compiled


def test_a_cache_that_cannot_be_written_does_no_harm(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    options = RuntimeOptions(cache=tmp_path / "file" / "compiled")
    assert "CACHE_DIR" not in options.properties()
    scores = Network(tiny / "segmentation" / "openvino_model.xml", options)(SILENCE)
    assert scores.shape == (1, 293, 3)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "half": lambda blob: blob[: len(blob) // 2],
    "another file": lambda blob: b"x" * len(blob),
    "a header of another version": lambda blob: blob[:40].swapcase() + blob[40:],
    "zeros behind the header": lambda blob: blob[:2000] + bytes(len(blob) - 2000),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_cache_does_no_harm(
    damage: Callable[[bytes], bytes], tiny: Path, tmp_path: Path
) -> None:
    path = tiny / "segmentation" / "openvino_model.xml"
    first = Network(path, RuntimeOptions(cache=tmp_path))(SILENCE)
    (blob,) = tmp_path.glob("*.blob")
    blob.chmod(0o600)
    blob.write_bytes(damage(blob.read_bytes()))
    assert np.array_equal(Network(path, RuntimeOptions(cache=tmp_path))(SILENCE), first)


def test_a_cache_that_fails_while_it_is_written_does_no_harm(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = import_openvino().Core
    asked: list[bool] = []

    class FullDisk:
        def compile_model(self, path: str, device: str, properties: dict[str, Any]) -> Any:
            asked.append("CACHE_DIR" in properties)
            if asked[-1]:
                raise RuntimeError("No space left on device")
            return core().compile_model(path, device, properties)

        available_devices = ("CPU",)

    monkeypatch.setattr(import_openvino(), "Core", FullDisk)
    network = Network(tiny / "segmentation" / "openvino_model.xml", RuntimeOptions(cache=tmp_path))
    assert network(SILENCE).shape == (1, 293, 3)
    assert asked == [True, False]


def test_compiled_networks_do_not_pile_up(tmp_path: Path) -> None:
    for number in range(MAX_CACHED + 5):
        (tmp_path / f"{number}.blob").touch()
        os.utime(tmp_path / f"{number}.blob", (number, number))
    RuntimeOptions(cache=tmp_path).properties()
    kept = {int(path.stem) for path in tmp_path.iterdir()}
    assert kept == {*range(5, MAX_CACHED + 5)}


def test_a_user_without_a_home_folder_compiles_anew(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless() -> Path:
        raise ConfigError("this user has no home folder, where the cache would be: set HOME")

    monkeypatch.setattr(models, "user_cache", homeless)
    assert load(tiny).segmentation(SILENCE).shape == (1, 293, 3)


def test_a_network_that_cannot_be_compiled_is_named(tmp_path: Path) -> None:
    path = tmp_path / "openvino_model.xml"
    path.write_text("no network")
    with pytest.raises(ModelError, match=r"openvino_model\.xml cannot be compiled for CPU"):
        Network(path)(SILENCE)


def test_a_network_that_was_stopped_answers_any_batch_afterwards(tiny: Path) -> None:
    network = load(tiny).segmentation
    samples = np.random.default_rng(0).normal(size=(64, 80000)).astype(np.float32)
    wanted = {rows: network(samples[:rows]) for rows in (2, 1)}
    began = time.monotonic()

    def give_up() -> None:
        if time.monotonic() > began + 0.2:
            raise TimeoutError

    with pytest.raises(TimeoutError), cancellable(give_up):
        network(samples)
    for rows, scores in reversed(wanted.items()):
        assert np.array_equal(network(samples[:rows]), scores)


def test_who_waits_for_a_turn_can_give_up_too(tiny: Path) -> None:
    network = Network(tiny / "segmentation" / "openvino_model.xml")
    asked = 0

    def give_up() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise TimeoutError

    with network._running, pytest.raises(TimeoutError), cancellable(give_up):
        network(SILENCE)
    assert network(SILENCE).shape == (1, 293, 3)


def test_a_network_compiles_once_for_several_threads(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []
    compile_now = Network._compile

    def count(network: Network, properties: dict[str, Any]) -> Any:
        compiled.append(network)
        return compile_now(network, properties)

    monkeypatch.setattr(Network, "_compile", count)
    network = Network(tiny / "segmentation" / "openvino_model.xml")
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(network, [SILENCE] * 8))
    assert compiled == [network]
    assert all(np.array_equal(answer, answers[0]) for answer in answers)
