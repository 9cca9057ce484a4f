"""Checkpoints of all three forms: read exactly, or refused in one line; never executed."""

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
from hypothesis.extra import numpy as hnp
from ovdiar_export.checkpoint import Checkpoint, read_checkpoint
from ovdiar_export.records import Record
from reference.torch_files import (
    Call,
    Name,
    Storage,
    Tensor,
    dump,
    safe_form,
    stream_form,
    tensor_of,
    zip_form,
)

from ovdiar.errors import ModelError, ModelNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS: dict[str, Callable[..., bytes]] = {"zip": zip_form, "stream": stream_form}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def load(folder: Path, data: bytes) -> Checkpoint:
    path = folder / "checkpoint"
    path.write_bytes(data)
    return read_checkpoint(path)


def refusal(folder: Path, data: bytes) -> str:
    """Return the one line with which a file is refused."""
    with pytest.raises(ModelError) as caught:
        load(folder, data)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'checkpoint'}: ")
    assert "\n" not in message
    return message


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that hypothesis may write to again and again."""
    return tmp_path_factory.mktemp("scratch")


dtypes = st.sampled_from(["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?"])
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
arrays = dtypes.flatmap(
    lambda dtype: shapes.flatmap(
        lambda shape: hnp.arrays(
            dtype, shape, elements={"allow_nan": False} if "f" in dtype else None
        )
    )
)


def expected(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return what an array reads as: floating point becomes float32."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32) if values.dtype.kind == "f" else values


@settings(max_examples=60, deadline=2000)
@given(
    values=st.dictionaries(st.text(), arrays, min_size=1, max_size=4), protocol=st.integers(2, 5)
)
def test_every_form_gives_back_the_arrays(
    values: dict[str, np.ndarray[Any, Any]], protocol: int, scratch: Path
) -> None:
    tensors = {name: tensor_of(array) for name, array in values.items()}
    state = OrderedDict(tensors)
    files = [form({"state_dict": state}, protocol) for form in FORMS.values()]
    for data in [*files, safe_form({k: v for k, v in tensors.items() if k != "__metadata__"})]:
        for name, found in load(scratch, data).tensors.items():
            np.testing.assert_array_equal(found, expected(values[name]), strict=True)
            assert not found.flags.writeable


@every_form
def test_strides_offsets_and_shared_storages_are_respected(
    form: Callable[..., bytes], tmp_path: Path
) -> None:
    row = Storage(np.arange(24, dtype=np.float32), "float32")
    state = {
        "whole": Tensor(row, 0, (2, 3, 4), (12, 4, 1)),
        "transposed": Tensor(row, 0, (4, 6), (1, 4)),
        "slice": Tensor(row, 6, (3, 2), (4, 1)),
        "expanded": Tensor(row, 5, (2, 3), (0, 1)),
        "single": Tensor(row, 23, (1, 1), (10**6, 10**6)),
        "scalar": Tensor(row, 7, (), ()),
    }
    found = load(tmp_path, form({"model": state})).tensors
    values = row.values
    np.testing.assert_array_equal(found["whole"], values.reshape(2, 3, 4))
    np.testing.assert_array_equal(found["transposed"], values.reshape(6, 4).T)
    np.testing.assert_array_equal(found["slice"], [[6, 7], [10, 11], [14, 15]])
    np.testing.assert_array_equal(found["expanded"], [[5, 6, 7], [5, 6, 7]])
    np.testing.assert_array_equal(found["single"], [[23]])
    np.testing.assert_array_equal(found["scalar"], 7)


@every_form
def test_bfloat16_becomes_the_float32_whose_upper_half_it_is(
    form: Callable[..., bytes], tmp_path: Path
) -> None:
    wanted = np.array([1.0, -2.5, 3.0e38, 0.0, np.inf], np.float32)
    wanted = (wanted.view(np.uint32) & 0xFFFF0000).view(np.float32)
    stored = tensor_of((wanted.view(np.uint32) >> 16).astype(np.uint16), "bfloat16")
    for data in (form({"x": stored}), safe_form({"x": stored})):
        np.testing.assert_array_equal(load(tmp_path, data).tensors["x"], wanted, strict=True)


@pytest.mark.filterwarnings("error")
def test_what_float32_cannot_hold_becomes_infinite_or_nan_in_silence(tmp_path: Path) -> None:
    signalling = np.array([0x7C01, 0x7E00, 0x7C00], np.uint16).view(np.float16)
    state = {"wide": tensor_of(np.array([1e300, np.nan])), "narrow": tensor_of(signalling)}
    found = load(tmp_path, zip_form(state)).tensors
    np.testing.assert_array_equal(found["wide"], [np.inf, np.nan])
    np.testing.assert_array_equal(found["narrow"], [np.nan, np.nan, np.inf])


@pytest.mark.parametrize("key", ["state_dict", "model_state", "model_state_dict", "model"])
@every_form
def test_the_state_dict_is_found_and_the_rest_is_metadata(
    key: str, form: Callable[..., bytes], tmp_path: Path
) -> None:
    state = {"weight": tensor_of(np.ones(2)), "_extra_state": None}
    unread = tensor_of(np.ones(3))
    found = load(tmp_path, form({key: state, "epoch": 3, "optimizer": {"exp_avg": unread}}))
    assert list(found.tensors) == ["weight"]
    assert found.metadata["epoch"] == 3
    assert isinstance(found.metadata["optimizer"]["exp_avg"], Record)


@every_form
def test_a_bare_state_dict_is_read(form: Callable[..., bytes], tmp_path: Path) -> None:
    found = load(tmp_path, form(OrderedDict(weight=tensor_of(np.ones(2)), step=7)))
    assert (list(found.tensors), dict(found.metadata)) == (["weight"], {"step": 7})


@every_form
def test_parameters_are_read_as_their_tensors(form: Callable[..., bytes], tmp_path: Path) -> None:
    values = tensor_of(np.arange(3))
    rebuild = Name("torch._utils", "_rebuild_tensor_v2")
    args: tuple[Any, ...] = (values.storage, 0, (3,), (1,), False, OrderedDict())
    sized = (values.storage, 0, Call(Name("torch", "Size"), ((3,),)), (1,))
    state = {
        "plain": Call(Name("torch._utils", "_rebuild_parameter"), (values, True, OrderedDict())),
        "older": Call(Name("torch._utils", "_rebuild_tensor"), sized),
        "kept": Call(
            Name("torch._utils", "_rebuild_parameter_with_state"), (values, True, {}, {"a": 1})
        ),
        "typed": Call(
            Name("torch._tensor", "_rebuild_from_type_v2"),
            (rebuild, Name("torch.nn.parameter", "Parameter"), args, {"a": 1}),
        ),
    }
    found = load(tmp_path, form(state)).tensors
    assert list(found) == list(state)
    for array in found.values():
        np.testing.assert_array_equal(array, [0, 1, 2])


def test_safetensors_metadata_is_kept(tmp_path: Path) -> None:
    found = load(tmp_path, safe_form({"x": tensor_of(np.ones(2))}, {"format": "pt"}))
    assert dict(found.metadata) == {"format": "pt"}


@pytest.mark.parametrize(
    ("name", "architecture", "count", "tensor", "shape"),
    [
        ("segmentation_powerset", "PyanNet", 54, "lstm.weight_ih_l0", (512, 60)),
        ("wespeaker_resnet34", "WeSpeakerResNet34", 218, "resnet.seg_1.weight", (256, 5120)),
        ("xvector_sincnet", "XVectorSincNet", 53, "embedding.weight", (512, 3000)),
    ],
)
def test_pyannote_checkpoints_are_read_with_their_architecture(
    name: str, architecture: str, count: int, tensor: str, shape: tuple[int, ...], shared: Path
) -> None:
    found = read_checkpoint(shared / "checkpoints" / f"{name}.bin")
    assert found.metadata["pyannote.audio"]["architecture"]["class"] == architecture
    assert found.metadata["pyannote.audio"]["specifications"].state["warm_up"] == (0.0, 0.0)
    assert (len(found.tensors), found.tensors[tensor].shape) == (count, shape)


def test_reading_takes_little_more_memory_than_the_file(shared: Path) -> None:
    path = shared / "checkpoints" / "wespeaker_resnet34.bin"
    tracemalloc.start()
    try:
        read_checkpoint(path)
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size * 1.25
    finally:
        tracemalloc.stop()


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


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        ((2, (3,), (1,)), "beyond its storage"),
        ((0, (5,), (1,)), "beyond its storage"),
        ((0, (2, 2), (2**62, 1)), "beyond its storage"),
        ((0, (2**62, 2**62), (0, 0)), "larger than"),
        ((0, (0, 2**40), (1, 1)), "larger than"),
        ((0, (2**70,), (0,)), "no whole numbers"),
        ((0, (2,), (-1,)), "no whole numbers"),
        ((-1, (2,), (1,)), "no whole numbers"),
        ((0, (True,), (1,)), "no whole numbers"),
        ((0, (2,), ()), "no whole numbers"),
        ((0, (1,) * 17, (1,) * 17), "larger than"),
        ((0, (2**20,), (0,)), "claim"),
    ],
)
@every_form
def test_a_tensor_that_does_not_fit_its_storage_is_refused(
    state: tuple[int, Any, Any], complaint: str, form: Callable[..., bytes], tmp_path: Path
) -> None:
    storage = Storage(np.arange(4, dtype=np.float32), "float32")
    assert complaint in refusal(tmp_path, form({"x": Tensor(storage, *state)}))


@every_form
def test_many_tensors_in_one_storage_may_not_multiply_the_file(
    form: Callable[..., bytes], tmp_path: Path
) -> None:
    storage = Storage(np.zeros(10_000, np.float16), "float16")
    state = {str(i): Tensor(storage, 0, (10_000,), (1,)) for i in range(100)}
    assert "claim" in refusal(tmp_path, form(state))


@pytest.mark.parametrize("length", [5, 3, 2**40, -1, "4", None])
@every_form
def test_a_storage_of_another_length_than_claimed_is_refused(
    length: Any, form: Callable[..., bytes], tmp_path: Path
) -> None:
    storage = Storage(np.arange(4, dtype=np.float32), "float32", claimed=length)
    if length is None:
        storage = Storage(storage.values, "ComplexFloatStorage")
    refusal(tmp_path, form({"x": Tensor(storage, 0, (3,), (1,))}))


@pytest.mark.parametrize(
    ("root", "complaint"),
    [
        (Call(Name("torch.nn", "Linear"), (), {"_parameters": {}}), "whole object"),
        ([tensor_of(np.ones(1))], "whole object"),
        ({"state_dict": {}}, "no tensors"),
        ({"a": 1}, "no tensors"),
        ({1: tensor_of(np.ones(1))}, "name of a tensor"),
        ({"x": Call(Name("torch._utils", "_rebuild_sparse_tensor"), (1,))}, "save it dense"),
        ({"x": Call(Name("torch._utils", "_rebuild_qtensor"), (1,))}, "save it dense"),
        ({"x": Call(Name("torch._utils", "_rebuild_tensor_v2"), (1,))}, "unknown way"),
    ],
)
@every_form
def test_what_is_no_state_dict_is_refused_with_the_reason(
    root: Any, complaint: str, form: Callable[..., bytes], tmp_path: Path
) -> None:
    assert complaint in refusal(tmp_path, form(root))


@pytest.mark.parametrize(
    "data", [b"", b"x", b"not a checkpoint at all", dump({"a": 1})[0], b"PK\x03\x04", bytes(64)]
)
def test_what_is_no_checkpoint_is_refused(data: bytes, tmp_path: Path) -> None:
    refusal(tmp_path, data)


def test_a_missing_file_says_so_and_is_also_the_builtin_error(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no such checkpoint"):
        read_checkpoint(tmp_path / "none.bin")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="name a checkpoint"):
        read_checkpoint(tmp_path)
