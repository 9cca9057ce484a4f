"""Hostile and damaged checkpoints: never executed, refused in one line or read as arrays."""

from __future__ import annotations

import contextlib
import os
import pickle
import time
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ovdiar_export.checkpoints.checkpoint import read_checkpoint
from reference.checkpoint_files import every_form, load, refusal
from reference.torch_files import (
    Call,
    Name,
    Storage,
    Tensor,
    safe_form,
    stream_form,
    tensor_of,
    zip_form,
)

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that hypothesis may write to again and again."""
    return tmp_path_factory.mktemp("scratch")


class Payload:
    """What an attacker pickles: it touches a file."""

    def __init__(self, victim: Path) -> None:
        self.command = f"touch '{victim}'"

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def infected(victim: Path) -> dict[str, Any]:
    """Return roots that hold a payload in different places, beside a healthy tensor."""
    healthy = tensor_of(np.ones(2))
    payload = Payload(victim)
    return {
        "top level": {"state_dict": {"w": healthy}, "hyper_parameters": payload},
        "state dict": {"state_dict": {"w": healthy, "evil": payload}},
        "instead of the state dict": {"state_dict": payload},
        "root": payload,
        "tensor name": {"state_dict": {payload: healthy}},
        "tensor argument": {
            "w": Call(Name("torch._utils", "_rebuild_tensor_v2"), (payload, 0, (2,), (1,)))
        },
        "object state": {"w": healthy, "object": Call(Name("os", "PathLike"), (), payload)},
        "storage": {"w": Tensor(Storage(np.ones(2), "os.system"), 0, (2,), (1,))},
    }


def test_the_payload_does_run_under_pickle_itself(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Payload(tmp_path / "victim")))  # noqa: S301 - shows that it is real
    assert (tmp_path / "victim").exists()


@pytest.mark.parametrize("place", list(infected(Path())))
@pytest.mark.parametrize("protocol", [2, 4])
@every_form
def test_a_payload_is_never_executed(
    place: str, protocol: int, form: Callable[..., bytes], tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    with contextlib.suppress(ModelError):
        load(tmp_path, form(infected(victim)[place], protocol))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


@every_form
def test_a_checkpoint_with_a_payload_beside_its_weights_is_still_read(
    form: Callable[..., bytes], tmp_path: Path
) -> None:
    found = load(tmp_path, form(infected(tmp_path / "victim")["top level"]))
    np.testing.assert_array_equal(found.tensors["w"], [1, 1])
    assert found.metadata["hyper_parameters"].name == f"{os.system.__module__}.system"


SMALL = {
    "state_dict": OrderedDict(
        weight=tensor_of(np.arange(6, dtype=np.float32).reshape(2, 3).T),
        bias=tensor_of(np.arange(3, dtype=np.float16)),
        steps=tensor_of(np.array(7)),
    ),
    "hyper_parameters": {"layers": 2, "task": Call(Name("a.b", "Problem"), (1,))},
}
FILES = {
    "zip": zip_form(SMALL),
    "stream": stream_form(SMALL),
    "safetensors": safe_form(
        {"weight": tensor_of(np.arange(6.0)), "bias": tensor_of(np.arange(3, dtype=np.float16))}
    ),
}
every_file = pytest.mark.parametrize("data", FILES.values(), ids=FILES)


@every_file
def test_a_file_cut_anywhere_is_refused(data: bytes, tmp_path: Path) -> None:
    for length in range(len(data)):
        refusal(tmp_path, data[:length])


def test_a_flipped_bit_in_the_numbers_of_a_zip_is_refused(tmp_path: Path) -> None:
    data = FILES["zip"]
    numbers = np.arange(6, dtype=np.float32).tobytes()
    start = data.index(numbers)
    for bit in range(8 * len(numbers)):
        damaged = bytearray(data)
        damaged[start + bit // 8] ^= 1 << bit % 8
        assert "is damaged" in refusal(tmp_path, bytes(damaged))


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """Return a file with a few flips, cuts, insertions, overwritings and exchanges."""
    data = bytearray(draw(st.sampled_from(list(FILES.values()))))
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        start = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(0, 16))
        match draw(st.sampled_from(["flip", "cut", "insert", "overwrite", "exchange", "number"])):
            case "flip":
                data[start] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[start : draw(st.sampled_from([start + length, len(data)]))]
            case "insert":
                data[start:start] = draw(st.binary(max_size=16))
            case "overwrite":
                data[start : start + length] = draw(st.binary(max_size=16))
            case "exchange":
                other = draw(st.integers(0, len(data) - 1))
                here, there = data[start : start + length], data[other : other + length]
                data[start : start + length] = there
                data[other : other + length] = here
            case "number":
                size = draw(st.sampled_from([1, 2, 4, 8]))
                value = draw(st.sampled_from([0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size) - 1]))
                data[start : start + size] = value.to_bytes(size, "little")
    return bytes(data)


@settings(max_examples=2500, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(data=damaged_files())
def test_a_damaged_file_is_read_as_arrays_or_refused_in_one_line(
    data: bytes, scratch: Path
) -> None:
    path = scratch / "damaged"
    path.write_bytes(data)
    try:
        found = read_checkpoint(path)
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert all(array.size <= len(data) for array in found.tensors.values())
        assert all(array.dtype != np.float16 for array in found.tensors.values())


@pytest.mark.parametrize(
    "head",
    [b"", b"PK\x03\x04", b"\x80\x02", b"\xff\xff\xff\x00\x00\x00\x00\x00{", b"\x08\x07\x12ONNX"],
)
def test_five_gigabytes_that_are_no_checkpoint_are_refused_at_once(
    head: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(head)
    os.truncate(path, 5 * 10**9)
    started = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(ModelError):
            read_checkpoint(path)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    assert time.monotonic() - started < 5
