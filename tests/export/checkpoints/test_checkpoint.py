"""Checkpoints of all three forms: their tensors, and what else they say."""

from __future__ import annotations

import tracemalloc
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ovdiar_export.checkpoints.checkpoint import read_checkpoint
from ovdiar_export.checkpoints.records import Record
from reference.checkpoint_files import FORMS, every_form, load, refusal
from reference.torch_files import (
    Call,
    Name,
    dump,
    safe_form,
    tensor_of,
)

from ovdiar.errors import ModelError, ModelNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
