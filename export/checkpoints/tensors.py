"""Tensors as they are stored: a flat row of elements, and how a tensor lies in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

ELEMENTS: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("u1"),
}
"""Element types by their name in safetensors, and what NumPy reads them as."""

MAX_DIMENSIONS = 16
MAX_ELEMENTS = 2**28
"""Most elements in one checkpoint, all tensors together: 1 GiB of float32."""


@dataclass(frozen=True)
class Storage:
    """A row of ``length`` elements of type ``element``, kept in the checkpoint under ``key``."""

    key: str
    element: str
    length: int

    def __post_init__(self) -> None:
        """Refuse elements that are not read, and what is no length."""
        if self.element not in ELEMENTS:
            raise ModelError(
                f"elements of type {self.element!r:.40} are not read: save it as float32"
            )
        if not _is_count(self.length):
            raise ModelError(
                f"storage {self.key!r:.40} has the length {self.length!r:.40}: it is damaged"
            )

    @property
    def nbytes(self) -> int:
        """Its length in bytes."""
        return self.length * ELEMENTS[self.element].itemsize


@dataclass(frozen=True)
class StoredTensor:
    """A tensor of shape ``size`` in a storage; offset and strides count elements."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what does not lie within the storage."""
        numbers = (self.offset, *self.size, *self.stride)
        if len(self.size) != len(self.stride) or not all(map(_is_count, numbers)):
            raise ModelError("a tensor's shape or strides are no whole numbers: it is damaged")
        if len(self.size) > MAX_DIMENSIONS or math.prod(s or 1 for s in self.size) > MAX_ELEMENTS:
            raise ModelError(f"a tensor is larger than {MAX_ELEMENTS} elements: not a checkpoint")
        last = self.offset + sum((n - 1) * s for n, s in zip(self.size, self.stride, strict=True))
        if self.length and last >= self.storage.length:
            raise ModelError("a tensor reaches beyond its storage: it is damaged")

    @property
    def length(self) -> int:
        """How many elements it has."""
        return math.prod(self.size)

    def read(self, data: bytes) -> NDArray[Any]:
        """Return it, read-only, from the bytes of its storage.

        float16, bfloat16 and float64 become float32, everything else keeps its type and, where it
        is contiguous, is not copied.
        """
        if len(data) != self.storage.nbytes:
            raise ModelError(
                f"storage {self.storage.key!r:.40} is incomplete: download or save it again"
            )
        if not self.length:
            values = np.empty(self.size, ELEMENTS[self.storage.element])
        else:
            row = np.frombuffer(data, ELEMENTS[self.storage.element])[self.offset :]
            strides = [
                s * row.itemsize * (n > 1) for n, s in zip(self.size, self.stride, strict=True)
            ]
            values = np.lib.stride_tricks.as_strided(row, self.size, strides)
        values = np.ascontiguousarray(_convert(values, self.storage.element)).reshape(self.size)
        values.flags.writeable = False
        return values


def contiguous(key: str, element: str, size: tuple[int, ...]) -> StoredTensor:
    """Return a tensor that fills a storage of its own, last dimension fastest."""
    if len(size) > MAX_DIMENSIONS or not all(map(_is_count, size)):
        raise ModelError(f"tensor {key!r:.80} has no possible shape: it is damaged")
    stride = tuple(math.prod(size[axis + 1 :]) for axis in range(len(size)))
    return StoredTensor(Storage(key, element, math.prod(size)), 0, size, stride)


def check_total(tensors: Iterable[StoredTensor], file_bytes: int) -> None:
    """Refuse tensors that would take more memory than their file can account for."""
    tensors = list(tensors)
    elements = sum(tensor.length for tensor in tensors)
    stored = sum(storage.nbytes for storage in {tensor.storage for tensor in tensors})
    if elements > min(MAX_ELEMENTS, file_bytes) or stored > file_bytes:
        raise ModelError(
            f"its tensors claim {elements} elements in a file of {file_bytes} bytes"
            f" (limit {MAX_ELEMENTS}): not a checkpoint of a diarization model"
        )


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _convert(values: NDArray[Any], element: str) -> NDArray[Any]:
    converted: NDArray[Any] = values
    if element == "BOOL":
        converted = values != 0
    elif element == "BF16":  # the upper half of a float32
        converted = np.left_shift(values, 16, dtype=np.uint32).view(np.float32)
    elif values.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            converted = values.astype(np.float32, copy=False)
    return converted
