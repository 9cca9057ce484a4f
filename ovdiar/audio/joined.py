"""Files that were joined: where the second begins."""

from __future__ import annotations

import re
from typing import IO

from ovdiar.audio.headers import READERS, sample_data
from ovdiar.audio.ogg import MAGIC, file_size, read_pages

FLAC = b"fLaC"
FLAC_STREAM = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
"""Beginning of a FLAC stream, with the header of its first block."""
MATROSKA, ASF, FLV, TTA, WTV = (
    b"\x1aE\xdf\xa3",
    b"0&\xb2u\x8ef\xcf\x11",
    b"FLV\x01",
    b"TTA1",
    b"\xb7\xd8\x00",
)
CONTAINERS = (MATROSKA, ASF, FLV, TTA, WTV)
"""Formats without a total size; another file of the same kind begins with the same bytes."""
MARK_BYTES = 9
LONGEST_MARK = 32
SEARCHED_BYTES = 2**24
MOST_BYTES = 2**28
"""How far containers, which may be videos, are searched."""


def next_file(file: IO[bytes], start: int = 0) -> int | None:
    """Return where another file begins behind the one that begins at a position, if any does."""
    file.seek(start)
    head = file.read(MARK_BYTES)
    if head.startswith(FLAC):
        return _search(file, start + 1, FLAC_STREAM, None)
    if head.startswith(MAGIC):
        return read_pages(file, start).joined_at
    if head.startswith(CONTAINERS):
        return _search(file, start + 1, re.compile(re.escape(head)), MOST_BYTES)
    return _behind(file, start)


def _behind(file: IO[bytes], start: int) -> int | None:
    """Return where another file begins behind one that states its size."""
    data = sample_data(file, start)
    if data is None or data.end >= file_size(file):
        return None
    file.seek(data.end)
    following = file.read(LONGEST_MARK)
    marks = [(at, magic) for at, magic, _ in READERS] + [(0, FLAC), (0, MAGIC)]
    for skipped in (0, 1):  # some programs count the padding, others do not
        if any(following[skipped + at :].startswith(magic) for at, magic in marks):
            return data.end + skipped
    return None


def count_files(file: IO[bytes]) -> int:
    """Count the files that were joined."""
    count, start = 1, next_file(file)
    while start is not None:
        count, start = count + 1, next_file(file, start)
    return count


def _search(
    file: IO[bytes], position: int, mark: re.Pattern[bytes], most: int | None
) -> int | None:
    last = None if most is None else position + most
    while last is None or position < last:
        file.seek(position)
        data = file.read(SEARCHED_BYTES)
        if found := mark.search(data):
            return position + found.start()
        if len(data) < SEARCHED_BYTES:
            break
        position += len(data) - 2 * MARK_BYTES
    return None
