"""The safetensors format: eight bytes of length, a JSON header, the tensors one behind the other.

Source: the format section of https://github.com/huggingface/safetensors. Its own package reads no
bfloat16 into NumPy.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError

from .tensors import check_total, contiguous

if TYPE_CHECKING:
    from typing import BinaryIO

    from numpy.typing import NDArray

    from .tensors import StoredTensor

MAX_HEADER_BYTES = 16 * 2**20


def is_safetensors(head: bytes) -> bool:
    """Return whether a file is safetensors, by its first nine bytes."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= MAX_HEADER_BYTES


def read_safetensors(file: BinaryIO, size: int) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the tensors by name, and the metadata, of an open file of ``size`` bytes.

    Raises
    ------
    ModelError
        If the header is damaged or does not fit the file. Damage to the numbers themselves goes
        unnoticed: the format has no checksum.
    """
    length = int.from_bytes(file.read(8), "little")
    try:
        header = json.loads(file.read(min(length, size)), object_pairs_hook=_unique)
        metadata = header.pop("__metadata__", {})
        found = {name: _locate(name, entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError("its safetensors header is damaged: download or save it again") from error
    check_total([tensor for tensor, _ in found.values()], size)
    tensors = {}
    for name, (tensor, start) in found.items():
        if 8 + length + start + tensor.storage.nbytes > size:
            raise ModelError("it ends early: download or save it again")
        file.seek(8 + length + start)
        tensors[name] = tensor.read(file.read(tensor.storage.nbytes))
    return tensors, metadata if isinstance(metadata, dict) else {}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError
    return entries


def _locate(name: str, entry: dict[str, Any]) -> tuple[StoredTensor, int]:
    start, end = entry["data_offsets"]
    tensor = contiguous(name, entry["dtype"], tuple(entry["shape"]))
    if type(start) is not int or start < 0 or end - start != tensor.storage.nbytes:
        raise ValueError
    return tensor, start
