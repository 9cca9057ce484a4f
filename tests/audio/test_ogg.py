"""Pages of Ogg: all there, or counted."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from ovdiar.audio.ogg import OggPages, read_pages


@pytest.fixture(scope="module")
def data() -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).normal(0, 0.1, 160_000)
    soundfile.write(file, noise, 16_000, format="OGG", subtype="VORBIS")
    return file.getvalue()


def starts(data: bytes) -> list[int]:
    """Return the positions of the pages."""
    return [at for at in range(len(data)) if data.startswith(b"OggS", at)]


def test_a_whole_file_lacks_nothing(data: bytes) -> None:
    assert read_pages(io.BytesIO(data)) == OggPages(None, complete=True, damaged=0)
    assert read_pages(io.BytesIO(data)).missing == ""


@pytest.mark.parametrize("size", [0.5, 0.99])
def test_a_cut_file_lacks_its_last_page(data: bytes, size: float) -> None:
    found = read_pages(io.BytesIO(data[: round(size * len(data))]))
    assert (found.complete, found.missing) == (False, "its last page is missing")


def test_a_page_that_is_missing_is_counted(data: bytes) -> None:
    pages = starts(data)
    found = read_pages(io.BytesIO(data[: pages[5]] + data[pages[6] :]))
    assert (found.complete, found.damaged) == (True, 1)


@pytest.mark.parametrize("at", [0, 40, 1000])
def test_a_flipped_bit_is_noticed(data: bytes, at: int) -> None:
    damaged = bytearray(data)
    damaged[starts(data)[4] + at] ^= 4
    assert read_pages(io.BytesIO(damaged)).damaged > 0


def test_joined_files_are_told_apart(data: bytes) -> None:
    assert read_pages(io.BytesIO(data + data)).joined_at == len(data)
    assert read_pages(io.BytesIO(data + data), len(data)).joined_at is None


def test_other_bytes_have_no_pages() -> None:
    assert read_pages(io.BytesIO(bytes(3 * 2**20))) == OggPages(None, complete=True, damaged=0)
