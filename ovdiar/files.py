"""The one writer of files: whole or not at all, whatever the path leads to.

A regular file is written beside its place and renamed. Where a rename would do harm or is refused,
the file is written in place: a device, a pipe, a descriptor of this process (``/dev/stdout``), a
file that is a mount point, a file in a folder that takes no new ones. Symbolic links are followed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ovdiar.errors import OutputError
from ovdiar.temporary import BINARY, file_in

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_RENAME = frozenset(
    {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTSUP}
)
"""Why a file that exists may be written but not replaced: a mount point, or its folder's rights."""

SHARED, PRIVATE = 0o666, 0o600
"""Modes of new files, before the umask."""

MOST_LINKS = 40
"""How many symbolic links are followed, as Linux does (path_resolution(7))."""

Content: TypeAlias = "bytes | memoryview"


def write_text(
    path: str | os.PathLike[str], text: str, errors: str = "strict", *, private: bool = False
) -> None:
    """Write a text in UTF-8, as `write_bytes` does; ``errors`` as of `str.encode`.

    Raises
    ------
    OutputError
        As `write_bytes`, or when UTF-8 cannot hold the text.
    """
    try:
        content = text.encode(errors=errors)
    except UnicodeEncodeError as error:
        raise OutputError(
            f"{str(path)!r} cannot be written ({error}): correct the name or text"
        ) from None
    write_bytes(path, content, private=private)


def write_bytes(path: str | os.PathLike[str], content: Content, *, private: bool = False) -> None:
    """Write a file, or replace it and keep its mode and, where permitted, its owner.

    A new file that is ``private`` can be read by its owner alone.

    When writing fails, a regular file that could be renamed holds what it held before, and nothing
    is left beside it. A file that is written in place may be left incomplete.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    with _in_one_line(path):
        descriptor = _own_descriptor(path)
        old = _state(path)
        if descriptor is not None:
            _fill(os.dup(descriptor), content)
        elif old is not None and not stat.S_ISREG(old.st_mode):
            _write_in_place(path, content)
        else:
            mode = PRIVATE if private else SHARED
            _write_regular(Path(os.path.realpath(path)), content, old, mode)


def append_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Append to a file in one write, after whatever other processes append; make it if needed.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    with _in_one_line(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | BINARY, 0o666)
        _fill(descriptor, content)


def make_folder_of(path: str | os.PathLike[str]) -> None:
    """Make the folder that a file is going to lie in, with its parents.

    Raises
    ------
    OutputError
        When the folder cannot be made.
    """
    with _in_one_line(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def check_writable(path: str | os.PathLike[str], *inputs: str | os.PathLike[str] | None) -> None:
    """Refuse an output that could not be written, and leave no trace of the check.

    Parameters
    ----------
    path
        The output.
    inputs
        Files that are read and so must not be replaced; None, and what is no file, counts for none.

    Raises
    ------
    OutputError
        When the output is a folder or an input, when its folder does not exist, when either is
        write-protected, and when the system refuses such a name.
    """
    name = f"output {str(path)!r}"
    with _in_one_line(path):
        if _own_descriptor(path) is not None:
            return
        old = _state(path)
        if old is not None:
            if stat.S_ISDIR(old.st_mode):
                raise OutputError(f"{name} is a folder: name a file")
            if not os.access(path, os.W_OK):
                raise OutputError(f"{name} is write-protected: name another file")
            if any(_is_file(each, old) for each in inputs if each):
                raise OutputError(f"{name} is one of the inputs: name another file")
            return
        target = Path(os.path.realpath(path))
        if not target.parent.is_dir():
            raise OutputError(f"{name} cannot be written: name a file in a folder that exists")
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise OutputError(f"{name} is in a write-protected folder: name another one")
        with file_in(target.parent, PRIVATE):  # some refuse only when something is made
            pass


@contextlib.contextmanager
def _in_one_line(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the system says into an error of ours."""
    try:
        yield
    except OutputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null character
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{str(path)!r} cannot be written ({reason}): name another file or folder"
        ) from error


def _state(path: str | os.PathLike[str]) -> os.stat_result | None:
    """Return the state of what a path leads to; None where there is nothing."""
    try:
        return Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_file(path: str | os.PathLike[str], state: os.stat_result) -> bool:
    """Tell whether a path leads to the regular file of that state."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and os.path.samestat(found, state)


def _own_descriptor(path: str | os.PathLike[str]) -> int | None:
    """Return N where a path leads to ``/dev/fd/N`` of this process, as ``/dev/stdout`` does.

    Opening such a path would truncate a file that the shell appends to, and fail on a socket.
    """
    path = Path(path)
    for _ in range(MOST_LINKS):
        folder = os.path.realpath(path.parent)
        if folder in ("/dev/fd", f"/proc/{os.getpid()}/fd"):
            return int(path.name) if path.name.isdecimal() else None
        if not path.is_symlink():
            return None
        path = Path(folder, path.readlink())
    return None


def _write_regular(target: Path, content: Content, old: os.stat_result | None, mode: int) -> None:
    """Write beside and rename; in place, where a file that exists can be written only so."""
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected")
    try:
        _replace(target, content, old, mode)
    except OSError as error:
        if old is None or error.errno not in NO_RENAME:
            raise
        _write_in_place(target, content)


def _replace(target: Path, content: Content, old: os.stat_result | None, mode: int) -> None:
    with file_in(target.parent, mode if old is None else PRIVATE) as (beside, file):
        with file:
            file.write(content)
        if old is not None:
            _keep_owner_and_mode(beside, old)
        beside.replace(target)


def _fill(descriptor: int, content: Content) -> None:
    """Write everything, and close."""
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _write_in_place(path: str | os.PathLike[str], content: Content) -> None:
    """Open what exists, without O_CREAT: Linux may refuse that on others' files in /tmp."""
    _fill(os.open(path, os.O_WRONLY | os.O_TRUNC | BINARY), content)


def _keep_owner_and_mode(path: Path, old: os.stat_result) -> None:
    """Give a file the owner, the group and the permissions of another, as far as permitted."""
    if hasattr(os, "chown"):
        for owner in (old.st_uid, -1):
            with contextlib.suppress(OSError):
                os.chown(path, owner, old.st_gid)
                break
    with contextlib.suppress(OSError):
        path.chmod(stat.S_IMODE(old.st_mode) & 0o777)
