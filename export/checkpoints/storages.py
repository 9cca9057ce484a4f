"""The two containers that torch writes: a zip archive, and the older stream of pickles.

Both are a pickle that refers to storages by key, and the storages.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any, Protocol

from ovdiar.errors import ModelError

from .archives import reading
from .pickles import MAX_PICKLE_BYTES, read_pickle
from .records import Global, PersistentId, walk
from .tensors import Storage

if TYPE_CHECKING:
    from typing import BinaryIO

_ELEMENTS = {
    "torch.DoubleStorage": "F64",
    "torch.FloatStorage": "F32",
    "torch.HalfStorage": "F16",
    "torch.BFloat16Storage": "BF16",
    "torch.LongStorage": "I64",
    "torch.IntStorage": "I32",
    "torch.ShortStorage": "I16",
    "torch.CharStorage": "I8",
    "torch.ByteStorage": "U8",
    "torch.BoolStorage": "BOOL",
}
ZIP_MAGIC = b"PK\x03\x04"
STREAM_MAGIC = 0x1950A86A20F9469CFC6C
STREAM_PROTOCOL = 1001
MAX_ENTRIES = 100_000


def storage_of(reference: Any) -> tuple[Storage, int]:
    """Return the storage that a persistent id refers to, and the element where a view of it begins.

    Its fields are the word "storage", the type, the key, the device, the length and, in the older
    container, a view of (key, offset, length).
    """
    match reference:
        case PersistentId(value=("storage", Global(name=kind), str(key), _, length)):
            return Storage(key, _ELEMENTS.get(kind, kind), length), 0
        case PersistentId(value=("storage", Global(name=kind), str(key), _, length, view)):
            match view:
                case None:
                    return Storage(key, _ELEMENTS.get(kind, kind), length), 0
                case (str(), int(offset), int()):
                    return Storage(key, _ELEMENTS.get(kind, kind), length), offset
    raise ModelError("a tensor's storage is described in an unknown way: save its state dict alone")


class Container(Protocol):
    """Where a checkpoint's pickle and storages lie."""

    root: Any
    """What the pickle describes."""

    def read(self, storage: Storage) -> bytes:
        """Return a storage's bytes."""


_ROOT = re.compile(r"[^/]+/data\.pkl")


class ZipContainer:
    """An archive of ``NAME/data.pkl``, ``NAME/byteorder`` and ``NAME/data/KEY`` for each storage.

    Nothing in it is compressed, and every entry has a checksum.
    """

    def __init__(self, file: BinaryIO) -> None:
        with reading("its zip archive"):
            self._archive = zipfile.ZipFile(file)
        entries = self._archive.infolist()
        self._entries = {entry.filename: entry for entry in entries}
        if len(self._entries) < len(entries) or len(entries) > MAX_ENTRIES:
            raise ModelError("its zip archive has entries twice or too many: not a checkpoint")
        for name in self._entries:
            if name.startswith("/") or "\\" in name or ".." in name.split("/"):
                raise ModelError(f"its zip archive has an entry {name!r:.80}, outside of itself")
        pickles = [name for name in self._entries if _ROOT.fullmatch(name)]
        if len(pickles) != 1:
            raise ModelError("its zip archive holds no data.pkl: not a torch checkpoint")
        self._folder = pickles[0].removesuffix("data.pkl")
        order = f"{self._folder}byteorder"
        if order in self._entries and self._read(order, 16) != b"little":
            raise ModelError("its numbers are big endian: save it on a little endian machine")
        self.root = read_pickle(io.BytesIO(self._read(pickles[0], MAX_PICKLE_BYTES)))

    def read(self, storage: Storage) -> bytes:
        """Return a storage's bytes, its checksum verified."""
        return self._read(f"{self._folder}data/{storage.key}", storage.nbytes)

    def _read(self, name: str, limit: int) -> bytes:
        entry = self._entries.get(name)
        if entry is None:
            raise ModelError(f"its zip archive lacks {name!r:.80}: download or save it again")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise ModelError(f"its entry {name!r:.80} is compressed: save it as torch does")
        if entry.file_size > limit:
            raise ModelError(f"its entry {name!r:.80} is longer than {limit} bytes: it is damaged")
        with reading(f"its entry {name!r:.80}"):
            return self._archive.read(entry)


class StreamContainer:
    """Five pickles (magic number, protocol, machine, root, keys of the storages), and the storages.

    Each storage is its length in elements, eight bytes, and its elements. There is no checksum.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        head = io.BytesIO(file.read(2 * MAX_PICKLE_BYTES))
        if read_pickle(head) != STREAM_MAGIC:
            raise ModelError("it is a pickle, but not torch's: not a checkpoint")
        if read_pickle(head) != STREAM_PROTOCOL:
            raise ModelError(f"its protocol is not {STREAM_PROTOCOL}: save it with a newer torch")
        machine = read_pickle(head)
        if not isinstance(machine, dict) or machine.get("little_endian") is not True:
            raise ModelError("its numbers are not little endian: save it on such a machine")
        self.root = read_pickle(head)
        keys = read_pickle(head)
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ModelError("its list of storages is damaged: download or save it again")
        lengths = {storage.key: storage.nbytes for storage in self._storages()}
        self._starts: dict[str, int] = {}
        start = head.tell()
        for key in keys:
            if key not in lengths:
                raise ModelError("its list of storages is damaged: download or save it again")
            self._starts[key] = start + 8
            start += 8 + lengths[key]
        if start > file.seek(0, io.SEEK_END):
            raise ModelError("it ends early: download or save it again")

    def _storages(self) -> list[Storage]:
        found = [value for value in walk(self.root) if isinstance(value, PersistentId)]
        return [storage_of(reference)[0] for reference in found]

    def read(self, storage: Storage) -> bytes:
        """Return a storage's bytes; its stored length must be the one that the pickle claims."""
        if storage.key not in self._starts:
            raise ModelError(f"it lacks the storage {storage.key!r:.40}: download or save it again")
        self._file.seek(self._starts[storage.key] - 8)
        if int.from_bytes(self._file.read(8), "little") != storage.length:
            raise ModelError(
                f"its storage {storage.key!r:.40} is damaged: download or save it again"
            )
        return self._file.read(storage.nbytes)
