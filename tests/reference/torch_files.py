"""Checkpoint files as torch and safetensors write them, made without either.

Source: torch/serialization.py and torch/_utils.py for the two torch forms, the format section of
safetensors' README for the third.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}
SAFE_NAMES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}
STREAM_MAGIC = 0x1950A86A20F9469CFC6C


@dataclass(frozen=True)
class Name:
    """Something that a pickle names; it need not exist."""

    module: str
    name: str

    def __call__(self) -> None:
        """Look callable, as the pickler wants."""


@dataclass(frozen=True, eq=False)
class Call:
    """An object that unpickles by calling a name, then taking a state."""

    function: Name
    args: tuple[Any, ...] = ()
    state: Any = None


@dataclass(frozen=True, eq=False)
class Storage:
    """A row of elements; bfloat16 is given as uint16 and says so."""

    values: NDArray[Any]
    kind: str
    claimed: int | None = None
    """Another length to claim than it has."""


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor in a storage, by offset, size and stride in elements."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def tensor_of(values: NDArray[Any], kind: str | None = None) -> Tensor:
    """Return the tensor that an array of any strides is, in a storage of its own."""
    values = np.asarray(values)
    base = values if values.base is None else np.asarray(values.base)
    row = np.ascontiguousarray(base).reshape(-1)
    offset = (values.ctypes.data - base.ctypes.data) // values.itemsize if values.size else 0
    stride = tuple(step // values.itemsize for step in values.strides)
    return Tensor(Storage(row, kind or values.dtype.name), offset, values.shape, stride)


class _Pickler(pickle._Pickler):
    """Python's own pickler, except that names need not exist and storages stay outside."""

    def __init__(self, file: io.BytesIO, protocol: int, *, views: bool) -> None:
        super().__init__(file, protocol)
        self.storages: dict[int, Storage] = {}
        self._views = views

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, Storage):
            return None
        self.storages[id(obj)] = obj
        length = len(obj.values) if obj.claimed is None else obj.claimed
        key = str(list(self.storages).index(id(obj)))
        fields = ("storage", Name("torch", STORAGES.get(obj.kind, obj.kind)), key, "cpu", length)
        return (*fields, None) if self._views else fields

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Name):
            return obj.name
        if isinstance(obj, Call):
            return obj.function, obj.args, obj.state
        if isinstance(obj, Tensor):
            rebuild = Name("torch._utils", "_rebuild_tensor_v2")
            return rebuild, (obj.storage, obj.offset, obj.size, obj.stride, False, OrderedDict())
        return NotImplemented

    def save_global(self, obj: Any, name: str | None = None) -> None:
        writer: Any = self  # typeshed knows little of it
        if not isinstance(obj, Name):
            pickle._Pickler.save_global(writer, obj, name)  # type: ignore[attr-defined]
            return
        if writer.proto >= 4:
            writer.save(obj.module)
            writer.save(obj.name)
            writer.write(pickle.STACK_GLOBAL)
        else:
            writer.write(b"c%b\n%b\n" % (obj.module.encode(), obj.name.encode()))
        writer.memoize(obj)


def dump(root: Any, protocol: int = 2, *, views: bool = False) -> tuple[bytes, list[Storage]]:
    """Return the pickle of a root and the storages that it refers to, by key 0, 1, ..."""
    file = io.BytesIO()
    pickler = _Pickler(file, protocol, views=views)
    pickler.dump(root)
    return file.getvalue(), list(pickler.storages.values())


def archive(entries: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip archive of entries, names as given."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as packed:
        for name, data in entries:
            packed.writestr(zipfile.ZipInfo(name), data, compression)
    return file.getvalue()


def entries_of(root: Any, protocol: int = 2, folder: str = "archive") -> list[tuple[str, bytes]]:
    """Return what is in the zip form of a checkpoint."""
    data, storages = dump(root, protocol)
    rows = [(f"{folder}/data/{i}", s.values.tobytes()) for i, s in enumerate(storages)]
    return [(f"{folder}/data.pkl", data), (f"{folder}/byteorder", b"little"), *rows]


def zip_form(root: Any, protocol: int = 2) -> bytes:
    """Return the form that torch writes since 1.6."""
    return archive(entries_of(root, protocol))


def stream_form(root: Any, protocol: int = 2) -> bytes:
    """Return the form that torch wrote before."""
    data, storages = dump(root, protocol, views=True)
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    parts = [pickle.dumps(value, 2) for value in (STREAM_MAGIC, 1001, machine)]
    parts += [data, pickle.dumps([str(index) for index in range(len(storages))], 2)]
    parts += [struct.pack("<q", len(s.values)) + s.values.tobytes() for s in storages]
    return b"".join(parts)


def safe_form(tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Return a safetensors file of contiguous tensors."""
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    rows = b""
    for name, value in tensors.items():
        row = value.storage.values.tobytes()
        header[name] = {
            "dtype": SAFE_NAMES[value.storage.kind],
            "shape": value.size,
            "data_offsets": (len(rows), len(rows) + len(row)),
        }
        rows += row
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rows
