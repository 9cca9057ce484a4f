"""What libsndfile is told of a file: its bytes always, its size only where that does no harm."""

from __future__ import annotations

import io
import os

from hypothesis import given
from hypothesis import strategies as st

from ovdiar.virtual_file import VirtualFile


@given(st.binary(max_size=99), st.lists(st.integers(1, 30), max_size=9))
def test_a_file_reads_as_it_is(data: bytes, sizes: list[int]) -> None:
    plain, virtual = io.BytesIO(data), VirtualFile(io.BytesIO(data))
    for size in sizes:
        buffer = bytearray(size)
        assert virtual.readinto(memoryview(buffer)) == len(expected := plain.read(size))
        assert buffer[: len(expected)] == expected
        assert virtual.tell() == plain.tell()
    assert virtual.seek(0, os.SEEK_END) == len(data)


def test_an_endless_file_claims_more_than_it_has() -> None:
    file = VirtualFile(io.BytesIO(b"0123456789"), endless=True)
    assert file.seek(0, os.SEEK_END) > 10**9
    assert file.seek(-4, os.SEEK_END) == 6


def test_an_endless_file_completes_a_body_and_ends_at_a_header() -> None:
    file = VirtualFile(io.BytesIO(b"0123456789"), endless=True)
    body, header = bytearray(b"????????????"), bytearray(b"????")
    assert file.readinto(memoryview(body)) == 12
    assert body == b"0123456789\0\0"
    assert file.readinto(memoryview(header)) == 0


def test_a_file_is_read_from_its_start() -> None:
    data = io.BytesIO(b"0123456789")
    data.seek(5)
    assert VirtualFile(data).tell() == 0
