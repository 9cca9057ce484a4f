"""Places of recordings and outputs: paths of this machine, or URLs through fsspec.

A URL such as ``s3://bucket/calls`` needs fsspec and the package of its file system (s3fs, gcsfs,
adlfs, ...). Errors of a file system, each of which raises its own, become ours.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from ovdiar import files
from ovdiar.errors import AudioError, AudioNotFoundError, MissingPackageError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Folder(Protocol):
    """Where outputs go; names have slashes between folders."""

    place: str

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file, whole or not at all; make its folders."""

    def has(self, name: str) -> bool:
        """Return whether there is a file of this name."""

    def read(self, name: str) -> bytes | None:
        """Read a file; None where there is none."""


class LocalFolder:
    """A folder of this machine."""

    def __init__(self, place: str) -> None:
        self.place = place

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file, whole or not at all; make its folders."""
        path = Path(self.place, name)
        files.make_folder_of(path)
        files.write_bytes(path, content)

    def has(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        return Path(self.place, name).is_file()

    def read(self, name: str) -> bytes | None:
        """Read a file; None where there is none."""
        path = Path(self.place, name)
        return path.read_bytes() if path.is_file() else None


class RemoteFolder:
    """A folder behind a URL. What lies there is listed once, on the first question."""

    def __init__(self, place: str) -> None:
        self.place = place.rstrip("/")
        self._system, self._root = filesystem(self.place)
        self._names: set[str] | None = None

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file; object stores show it whole or not at all."""
        path = f"{self._root}/{name}"
        with _as_output_error(f"{self.place}/{name}"):
            if not _is_object_store(self._system):
                self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._system.pipe_file(path, content)
        if self._names is not None:
            self._names.add(name)

    def has(self, name: str) -> bool:
        """Return whether there was a file of this name, or one was written."""
        if self._names is None:
            self._names = set(self.names())
        return name in self._names

    def names(self, below: str = "") -> list[str]:
        """List the files, or those below a folder, by their names from the root."""
        with _as_output_error(self.place):
            self._system.invalidate_cache()
            found = self._system.find(f"{self._root}/{below}".rstrip("/"))
        return [path[len(self._root) + 1 :] for path in found]

    def read(self, name: str) -> bytes | None:
        """Read a file; None where there is none."""
        try:
            with _as_output_error(f"{self.place}/{name}"):
                content: bytes = self._system.cat_file(f"{self._root}/{name}")
        except OutputError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        return content

    def remove(self, name: str) -> None:
        """Remove a file."""
        with _as_output_error(f"{self.place}/{name}"):
            self._system.rm_file(f"{self._root}/{name}")


def folder(place: str) -> Folder:
    """Return a folder for outputs, by its path or URL."""
    return RemoteFolder(place) if is_remote(place) else LocalFolder(place)


def is_remote(place: str) -> bool:
    """Return whether a place is a URL."""
    return "://" in place


def filesystem(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path there.

    Raises
    ------
    MissingPackageError
        fsspec, or the package of the file system, is not installed.
    OutputError
        The kind of URL is unknown, or the file system cannot be reached.
    """
    try:
        import fsspec  # noqa: PLC0415 - an extra, needed for URLs only
    except ImportError:
        raise MissingPackageError(
            f'{url}: URLs need fsspec: pip install "ovdiar[remote]"'
        ) from None
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise MissingPackageError(f"{url}: {' '.join(str(error).split())}") from None
    except Exception as error:  # file systems raise their own
        reason = " ".join(str(error).split())
        raise OutputError(f"{url} cannot be opened ({reason}): check the URL") from error
    return system, str(path)


@contextmanager
def local_copy(place: str) -> Iterator[str]:
    """Give a recording's path on this machine; that behind a URL is a copy, for as long as used.

    Raises
    ------
    AudioNotFoundError, AudioError
        It cannot be fetched.
    """
    if not is_remote(place):
        yield place
        return
    system, path = filesystem(place)
    with tempfile.TemporaryDirectory(prefix="ovdiar-") as temporary:
        copy = Path(temporary, f"audio{PurePosixPath(path).suffix}")
        try:
            with system.open(path, "rb") as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        except Exception as error:  # file systems raise their own
            # some say FileNotFoundError where nothing answers
            cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
            if isinstance(cause, FileNotFoundError):
                raise AudioNotFoundError(f"{place}: no such file: check the path") from None
            reason = " ".join(str(cause).split()) or type(cause).__name__
            raise AudioError(f"{place}: cannot be fetched ({reason}): check the access") from error
        yield str(copy)


def state_of(place: str, found: Mapping[str, Any] | None = None) -> tuple[int, str]:
    """Return a recording's size, bytes, and a text that changes when it does.

    Both are empty where there is no such file. ``found`` is what the file system listed of it.
    """
    if not is_remote(place):
        try:
            state = Path(place).stat()
        except (OSError, ValueError):
            return 0, ""
        return state.st_size, f"{state.st_size}-{state.st_mtime_ns}"
    if found is None:
        system, path = filesystem(place)
        try:
            found = system.info(path)
        except Exception:  # noqa: BLE001 - file systems raise their own; reading it will tell
            return 0, ""
    size = int(found.get("size") or 0)
    version = next((found[key] for key in VERSIONS if found.get(key)), "")
    return size, f"{size}-{version}".replace('"', "")


VERSIONS = ("ETag", "etag", "md5Hash", "LastModified", "mtime", "last_modified", "created")
"""What file systems call the version of a file, the surest first."""


def _is_object_store(system: Any) -> bool:
    """Return whether folders need not be made, and a bucket of that name might be."""
    protocol = system.protocol
    names = {protocol} if isinstance(protocol, str) else {*protocol}
    return bool(names & {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oci", "r2"})


@contextmanager
def _as_output_error(place: str) -> Iterator[None]:
    try:
        yield
    except OutputError:
        raise
    except Exception as error:  # file systems raise their own
        reason = " ".join(str(error).split()) or type(error).__name__
        raise OutputError(
            f"{place} cannot be written or listed ({reason}): check the URL and the access"
        ) from error
