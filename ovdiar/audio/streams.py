"""Streams, which can be read only once, copied to a temporary file."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ovdiar.audio.virtual_file import unreadable
from ovdiar.cancellation import check_cancelled
from ovdiar.errors import AudioError, AudioNotFoundError, OvdiarError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

COPIED_BYTES = 2**20


class InputFile:
    """Seekable binary file whose exceptions become errors of the recording.

    Parameters
    ----------
    file
        Seekable binary file.
    name
        Name of the recording in messages.
    """

    def __init__(self, file: Any, name: str) -> None:
        self._file, self._name = file, name

    def read(self, size: int = -1) -> bytes:
        """Read up to so many bytes."""
        return read(self._file, size, self._name)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position; return it."""
        self._file.seek(offset, whence)
        return self.tell()

    def tell(self) -> int:
        """Return the position."""
        position: int = self._file.tell()
        return position


def copy(source: Any, target: IO[bytes], name: str, limit_bytes: int) -> None:
    """Copy what a stream has left.

    Raises
    ------
    AudioError
        If it cannot be read, has more bytes than the limit, or does not fit onto the disk.
    """
    copied = 0
    while True:
        check_cancelled()
        data = read(source, COPIED_BYTES, name)
        if not data:
            break
        copied += len(data)
        if copied > limit_bytes:
            raise AudioError(
                f"{name}: does not end within {limit_bytes / 1e6:g} MB, the limit of a stream: "
                "save it as a file, or raise the limit (--max-stream-mb)"
            )
        with _kept(name):
            target.write(data)
    with _kept(name):
        target.flush()


def read(source: Any, size: int, name: str) -> bytes:
    """Read from a file object.

    Raises
    ------
    AudioError
        If that fails.
    """
    try:
        data: bytes = source.read(size)
    except OvdiarError:
        raise
    except Exception as error:  # a file object may raise anything
        raise unreadable(name, error) from error
    return data


@contextlib.contextmanager
def spooled(source: Any, name: str, limit_bytes: int) -> Iterator[IO[bytes]]:
    """Give a temporary file with the content of a stream, removed in the end; errors as `copy`."""
    with tempfile.TemporaryFile() as file:
        copy(source, file, name, limit_bytes)
        file.seek(0)
        yield file


@contextlib.contextmanager
def _kept(name: str) -> Iterator[None]:
    """Say where the temporary files are, if one cannot be written."""
    try:
        yield
    except OSError as error:
        raise AudioError(
            f"{name}: cannot be copied to {tempfile.gettempdir()} ({error.strerror or error}): "
            "make room there, or name another folder in TMPDIR"
        ) from None


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Return whether a path leads to a pipe or a device, which has no size and may not end."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def open_path(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file for reading.

    Raises
    ------
    AudioNotFoundError, AudioError
        If that fails.
    """
    name = str(path)
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        url = re.match(r"[a-z][a-z0-9+.-]+:/", name)
        advice = "fetch it first, or give it to ovdiar batch" if url else "check the path"
        raise AudioNotFoundError(f"{name}: no such file: {advice}") from None
    except IsADirectoryError:
        raise AudioError(f"{name}: is a folder, not a recording: give a readable file") from None
    except OSError as error:
        raise AudioError(f"{name}: {error.strerror}: give a readable file") from None
    except ValueError as error:  # a null character
        raise AudioError(f"{name!r}: {error}: give a readable file") from None


class BlockFile:
    """Blocks of samples in a temporary file, to be read several times.

    Parameters
    ----------
    name
        Name of the recording in messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lengths: list[int] = []
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`

    def append(self, block: NDArray[np.float32]) -> None:
        """Write a block (n,)."""
        with _kept(self._name):
            self._file.write(block.tobytes())
        self._lengths.append(len(block))

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Iterate over the blocks, as they were appended."""
        self._file.seek(0)
        for length in self._lengths:
            yield np.frombuffer(self._file.read(4 * length), np.float32)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
