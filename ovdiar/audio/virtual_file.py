"""A binary file as libsndfile is to see it, through its virtual input and output."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, Any

ENDLESS_BYTES = 2**40
"""The size to claim for an MP3 that does not say how long it is."""

UNKNOWN_BYTES = 0
"""The size to claim for an MP3 that does; to mpg123 it means that there is none to compare."""

MPEG_HEADER_BYTES = 4
"""The size of a frame's header, ISO 11172-3; whatever is read in larger pieces is its body."""

ID3_HEADER_BYTES = 10
"""What is before the text of an ID3v2 tag; its last four bytes hold seven bits of the size each."""

TABLE_BYTES = 256
"""Where an MP3 that has a table of contents (Xing) marks it, counted from its first frame."""


class VirtualFile:
    """A seekable file from its start, without a name, so that nothing is guessed from its suffix.

    An MP3 ``claims`` another size than it has. Where it has no table of contents (Xing), libsndfile
    estimates its length by the first frame's bit rate and the file's size, and stops there: at a
    third of some recordings of variable bit rate. Where it has one, mpg123 compares the size with
    it, and complains on standard error. Such a file is decoded until its bytes run out; the last
    frame, when cut off, is completed with zeros, since the decoder would fail on it.
    """

    def __init__(self, file: IO[bytes], *, claims: int | None = None) -> None:
        file.seek(0)
        self._file = file
        self._claims = claims
        self._at_end = False

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; to where no file reaches, by a header's fault, stay."""
        with suppress(OSError, ValueError):
            self._file.seek(offset, whence)
        self._at_end = whence == os.SEEK_END and offset == 0
        return self.tell()

    def tell(self) -> int:
        """Return the position; at the end, the size."""
        return self._file.tell() if self._claims is None or not self._at_end else self._claims

    def readinto(self, buffer: memoryview) -> int:
        """Read as many bytes as there are, up to the buffer's size."""
        size = len(buffer)
        data = self._file.read(size)
        self._at_end = False
        if self._claims is not None and size > MPEG_HEADER_BYTES:
            data = data.ljust(size, b"\0")
        buffer[: len(data)] = data
        return len(data)


def claim_of(file: IO[bytes]) -> int | None:
    """Return the size that a file is to claim: None, its own, unless it begins as MP3s do."""
    file.seek(0)
    head = file.read(ID3_HEADER_BYTES)
    tagged = head.startswith(b"ID3") and len(head) == ID3_HEADER_BYTES
    if tagged:
        size = sum(byte << 7 * place for place, byte in enumerate(reversed(head[-4:])))
        file.seek(ID3_HEADER_BYTES + size)
    elif not (head.startswith(b"\xff") and head[1:2] >= b"\xe0"):
        return None
    frame = head[: 0 if tagged else None] + file.read(TABLE_BYTES)
    return UNKNOWN_BYTES if b"Xing" in frame or b"Info" in frame else ENDLESS_BYTES


def open_sound(file: IO[bytes], soundfile: Any) -> tuple[Any, int | None]:
    """Open a `soundfile.SoundFile`; return with it the size that an MP3 had to claim.

    Raises
    ------
    soundfile.LibsndfileError : the file is of no kind that soundfile knows
    """
    claim = claim_of(file)
    if claim is not None:
        with suppress(soundfile.LibsndfileError):
            sound = soundfile.SoundFile(VirtualFile(file, claims=claim))
            if sound.format == "MP3":
                return sound, claim
    return soundfile.SoundFile(VirtualFile(file)), None
