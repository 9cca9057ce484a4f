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
from ovdiar.errors import ConfigError, ModelError, OutOfMemoryError
from ovdiar.networks import models
from ovdiar.networks.runtime import Network, RuntimeOptions

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
    with pytest.raises(ModelError, match=r"openvino_model\.xml cannot be compiled on CPU"):
        Network(path)(SILENCE)


def test_a_network_without_memory_says_so_in_one_line(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(tiny / "segmentation" / "openvino_model.xml")
    network(SILENCE)

    class Request:
        def start_async(self, _: object) -> None:
            raise RuntimeError("Exception from src/x.cpp:1:\n[CPU] Convolution can't alloc\n\n")

    monkeypatch.setattr(network, "compile", lambda: _Compiled(network.__class__, Request))
    with pytest.raises(OutOfMemoryError, match=r"out of memory while .*can't alloc\): close"):
        network(SILENCE)


class _Compiled:
    """A compiled network whose requests are of a class."""

    def __init__(self, _: object, request: type) -> None:
        self.create_infer_request = request

    def input(self, _: int) -> Any:
        class Input:
            class partial_shape:  # noqa: N801 - as OpenVINO calls it
                is_dynamic = True

        return Input


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
