"""The pages of an Ogg file (RFC 3533): whether all are there, and whether files were joined."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from typing import IO

PAGE = struct.Struct("<4sBBqIIIB")
"""Magic, version, flags, granule position, serial number, page number, checksum, segments."""
MAGIC = b"OggS"
BEGINNING, END = 2, 4
"""Flags of the first and the last page of a stream."""
CHECKSUM = slice(22, 26)
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""The bits of each byte in the opposite order."""
SEARCHED_BYTES = 2**20


@dataclass(frozen=True)
class OggPages:
    """What the pages of a file say.

    Attributes
    ----------
    joined_at
        Position of the first stream that begins after another's end; None if there is none.
    complete
        Whether each stream has its last page, and the file ends with a page.
    damaged
        Number of pages that are missing or damaged.
    """

    joined_at: int | None
    complete: bool
    damaged: int

    @property
    def missing(self) -> str:
        """What is missing, in words; "" if nothing is."""
        if self.damaged:
            return f"pages of it are missing or damaged: {self.damaged}"
        return "" if self.complete else "its last page is missing"


def is_ogg(file: IO[bytes], position: int = 0) -> bool:
    """Return whether a page begins at a position."""
    file.seek(position)
    return file.read(len(MAGIC)) == MAGIC


def read_pages(file: IO[bytes], position: int = 0) -> OggPages:
    """Walk over all pages from a position; the position of the file is not kept.

    What follows a joined stream's beginning does not count.
    """
    damaged, ended, trailing = 0, False, False
    following: dict[int, int] = {}
    open_streams: set[int] = set()
    while (header := _next_header(file, position)) is not None:
        at, fields, head = header
        damaged += at > position
        _, _, flags, _, serial, number, checksum, segments = fields
        if flags & BEGINNING and ended and not open_streams:
            return OggPages(at, complete=True, damaged=damaged)
        lacing = file.read(segments)
        body = file.read(sum(lacing))
        position = at + len(head) + len(lacing) + sum(lacing)
        if len(lacing) < segments or len(body) < sum(lacing):
            trailing = True
            break
        intact = _checksum(head[:22] + bytes(4) + head[26:] + lacing + body) == checksum
        damaged += not intact
        if flags & BEGINNING:
            open_streams.add(serial)
        else:
            damaged += max(0, min(number - following.get(serial, number), 1000))
        following[serial] = number + 1
        if flags & END:
            ended = True
            open_streams.discard(serial)
    return OggPages(None, not (open_streams or trailing), damaged)


def _next_header(file: IO[bytes], position: int) -> tuple[int, tuple[int, ...], bytes] | None:
    """Find the next page from a position: where it is, its fields, its header; None at the end."""
    file.seek(position)
    head = file.read(PAGE.size)
    if not head.startswith(MAGIC):
        head += file.read(SEARCHED_BYTES)
        found = head.find(MAGIC)
        while found < 0 and len(head) > len(MAGIC):
            position += len(head) - len(MAGIC) + 1
            file.seek(position)
            head = file.read(SEARCHED_BYTES)
            found = head.find(MAGIC)
        if found < 0:
            return None
        position += found
        file.seek(position)
        head = file.read(PAGE.size)
    if len(head) < PAGE.size:
        return None
    return position, PAGE.unpack(head), head


def _checksum(page: bytes) -> int:
    """Return the CRC-32 of RFC 3533, which takes bits in the opposite order to zlib's."""
    reflected = zlib.crc32(page.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)


def file_size(file: IO[bytes]) -> int:
    """Return the size of a file; its position moves to the end."""
    return file.seek(0, os.SEEK_END)
