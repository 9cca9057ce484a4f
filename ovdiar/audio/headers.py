"""The size that file headers state for their samples, and where another file begins behind them.

libsndfile reduces this size to what the file holds, so that a truncated file looks complete.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNKNOWN_32 = 0xFFFFFF00
"""From this size on, 32 bits state an unknown size, as programs write that write to a pipe."""
PLACEHOLDERS = range(2**31 - 2**16, 2**31 + 2**16)
"""Sizes near 2 GiB, which other programs write before they know the size."""
MOST_CHUNKS = 10_000
HEAD_BYTES = 1024
"""Size of a NIST header, and more than any other that is parsed at once."""


@dataclass(frozen=True)
class SampleData:
    """Where a file's samples begin, how many bytes its header states for them, and where it ends.

    The file may end behind its samples, with tags.
    """

    offset: int
    size: int
    file_end: int = 0

    @property
    def end(self) -> int:
        """Position behind the file, or behind the samples if its size is not stated."""
        return max(self.file_end, self.offset + self.size)

    @property
    def placeholder(self) -> bool:
        """Whether the size is one that programs write before they know it."""
        return self.size in PLACEHOLDERS

    def share(self, file_bytes: int) -> float:
        """Return the share of the samples that a file of this size holds."""
        return max(0.0, min(1.0, (file_bytes - self.offset) / self.size))


def sample_data(file: IO[bytes], start: int = 0) -> SampleData | None:
    """Find the samples of a file that begins at a position.

    WAV, RF64, W64, AVI, AIFF, AU, CAF, SVX, AVR, VOC, NIST and MP4. Returns None for other formats,
    and where the header states no size.
    """
    file.seek(start)
    head = file.read(HEAD_BYTES)
    for at, magic, parse in READERS:
        if head[at:].startswith(magic):
            try:
                found = parse(file, start, head)
            except (struct.error, ValueError, OSError):  # the header itself is cut or damaged
                return None
            return found if found is not None and found.size > 0 else None
    return None


def _chunks(
    file: IO[bytes], position: int, header: struct.Struct, *, align: int, counted: int = 0
) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over chunks: identifier, offset of the content, stated size of the content."""
    first = position
    for _ in range(MOST_CHUNKS):
        file.seek(position)
        head = file.read(header.size)
        if len(head) < header.size:
            return
        name, size = header.unpack(head)
        size -= counted
        if size < -1:
            return
        yield name, position + header.size, size
        position += header.size + max(size, 0)
        position += (first - position) % align


def _riff(file: IO[bytes], start: int, head: bytes) -> SampleData | None:
    order = ">" if head.startswith(b"RIFX") else "<"
    (total,) = struct.unpack_from(f"{order}I", head, 4)
    end = start + 8 + total + total % 2 if total < UNKNOWN_32 else 0
    if head[8:12] == b"AVI ":
        return SampleData(start + 12, total - 4, end) if end else None
    large: int | None = None
    for name, offset, size in _chunks(file, start + 12, struct.Struct(f"{order}4sI"), align=2):
        if name == b"ds64":
            file.seek(offset)
            total, large = struct.unpack("<2Q", file.read(16))
            end = start + 8 + total
        if name == b"data":
            if size < UNKNOWN_32:
                return SampleData(offset, size, end)
            return None if large is None else SampleData(offset, large, end)
    return None


def _w64(file: IO[bytes], start: int, head: bytes) -> SampleData | None:
    (total,) = struct.unpack_from("<Q", head, 16)
    chunks = _chunks(file, start + 40, struct.Struct("<16sQ"), align=8, counted=24)
    for name, offset, size in chunks:
        if name.startswith(b"data"):
            return SampleData(offset, size, start + total) if size < 2**62 else None
    return None


def _iff(file: IO[bytes], start: int, head: bytes) -> SampleData | None:
    (total,) = struct.unpack_from(">I", head, 4)
    end = start + 8 + total + total % 2 if total < UNKNOWN_32 else 0
    for name, offset, size in _chunks(file, start + 12, struct.Struct(">4sI"), align=2):
        if size < UNKNOWN_32 and name in (b"SSND", b"BODY"):
            skipped = 8 if name == b"SSND" else 0
            return SampleData(offset + skipped, size - skipped, end)
    return None


def _caf(file: IO[bytes], start: int, _: bytes) -> SampleData | None:
    found, end = None, 0
    for name, offset, size in _chunks(file, start + 8, struct.Struct(">4sq"), align=1):
        if name == b"caff":  # of another file
            break
        if name == b"data":
            found = SampleData(offset + 4, size - 4)
        end = offset + max(size, 0)
    return None if found is None else SampleData(found.offset, found.size, end)


def _au(_: IO[bytes], start: int, head: bytes) -> SampleData | None:
    order = ">" if head.startswith(b".snd") else "<"
    offset, size = struct.unpack_from(f"{order}2I", head, 4)
    return None if size >= UNKNOWN_32 else SampleData(start + offset, size)


def _avr(_: IO[bytes], start: int, head: bytes) -> SampleData | None:
    channels = 2 if head[12:14] != b"\0\0" else 1
    bits, frames = struct.unpack_from(">h", head, 14)[0], struct.unpack_from(">I", head, 26)[0]
    return SampleData(start + 128, frames * channels * bits // 8)


def _voc(file: IO[bytes], start: int, head: bytes) -> SampleData | None:
    position = start + struct.unpack_from("<H", head, 20)[0]
    first, size = 0, 0
    for _ in range(MOST_CHUNKS):
        file.seek(position)
        kind, *length = file.read(4) or b"\0"
        content = int.from_bytes(bytes(length), "little")
        if kind == 0:
            return SampleData(first, size, position + 1)
        if kind in (1, 2, 9):
            first = first or position + 4
            size = position + 4 + content - first
        position += 4 + content
    return None


def _nist(_: IO[bytes], start: int, head: bytes) -> SampleData | None:
    lines = [line.split() for line in head.decode("latin-1").splitlines()]
    fields = {line[0]: line[2] for line in lines if len(line) == 3 and line[1].startswith("-")}
    names = ("sample_count", "channel_count", "sample_n_bytes")
    if not all(name in fields for name in names):
        return None
    count, channels, width = (int(fields[name]) for name in names)
    return SampleData(start + int(lines[1][0]), count * channels * width)


def _mp4(file: IO[bytes], start: int, _head: bytes) -> SampleData | None:
    position, found, seen = start, None, 0
    for _ in range(MOST_CHUNKS):
        file.seek(position)
        box = file.read(16)
        if len(box) < 8:
            break
        size, name = struct.unpack_from(">I4s", box)
        header = 8
        if size == 1:
            header, size = 16, struct.unpack_from(">Q", box, 8)[0]
        seen += name == b"ftyp"
        if size < header or seen > 1:
            break
        if name == b"mdat":
            found = SampleData(position + header, size - header)
        position += size
    return None if found is None else SampleData(found.offset, found.size, position)


READERS: tuple[tuple[int, bytes, Callable[[IO[bytes], int, bytes], SampleData | None]], ...] = (
    *((0, magic, _riff) for magic in (b"RIFF", b"RIFX", b"RF64")),
    (0, b"riff", _w64),
    (0, b"FORM", _iff),
    (0, b"caff", _caf),
    *((0, magic, _au) for magic in (b".snd", b"dns.")),
    (0, b"2BIT", _avr),
    (0, b"Creative Voice File", _voc),
    (0, b"NIST_1A", _nist),
    (4, b"ftyp", _mp4),
)
"""Where a format's mark is, the mark, and the function that parses it."""
