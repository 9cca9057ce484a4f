"""A binary file as libsndfile is to see it, through its virtual input and output."""

from __future__ import annotations

import os
from typing import IO

ENDLESS_BYTES = 2**40
"""The size that an endless file claims."""

MPEG_HEADER_BYTES = 4
"""The size of a frame's header, ISO 11172-3; whatever is read in larger pieces is its body."""


class VirtualFile:
    """A seekable file from its start, without a name, so that nothing is guessed from its suffix.

    Where an MP3 has no table of contents (Xing), libsndfile estimates its length by the first
    frame's bit rate and the file's size, and stops there: at a third of some recordings of
    variable bit rate. An ``endless`` file is decoded until its bytes run out; the last frame, when
    cut off, is completed with zeros, since the decoder would fail on it.
    """

    def __init__(self, file: IO[bytes], *, endless: bool = False) -> None:
        file.seek(0)
        self._file = file
        self._endless = endless
        self._at_end = False

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move."""
        self._file.seek(offset, whence)
        self._at_end = whence == os.SEEK_END and offset == 0
        return self.tell()

    def tell(self) -> int:
        """Return the position; at the end, the size."""
        return ENDLESS_BYTES if self._endless and self._at_end else self._file.tell()

    def readinto(self, buffer: memoryview) -> int:
        """Read as many bytes as there are, up to the buffer's size."""
        size = len(buffer)
        data = self._file.read(size)
        self._at_end = False
        if self._endless and size > MPEG_HEADER_BYTES:
            data = data.ljust(size, b"\0")
        buffer[: len(data)] = data
        return len(data)
