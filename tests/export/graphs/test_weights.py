"""A state dict hands out its tensors as float32, or says what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest
from ovdiar_export.graphs.weights import Weights

from ovdiar.errors import ModelError


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64])
def test_any_kind_of_number_becomes_contiguous_float32(dtype: type[np.generic]) -> None:
    stored = np.arange(6).reshape(3, 2).astype(dtype).T
    found = Weights({"a.weight": stored}).below("a.").take("weight", (2, None))
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, [[0, 2, 4], [1, 3, 5]])


def test_a_missing_tensor_is_named_with_the_shape_wanted() -> None:
    with pytest.raises(ModelError, match=r"'net\.linear\.weight' of shape \(4, any\)"):
        Weights({}, "net.").below("linear.").take("weight", (4, None))


@pytest.mark.parametrize("shape", [(3, 4), (4,), (4, 3, 1), (4, 0), ()])
def test_another_shape_is_named_beside_the_one_wanted(shape: tuple[int, ...]) -> None:
    found = ", ".join(map(str, shape))
    with pytest.raises(ModelError, match=rf"'w' has shape \({found}\), wanted \(4, any\)"):
        Weights({"w": np.zeros(shape, np.float32)}).take("w", (4, None))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_numbers_that_float32_cannot_hold_are_refused(value: float) -> None:
    with pytest.raises(ModelError, match="'w' holds numbers that are not finite"):
        Weights({"w": np.array([0, value])}).take("w", (2,))


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ModelError, match="'w' holds bool"):
        Weights({"w": np.zeros(2, np.bool_)}).take("w", (2,))


def test_counting_stops_at_the_first_gap() -> None:
    names = ("x.0.w", "x.1.w", "x.3.w")
    assert Weights(dict.fromkeys(names, np.zeros(1))).count("x.{}.w") == 2
