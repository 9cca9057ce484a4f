"""The file given to libsndfile has the same bytes; only an MP3 reports another size."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.audio.virtual_file import ENDLESS_BYTES, UNKNOWN_BYTES, VirtualFile, reported_size


@given(st.binary(max_size=99), st.lists(st.integers(1, 30), max_size=9))
def test_a_file_reads_as_it_is(data: bytes, sizes: list[int]) -> None:
    plain, virtual = io.BytesIO(data), VirtualFile(io.BytesIO(data))
    for size in sizes:
        buffer = bytearray(size)
        assert virtual.readinto(memoryview(buffer)) == len(expected := plain.read(size))
        assert buffer[: len(expected)] == expected
        assert virtual.tell() == plain.tell()
    assert virtual.seek(0, os.SEEK_END) == len(data)


def test_a_file_may_report_another_size_than_it_has() -> None:
    file = VirtualFile(io.BytesIO(b"0123456789"), reported_bytes=10**9)
    assert file.seek(0, os.SEEK_END) == 10**9
    assert file.seek(-4, os.SEEK_END) == 6


def test_an_mp3_completes_a_body_and_ends_at_a_header() -> None:
    file = VirtualFile(io.BytesIO(b"0123456789"), reported_bytes=10**9)
    body, header = bytearray(b"????????????"), bytearray(b"????")
    assert file.readinto(memoryview(body)) == 12
    assert body == b"0123456789\0\0"
    assert file.readinto(memoryview(header)) == 0


def test_a_file_is_read_from_its_start() -> None:
    data = io.BytesIO(b"0123456789")
    data.seek(5)
    assert VirtualFile(data).tell() == 0


FRAME = bytes.fromhex("fffb9064")
ID3 = b"ID3\4\0\0" + bytes([0, 0, 1, 2])
"""The head of a tag of 130 bytes."""


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", None),
        (b"ID3", None),
        (b"\xff", None),
        (b"RIFF....WAVEInfo", None),
        (b"\xff\xd8 a picture, with Info", None),
        (FRAME, ENDLESS_BYTES),
        (FRAME + bytes(32) + b"Xing", UNKNOWN_BYTES),
        (FRAME + bytes(17) + b"Info", UNKNOWN_BYTES),
        (FRAME + bytes(1000) + b"Xing", ENDLESS_BYTES),
        (ID3 + bytes(130) + FRAME + bytes(32) + b"Xing", UNKNOWN_BYTES),
        (ID3 + bytes(100) + b"Info" + bytes(26) + FRAME, ENDLESS_BYTES),
        (ID3 + bytes(100), ENDLESS_BYTES),
    ],
)
def test_an_mp3_reports_a_size_that_depends_on_its_first_frame(
    data: bytes, expected: int | None
) -> None:
    assert reported_size(io.BytesIO(data)) == expected
