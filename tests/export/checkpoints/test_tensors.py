"""Tensors in their storages: by offset, size and stride, and never beyond."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.checkpoint_files import every_form, load, refusal
from reference.torch_files import (
    Storage,
    Tensor,
    safe_form,
    tensor_of,
    zip_form,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
