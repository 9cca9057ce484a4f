"""Temporary files and folders: deleted at the end, at a signal, or by the next run.

Each is locked by its process (flock). What a killed process left behind has no lock any more, and
is deleted when a process of the same user makes something in the same folder.
"""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from ovdiar.ending import before_the_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows, where open files cannot be deleted
    fcntl = None  # type: ignore[assignment]

NAME = re.compile(r"\.ovdiar-[0-9a-f]{16}")
OLD_S = 86_400.0
"""Where nothing can be locked, what has not changed for so long is left behind."""
BINARY = getattr(os, "O_BINARY", 0)
"""Keeps Windows from translating line ends."""

Made = TypeVar("Made")

_present: set[Path] = set()
_cleared: set[Path] = set()


@contextmanager
def file_in(folder: Path, mode: int) -> Iterator[tuple[Path, IO[bytes]]]:
    """Make a file, open for writing, and delete what is left of it in the end.

    `os.open` applies the umask to the mode; to read the umask would mean to change it for every
    thread.
    """

    def make(path: Path) -> IO[bytes]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY
        return os.fdopen(os.open(path, flags, mode), "wb")

    with _made(folder, make) as (path, file), file:
        yield path, file


@contextmanager
def folder_in(folder: Path | None = None) -> Iterator[Path]:
    """Make a folder, by default in the system's folder for temporary files; delete it in the end.

    Raises
    ------
    OSError
        If it cannot be made.
    """

    def make(path: Path) -> None:
        path.mkdir(0o700)

    with _made(_system_folder() if folder is None else folder, make) as (path, _):
        yield path


@contextmanager
def _made(folder: Path, make: Callable[[Path], Made]) -> Iterator[tuple[Path, Made]]:
    """Make something under a new name and lock it; delete what is left of it in the end.

    Between the making and the lock, another process may take it for left behind: then again.
    """
    clear(folder)
    lost = True
    while lost:
        path = folder / f".ovdiar-{os.urandom(8).hex()}"
        _present.add(path)  # before it exists, so that a signal never finds it unknown
        try:
            made = make(path)
            with _locked(path):
                lost = not path.exists()
                if not lost:
                    yield path, made
        finally:
            _delete_tree(path)
            _present.discard(path)


def clear(folder: Path | None = None) -> None:
    """Delete what processes that were killed left in a folder; once in a process.

    Parameters
    ----------
    folder
        By default the system's folder for temporary files.
    """
    folder = _system_folder() if folder is None else folder
    if folder in _cleared:
        return
    _cleared.add(folder)
    with suppress(OSError), os.scandir(folder) as entries:
        found = [Path(entry.path) for entry in entries if NAME.fullmatch(entry.name)]
        for path in found:
            with suppress(OSError):
                _delete_if_left(path)


def _system_folder() -> Path:
    import tempfile  # noqa: PLC0415 - few runs need it

    return Path(tempfile.gettempdir())


def _delete_tree(path: Path) -> None:
    """Delete a file or folder; `shutil` might be half imported when a signal arrives."""
    with suppress(OSError):
        if stat.S_ISDIR(path.lstat().st_mode):
            with os.scandir(path) as entries:
                inside = [Path(entry.path) for entry in entries]
            for each in inside:
                _delete_tree(each)
            path.rmdir()
        else:
            path.unlink()


def _delete_all() -> None:
    for path in list(_present):
        _delete_tree(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock a file or folder, where that is possible."""
    descriptor = None
    try:
        if fcntl is not None:
            with suppress(OSError):  # e.g. of a file system without locks
                descriptor = os.open(path, os.O_RDONLY)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _delete_if_left(path: Path) -> None:
    """Delete what nobody uses, if it is of this user."""
    state = path.lstat()
    old = time.time() - state.st_mtime > OLD_S
    if fcntl is None:
        if old:
            _delete_tree(path)
        return
    if path in _present or state.st_uid != os.geteuid() or stat.S_ISLNK(state.st_mode):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        except OSError:
            if not old:
                return
        _delete_tree(path)
    finally:
        os.close(descriptor)


before_the_end(_delete_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_present.clear)
