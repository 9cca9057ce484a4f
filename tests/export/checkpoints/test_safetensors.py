"""The safetensors header: fits the file, or is refused."""

from __future__ import annotations

import io
import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ovdiar_export.checkpoints.safetensors import MAX_HEADER_BYTES, is_safetensors, read_safetensors

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read(header: Any, rows: bytes = bytes(8)) -> dict[str, NDArray[Any]]:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    data = struct.pack("<Q", len(text)) + text + rows
    return read_safetensors(io.BytesIO(data), len(data))[0]


def entry(start: int = 0, end: int = 8, dtype: Any = "F32", shape: Any = (2,)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": (start, end)}


def test_tensors_are_found_by_their_offsets_in_any_order() -> None:
    rows = np.arange(4, dtype=np.float32).tobytes()
    found = read({"b": entry(8, 16), "a": entry(0, 8)}, rows)
    np.testing.assert_array_equal(found["a"], [0, 1])
    np.testing.assert_array_equal(found["b"], [2, 3])


def test_a_file_is_known_by_its_first_bytes() -> None:
    assert is_safetensors(struct.pack("<Q", MAX_HEADER_BYTES) + b"{")
    assert not is_safetensors(struct.pack("<Q", MAX_HEADER_BYTES + 1) + b"{")
    assert not is_safetensors(struct.pack("<Q", 10) + b"[")
    assert not is_safetensors(b"{")


@pytest.mark.parametrize(
    "header",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"a": ' * 100_000,
        {"a": None},
        {"a": {}},
        {"a": entry(0, 7)},
        {"a": entry(1, 9)},
        {"a": entry(8, 0)},
        {"a": entry(-8, 0)},
        {"a": entry(2**70, 2**70 + 8)},
        {"a": entry(0.0, 8.0)},  # type: ignore[arg-type]
        {"a": entry(False, 8)},
        {"a": entry(dtype="F4")},
        {"a": entry(dtype=["F32"])},
        {"a": entry(shape=[2.0])},
        {"a": entry(shape=[True, 2])},
        {"a": entry(shape=[-2])},
        {"a": entry(shape="2")},
        {"a": entry(shape=[1] * 100_000)},
        {"a": entry(shape=[10**4000] * 1000)},
        {"a": entry(shape=[2**40, 0], end=0)},
        b'{"a": %b, "a": %b}' % (json.dumps(entry()).encode(), json.dumps(entry()).encode()),
    ],
    ids=lambda header: str(header)[:40],
)
def test_a_header_that_does_not_fit_is_refused_in_one_line(header: Any) -> None:
    with pytest.raises(ModelError) as caught:
        read(header)
    assert "\n" not in str(caught.value)


def test_tensors_that_overlap_may_not_multiply_the_file() -> None:
    header = {str(index): entry(0, 40_000, shape=[10_000]) for index in range(100)}
    with pytest.raises(ModelError, match="claim"):
        read(header, bytes(40_000))
