"""The two containers of torch: what is in them, and what must not be."""

from __future__ import annotations

import io
import pickle
import struct
import warnings
import zipfile
from typing import Any

import numpy as np
import pytest
from ovdiar_export.checkpoints import storages
from ovdiar_export.checkpoints.records import Global, PersistentId
from ovdiar_export.checkpoints.storages import (
    STREAM_MAGIC,
    StreamContainer,
    ZipContainer,
    storage_of,
)
from ovdiar_export.checkpoints.tensors import Storage
from reference.torch_files import archive, dump, entries_of, stream_form, tensor_of

from ovdiar.errors import ModelError

VALUES = np.arange(3, dtype=np.float32)
ROOT = {"x": tensor_of(VALUES)}
ENTRIES = entries_of(ROOT)
STORED = Storage("0", "F32", 3)


def opened(entries: list[tuple[str, bytes]], **options: Any) -> ZipContainer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own, about an entry that it writes twice
        return ZipContainer(io.BytesIO(archive(entries, **options)))


def test_an_archive_gives_the_bytes_of_a_storage() -> None:
    assert opened(ENTRIES).read(STORED) == VALUES.tobytes()


def test_a_stream_gives_the_bytes_of_a_storage() -> None:
    assert StreamContainer(io.BytesIO(stream_form(ROOT))).read(STORED) == VALUES.tobytes()


def test_an_archive_without_a_byte_order_is_little_endian() -> None:
    assert opened([ENTRIES[0], ENTRIES[2]]).read(STORED) == VALUES.tobytes()


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([*ENTRIES, ("../escape", b"")], "outside of itself"),
        ([*ENTRIES, ("archive/../../escape", b"")], "outside of itself"),
        ([*ENTRIES, ("/etc/passwd", b"")], "outside of itself"),
        ([*ENTRIES, ("archive\\..\\escape", b"")], "outside of itself"),
        ([*ENTRIES, ENTRIES[-1]], "twice"),
        ([*ENTRIES, ("other/data.pkl", ENTRIES[0][1])], "no data.pkl"),
        (ENTRIES[1:], "no data.pkl"),
        ([("a/b/data.pkl", ENTRIES[0][1])], "no data.pkl"),
        ([], "no data.pkl"),
        ([*ENTRIES[::2], ("archive/byteorder", b"big")], "big endian"),
        ([*ENTRIES[::2], ("archive/byteorder", b"little" * 10)], "longer than"),
    ],
)
def test_an_archive_that_torch_would_not_write_is_refused(
    entries: list[tuple[str, bytes]], complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        opened(entries)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compressed_archive_is_refused_before_it_is_unpacked(compression: int) -> None:
    with pytest.raises(ModelError, match="is compressed"):
        opened([("archive/data.pkl", bytes(10**6))], compression=compression)


def test_an_archive_of_too_many_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storages, "MAX_ENTRIES", len(ENTRIES) - 1)
    with pytest.raises(ModelError, match="too many"):
        opened(ENTRIES)


def test_a_longer_pickle_than_the_limit_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storages, "MAX_PICKLE_BYTES", len(ENTRIES[0][1]) - 1)
    with pytest.raises(ModelError, match="longer than"):
        opened(ENTRIES)


@pytest.mark.parametrize("storage", [Storage("1", "F32", 3), Storage("0", "F32", 2)])
def test_a_storage_that_is_missing_or_longer_than_claimed_is_refused(storage: Storage) -> None:
    with pytest.raises(ModelError, match=r"lacks|longer"):
        opened(ENTRIES).read(storage)
    with pytest.raises(ModelError, match=r"lacks|damaged"):
        StreamContainer(io.BytesIO(stream_form(ROOT))).read(storage)


def stream(*values: Any, rows: bytes = b"") -> io.BytesIO:
    return io.BytesIO(b"".join(pickle.dumps(value, 2) for value in values) + rows)


LITTLE = {"little_endian": True}


@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        (stream(STREAM_MAGIC + 1, 1001, LITTLE, {}, []), "not torch's"),
        (stream(True, 1001, LITTLE, {}, []), "not torch's"),
        (stream(STREAM_MAGIC, 1000, LITTLE, {}, []), "protocol"),
        (stream(STREAM_MAGIC, 1001, {"little_endian": False}, {}, []), "little endian"),
        (stream(STREAM_MAGIC, 1001, None, {}, []), "little endian"),
        (stream(STREAM_MAGIC, 1001, LITTLE, {}, None), "list of storages"),
        (stream(STREAM_MAGIC, 1001, LITTLE, {}, [0]), "list of storages"),
        (stream(STREAM_MAGIC, 1001, LITTLE, {}, ["unknown"]), "list of storages"),
        (stream(STREAM_MAGIC, 1001, LITTLE, {}), "cut off"),
    ],
)
def test_a_stream_that_torch_would_not_write_is_refused(file: io.BytesIO, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        StreamContainer(file)


def test_unused_storages_of_a_stream_are_skipped() -> None:
    root = {"unused": tensor_of(np.zeros(1000)), "x": tensor_of(VALUES)}
    container = StreamContainer(io.BytesIO(stream_form(root)))
    assert container.read(Storage("1", "F32", 3)) == VALUES.tobytes()


def test_a_stream_of_claims_beyond_any_file_is_refused() -> None:
    data, _ = dump(ROOT, views=True)
    data = data.replace(b"K\x03Nt", b"\x8a\x08" + b"\xff" * 7 + b"\x7fNt")
    head = stream(STREAM_MAGIC, 1001, LITTLE).getvalue()
    rows = struct.pack("<q", 3) + VALUES.tobytes()
    with pytest.raises(ModelError, match="ends early"):
        StreamContainer(io.BytesIO(head + data + pickle.dumps(["0"], 2) + rows))


def test_a_reference_names_type_key_length_and_the_start_of_a_view() -> None:
    fields = ("storage", Global("torch.HalfStorage"), "7", "cuda:0", 12)
    stored = Storage("7", "F16", 12)
    assert storage_of(PersistentId(fields)) == (stored, 0)
    assert storage_of(PersistentId((*fields, None))) == (stored, 0)
    assert storage_of(PersistentId((*fields, ("8", 4, 6)))) == (stored, 4)


@pytest.mark.parametrize(
    "value",
    [
        None,
        (),
        ("module", Global("torch.nn.Linear"), "source", "code", 1),
        ("storage", "torch.FloatStorage", "0", "cpu", 1),
        ("storage", Global("torch.FloatStorage"), 0, "cpu", 1),
        ("storage", Global("torch.FloatStorage"), "0", "cpu", 1, ("8", "4", 6)),
    ],
)
def test_a_reference_to_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(ModelError, match="unknown way"):
        storage_of(PersistentId(value))
