"""The size that file headers state for their samples.

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
NIST_BYTES = 1024


@dataclass(frozen=True)
class SampleData:
    """Where a file's samples begin, and how many bytes its header states for them."""

    offset: int
    size: int

    @property
    def placeholder(self) -> bool:
        """Whether the size is one that programs write before they know it."""
        return self.size in PLACEHOLDERS


def sample_data(file: IO[bytes]) -> SampleData | None:
    """Find the samples of WAV, RF64, W64, AIFF, AU, CAF, SVX, AVR, VOC and NIST files.

    Returns None for other formats, and where the header states no size.
    """
    file.seek(0)
    head = file.read(NIST_BYTES)
    for magic, read in READERS.items():
        if head.startswith(magic):
            try:
                found = read(file, head)
            except (struct.error, ValueError):  # the header itself is cut or damaged
                return None
            return found if found is not None and found.size > 0 else None
    return None


def _chunks(
    file: IO[bytes], position: int, header: struct.Struct, *, align: int, counted: int = 0
) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over chunks: identifier, offset of the content, stated size of the content."""
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
        position += -position % align


def _riff(file: IO[bytes], head: bytes) -> SampleData | None:
    order = ">" if head.startswith(b"RIFX") else "<"
    large: int | None = None
    for name, offset, size in _chunks(file, 12, struct.Struct(f"{order}4sI"), align=2):
        if name == b"ds64":
            file.seek(offset + 8)
            (large,) = struct.unpack("<Q", file.read(8))
        if name == b"data":
            if size >= UNKNOWN_32:
                return None if large is None else SampleData(offset, large)
            return SampleData(offset, size)
    return None


def _w64(file: IO[bytes], _: bytes) -> SampleData | None:
    for name, offset, size in _chunks(file, 40, struct.Struct("<16sQ"), align=8, counted=24):
        if name.startswith(b"data"):
            return SampleData(offset, size) if size < 2**62 else None
    return None


def _iff(file: IO[bytes], _: bytes) -> SampleData | None:
    for name, offset, size in _chunks(file, 12, struct.Struct(">4sI"), align=2):
        if size < UNKNOWN_32 and name in (b"SSND", b"BODY"):
            skipped = 8 if name == b"SSND" else 0
            return SampleData(offset + skipped, size - skipped)
    return None


def _caf(file: IO[bytes], _: bytes) -> SampleData | None:
    for name, offset, size in _chunks(file, 8, struct.Struct(">4sq"), align=1):
        if name == b"data":
            return SampleData(offset + 4, size - 4)
    return None


def _au(_: IO[bytes], head: bytes) -> SampleData | None:
    order = ">" if head.startswith(b".snd") else "<"
    offset, size = struct.unpack_from(f"{order}2I", head, 4)
    return None if size >= UNKNOWN_32 else SampleData(offset, size)


def _avr(_: IO[bytes], head: bytes) -> SampleData | None:
    channels = 2 if head[12:14] != b"\0\0" else 1
    bits, frames = struct.unpack_from(">h", head, 14)[0], struct.unpack_from(">I", head, 26)[0]
    return SampleData(128, frames * channels * bits // 8)


def _voc(file: IO[bytes], head: bytes) -> SampleData | None:
    position = struct.unpack_from("<H", head, 20)[0]
    for _ in range(MOST_CHUNKS):
        file.seek(position)
        kind, *size = file.read(4) or b"\0"
        if kind in (1, 9):
            skipped = 2 if kind == 1 else 12
            return SampleData(position + 4 + skipped, int.from_bytes(size, "little") - skipped)
        if kind == 0:
            return None
        position += 4 + int.from_bytes(size, "little")
    return None


def _nist(_: IO[bytes], head: bytes) -> SampleData | None:
    lines = [line.split() for line in head.decode("latin-1").splitlines()]
    fields = {line[0]: line[2] for line in lines if len(line) == 3 and line[1] == "-i"}
    names = ("sample_count", "channel_count", "sample_n_bytes")
    if not all(name in fields for name in names):
        return None
    count, channels, width = (int(fields[name]) for name in names)
    return SampleData(int(lines[1][0]), count * channels * width)


READERS: dict[bytes, Callable[[IO[bytes], bytes], SampleData | None]] = {
    **dict.fromkeys((b"RIFF", b"RIFX", b"RF64"), _riff),
    b"riff": _w64,
    b"FORM": _iff,
    b"caff": _caf,
    **dict.fromkeys((b".snd", b"dns."), _au),
    b"2BIT": _avr,
    b"Creative Voice File": _voc,
    b"NIST_1A": _nist,
}
