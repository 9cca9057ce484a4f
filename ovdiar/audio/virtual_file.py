"""Binary file for libsndfile's virtual input, which may report another size than its own."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, Any

from ovdiar.errors import AudioError, OvdiarError

ENDLESS_BYTES = 2**40
"""Size reported for an MP3 that does not state its length."""

UNKNOWN_BYTES = 0
"""Size reported for an MP3 that states its length; mpg123 then makes no comparison."""

MPEG_HEADER_BYTES = 4
"""Size of a frame header (ISO 11172-3); larger reads are of a frame's body."""

ID3_HEADER_BYTES = 10
"""Size of an ID3v2 header; its last four bytes hold 7 bits of the tag size each."""

TABLE_BYTES = 256
"""Bytes from the first frame where an MP3 marks its table of contents (Xing)."""


class VirtualFile:
    """Seekable file, read from its start, without a name, so that nothing is guessed from a suffix.

    An MP3 may report another size than its own. Without a table of contents (Xing), libsndfile
    estimates the length from the file size and the bit rate of the first frame, and stops there,
    which truncates files of variable bit rate. With a table, mpg123 compares it with the size and
    prints a warning on standard error. Such files are decoded until their bytes run out; a
    truncated last frame is padded with zeros, since the decoder would fail on it.

    libsndfile ignores exceptions of a file, and fills with zeros or ends: after an exception,
    nothing more is read, and `raise_failure` raises it.

    Parameters
    ----------
    file
        Seekable binary file.
    reported_bytes
        Size to report. By default, the size of the file.
    start
        Position in the file that counts as its start, behind a tag: libsndfile would compare the
        reported size with that of the tag.
    end
        Position in the file that counts as its end, where another file was joined.

    Attributes
    ----------
    reported_bytes
        Size to report, or None.
    padded
        Whether a frame was padded.
    position
        End of what was read last.
    """

    def __init__(
        self,
        file: IO[bytes],
        *,
        reported_bytes: int | None = None,
        start: int = 0,
        end: int | None = None,
    ) -> None:
        file.seek(start)
        self._file, self._start, self._end = file, start, end
        self.reported_bytes = reported_bytes
        self.padded = False
        self.position = 0
        self._at_end = False
        self._failure: BaseException | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position; an invalid position (from a faulty header) is ignored."""
        self._at_end = whence == os.SEEK_END and offset == 0
        with suppress(OSError, ValueError):
            if whence == os.SEEK_SET:
                offset += self._start
            elif whence == os.SEEK_END and self._end is not None:
                offset, whence = offset + self._end, os.SEEK_SET
            self._file.seek(offset, whence)
        return self.tell()

    def tell(self) -> int:
        """Return the position, or at the end the size."""
        if self.reported_bytes is not None and self._at_end:
            return self.reported_bytes
        return self._file.tell() - self._start

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer as far as bytes are available; return their number."""
        size = len(buffer)
        try:
            data = b"" if self._failure else self._file.read(self._available(size))
            self.position = self._file.tell()
            buffer[: len(data)] = data
        except BaseException as error:  # noqa: BLE001 - raised again by `raise_failure`
            self._failure, data = error, b""
        self._at_end = False
        if self.reported_bytes is not None and size > MPEG_HEADER_BYTES and not self._failure:
            self.padded |= 0 < len(data) < size
            buffer[len(data) :] = bytes(size - len(data))
            return size
        return len(data)

    def _available(self, size: int) -> int:
        """Return how many of so many bytes lie before the end."""
        return size if self._end is None else max(0, min(size, self._end - self._file.tell()))

    def raise_failure(self, name: str) -> None:
        """Raise the exception of the file, if there was one, for a recording of this name.

        Raises
        ------
        AudioError
            Instead of any exception that is not ovdiar's own; KeyboardInterrupt and the like are
            raised as they are.
        """
        error = self._failure
        if error is None:
            return
        if isinstance(error, OvdiarError) or not isinstance(error, Exception):
            raise error
        raise unreadable(name, error) from error


def tag_size(file: IO[bytes]) -> int:
    """Return the size of the tag (ID3v2) that a file begins with, 0 if there is none."""
    file.seek(0)
    head = file.read(ID3_HEADER_BYTES)
    if not head.startswith(b"ID3") or len(head) < ID3_HEADER_BYTES:
        return 0
    return ID3_HEADER_BYTES + sum(
        byte << 7 * place for place, byte in enumerate(reversed(head[-4:]))
    )


def reported_size(file: IO[bytes]) -> int | None:
    """Return the size to report for an MP3, or None (its own) for other files."""
    tag = tag_size(file)
    file.seek(tag)
    frame = file.read(ID3_HEADER_BYTES + TABLE_BYTES)
    if not tag and not (frame.startswith(b"\xff") and frame[1:2] >= b"\xe0"):
        return None
    return UNKNOWN_BYTES if b"Xing" in frame or b"Info" in frame else ENDLESS_BYTES


def unreadable(name: str, error: Exception) -> AudioError:
    """Return the error of a recording whose bytes cannot be read."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return AudioError(f"{name}: cannot be read ({reason}): give a readable file, or copy it first")


def open_sound(
    file: IO[bytes], name: str, soundfile: Any, start: int = 0, end: int | None = None
) -> tuple[Any, VirtualFile]:
    """Open a `soundfile.SoundFile`, of a file that lies between positions of another.

    Returns
    -------
    The open file, and the file that it reads, which reports another size for an MP3.

    Raises
    ------
    soundfile.LibsndfileError
        If soundfile does not know the format.
    AudioError
        If the file cannot be read.
    """
    reported = None if start else reported_size(file)
    if reported is not None:
        with suppress(soundfile.LibsndfileError):
            tag = tag_size(file) if reported == UNKNOWN_BYTES else 0
            virtual = VirtualFile(file, reported_bytes=reported, start=tag)
            sound = soundfile.SoundFile(virtual)
            virtual.raise_failure(name)
            if sound.format == "MP3":
                return sound, virtual
            sound.close()
        virtual.raise_failure(name)
    virtual = VirtualFile(file, start=start, end=end)
    try:
        sound = soundfile.SoundFile(virtual)
    finally:
        virtual.raise_failure(name)
    return sound, virtual
