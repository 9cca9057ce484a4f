"""Small ONNX files, written field by field as protocol buffers.

Source: onnx/onnx.proto (numbers and types of the fields) and the encoding guide of protocol
buffers: a field is its number and wire type, then a varint or a length and as many bytes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

IR_VERSION, OPSET = 8, 17
TYPES = {"float32": 1, "int64": 7, "float16": 10, "float64": 11}


def varint(value: int) -> bytes:
    """Encode an integer, seven bits at a time; negative ones as 64 bits."""
    value &= 2**64 - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def field(number: int, value: float | str | bytes) -> bytes:
    """Encode one field: integers as varints, floats as four bytes, the rest by length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, values: NDArray[Any]) -> bytes:
    """Encode a TensorProto."""
    sizes = b"".join(field(1, size) for size in values.shape)
    kind = field(2, TYPES[values.dtype.name])
    return sizes + kind + field(8, name) + field(9, np.ascontiguousarray(values).tobytes())


def attribute(name: str, value: float | str | Sequence[int]) -> bytes:
    """Encode an AttributeProto: a float, an integer, a text or a row of integers."""
    if isinstance(value, float):
        return field(1, name) + field(2, value) + field(20, 1)
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return field(1, name) + field(4, value) + field(20, 3)
    return field(1, name) + b"".join(field(8, item) for item in value) + field(20, 7)


def node(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> bytes:
    """Encode a NodeProto of one output."""
    names = b"".join(field(1, name) for name in inputs) + field(2, output)
    told = b"".join(field(5, attribute(name, value)) for name, value in attributes.items())
    return names + field(4, kind) + told


def value_info(name: str, shape: Sequence[int | str], kind: str = "float32") -> bytes:
    """Encode a ValueInfoProto; sizes given as text are known at run time only."""
    sizes = [field(2, size) if isinstance(size, str) else field(1, size) for size in shape]
    dimensions = b"".join(field(1, size) for size in sizes)
    return field(1, name) + field(2, field(1, field(1, TYPES[kind]) + field(2, dimensions)))


def onnx_file(
    inputs: Sequence[bytes],
    nodes: Sequence[bytes],
    outputs: Sequence[bytes],
    weights: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str | int] | None = None,
) -> bytes:
    """Encode a ModelProto; ``metadata`` are its properties."""
    graph = b"".join(field(1, one) for one in nodes) + field(2, "graph")
    graph += b"".join(field(5, tensor(name, values)) for name, values in weights.items())
    graph += b"".join(field(11, one) for one in inputs) + b"".join(field(12, o) for o in outputs)
    told = b"".join(
        field(14, field(1, name) + field(2, str(value))) for name, value in (metadata or {}).items()
    )
    return field(1, IR_VERSION) + field(7, graph) + field(8, field(2, OPSET)) + told
