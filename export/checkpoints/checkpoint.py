"""Read a torch checkpoint without torch, and without executing anything in it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError, ModelNotFoundError

from .records import Global, Record
from .safetensors import is_safetensors, read_safetensors
from .storages import ZIP_MAGIC, StreamContainer, ZipContainer, storage_of
from .tensors import StoredTensor, check_total

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from .storages import Container

STATE_DICT_KEYS = ("state_dict", "model_state", "model_state_dict", "model")
"""Where trainers keep the weights: Lightning and pyannote, Resemblyzer, plain torch."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights by their name in the state dict, and the rest of the file.

    ``tensors`` are read-only arrays; floating point ones are float32. ``metadata`` holds the other
    entries of the file's top level (``hyper_parameters``, ``pyannote.audio``, ...) as plain values,
    objects among them as :class:`~.records.Record`.
    """

    tensors: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, Any]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a torch file, zip or older stream, or a safetensors file.

    Parameters
    ----------
    path : Path
        The file. Its name does not matter, its first bytes do.

    Raises
    ------
    ModelNotFoundError
        If there is no such file.
    ModelError
        If it is none of these, is damaged, or claims more than a checkpoint needs. Damaged numbers
        are detected in the zip form only; the others have no checksum.
    """
    try:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"{path}: no such checkpoint; check the path") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); name a checkpoint") from error


def _read(file: BinaryIO, size: int) -> Checkpoint:
    head = file.read(9)
    file.seek(0)
    if is_safetensors(head):
        return Checkpoint(*map(MappingProxyType, read_safetensors(file, size)))
    if head.startswith(ZIP_MAGIC):
        return _from_container(ZipContainer(file), size)
    if head.startswith(b"\x80"):
        return _from_container(StreamContainer(file), size)
    raise ModelError("not a torch or safetensors checkpoint, by its first bytes; name another file")


def _from_container(container: Container, size: int) -> Checkpoint:
    if not isinstance(container.root, dict):
        raise ModelError("it holds a whole object, not a state dict: save model.state_dict()")
    state, metadata = _state_dict(container.root)
    found = {}
    for name, value in state.items():
        tensor = _tensor(value)
        if tensor is not None:
            if not isinstance(name, str):
                raise ModelError(f"the name of a tensor is a {type(name).__name__}: it is damaged")
            found[name] = tensor
    if not found:
        raise ModelError("it holds no tensors: not a checkpoint of a network")
    check_total(found.values(), size)
    data = {storage: container.read(storage) for storage in {t.storage for t in found.values()}}
    tensors = {name: tensor.read(data[tensor.storage]) for name, tensor in found.items()}
    return Checkpoint(MappingProxyType(tensors), MappingProxyType(metadata))


def _state_dict(root: dict[Any, Any]) -> tuple[dict[Any, Any], dict[str, Any]]:
    for key in STATE_DICT_KEYS:
        state = root.get(key)
        if isinstance(state, dict):
            return state, {str(name): value for name, value in root.items() if name != key}
    return root, {str(name): value for name, value in root.items() if _tensor(value) is None}


def _tensor(value: Any) -> StoredTensor | None:
    """Return the tensor that a record describes, None for anything else."""
    match value:
        case Record(name="torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor"):
            return _stored(value.args)
        case Record(
            name="torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state",
            args=(data, *_),
        ):
            return _tensor(data)
        case Record(
            name="torch._tensor._rebuild_from_type_v2", args=(Global(name=name), _, tuple(args), _)
        ):
            return _tensor(Record(name, args))
        case Record(name=name) if name.startswith("torch._utils._rebuild_"):
            raise ModelError(
                f"a tensor of the kind {name!r:.80} is not read: save it dense, as float32"
            )
    return None


def _stored(args: tuple[Any, ...]) -> StoredTensor:
    match args:
        case (reference, int(offset), size, tuple(stride), *_):
            storage, start = storage_of(reference)
            if isinstance(size, Record) and size.name == "torch.Size" and len(size.args) == 1:
                (size,) = size.args
            if isinstance(size, tuple):
                return StoredTensor(storage, start + offset, size, stride)
    raise ModelError("a tensor is described in an unknown way: save its state dict alone")
