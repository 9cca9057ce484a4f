"""``results.jsonl``: one row for each recording, and what a run may skip because of it.

On this machine rows are appended, each in one write, while a lock is held; the last row of a
recording holds. When a run ends, earlier rows of a recording and torn ones are dropped. Object
stores cannot append: there, rows are written in parts (``results/*.jsonl``) that the end of a run
puts together.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ovdiar import files
from ovdiar.batch.outcome import UNCHANGED
from ovdiar.batch.storage import RemoteFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovdiar.batch.outcome import Row
    from ovdiar.batch.storage import Folder

RESULTS = "results.jsonl"
LOCK = ".results.lock"
PARTS = "results"
ROWS_OF_A_PART = 200
SECONDS_OF_A_PART = 30.0
"""A part is written when either is reached: what a killed run may have to do again."""


class Finished(NamedTuple):
    """What of a row decides whether its recording is done again."""

    status: str
    settings: str
    state: str
    content: str


class Results(Protocol):
    """The rows of a folder of outputs."""

    def finished(self, uri: str) -> Finished | None:
        """Return what is known of a recording, by this run or another."""

    def add(self, row: Row) -> None:
        """Record a row."""

    def close(self) -> None:
        """Leave one row for each recording."""


def results_of(folder: Folder) -> Results:
    """Open the rows of a folder."""
    return RemoteResults(folder) if isinstance(folder, RemoteFolder) else LocalResults(folder.place)


class LocalResults:
    """The rows in a folder of this machine, which other runs may write to at the same time."""

    def __init__(self, place: str) -> None:
        self._path = Path(place, RESULTS)
        self._lock = Path(place, LOCK)
        self._known: dict[str, Finished] = {}
        self._read = 0
        self._identity: int | None = None

    def finished(self, uri: str) -> Finished | None:
        """Return what is known of a recording, by this run or another."""
        self._refresh()
        return self._known.get(uri)

    def add(self, row: Row) -> None:
        """Append a row."""
        files.make_folder_of(self._path)
        with _locked(self._lock):
            self._refresh()
            content = _line(row)
            if self._read and not _ends_a_line(self._path):
                content = b"\n" + content
            files.append_bytes(self._path, content)
            self._refresh()

    def close(self) -> None:
        """Drop earlier rows of a recording, and what is no row."""
        if not self._path.is_file():
            return
        with _locked(self._lock):
            content = self._path.read_bytes()
            kept = b"".join(latest(content.split(b"\n")))
            if kept != content:
                files.write_bytes(self._path, kept)
        self._lock.unlink(missing_ok=True)

    def _refresh(self) -> None:
        """Read what was appended since the last time, or everything where the file is another."""
        try:
            state = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return
        if state.st_ino != self._identity or state.st_size < self._read:
            self._read, self._identity = 0, state.st_ino
        if state.st_size == self._read:
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                _learn(self._known, line)
                self._read += len(line)


class RemoteResults:
    """The rows behind a URL."""

    def __init__(self, folder: RemoteFolder) -> None:
        self._folder = folder
        self._known: dict[str, Finished] = {}
        self._rows: list[bytes] = []
        self._written = time.monotonic()
        self._own: list[str] = []
        self._run = os.urandom(6).hex()
        for content in self._contents():
            for line in content.split(b"\n"):
                _learn(self._known, line)

    def finished(self, uri: str) -> Finished | None:
        """Return what is known of a recording, by this run or an earlier one."""
        return self._known.get(uri)

    def add(self, row: Row) -> None:
        """Record a row; it is written with the part that it belongs to."""
        line = _line(row)
        self._rows.append(line)
        _learn(self._known, line)
        late = time.monotonic() - self._written >= SECONDS_OF_A_PART
        if late or len(self._rows) >= ROWS_OF_A_PART:
            self._write_part()

    def close(self) -> None:
        """Put all parts together; those of a run that goes on are read, and stay."""
        self._write_part()
        lines = [line for content in self._contents() for line in content.split(b"\n")]
        if rows := b"".join(latest(lines)):
            self._folder.write(RESULTS, rows)
        for name in self._own:
            self._folder.remove(name)
        self._own = []

    def _write_part(self) -> None:
        self._written = time.monotonic()
        if self._rows:
            name = f"{PARTS}/{time.time_ns():020d}-{self._run}.jsonl"
            self._folder.write(name, b"".join(self._rows))
            self._own.append(name)
            self._rows = []

    def _contents(self) -> Iterator[bytes]:
        """Read the rows put together, then the parts in the order in which they were written."""
        for name in [RESULTS, *sorted(self._folder.names(PARTS))]:
            yield self._folder.read(name) or b""


def rows_of(folder: Folder) -> Iterator[Row]:
    """Read the rows of a folder whose runs have ended.

    Raises
    ------
    OutputError
        A folder behind a URL cannot be read.
    """
    for line in latest((folder.read(RESULTS) or b"").split(b"\n")):
        yield json.loads(line)


def latest(lines: Iterable[bytes]) -> list[bytes]:
    """Keep the last row of each recording, in the order of first appearance."""
    kept: dict[str, bytes] = {}
    for line in lines:
        row = _row(line)
        if row is None:
            continue
        uri, whole = row["uri"], line.rstrip(b"\n") + b"\n"
        if row.get("status") == UNCHANGED and uri in kept:
            whole = _line(_merged(_row(kept[uri]), row))
        kept[uri] = whole
    return list(kept.values())


def _row(line: bytes) -> Row | None:
    """Parse a row; None for what a killed run has left of one."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("uri"), str) else None


def _merged(earlier: Row | None, row: Row) -> Row:
    """Return a recording's row after another: of one that is unchanged, only the file differs."""
    if earlier is None or row.get("status") != UNCHANGED:
        return row
    return earlier | {name: row.get(name) for name in ("path", "state")}


def _learn(known: dict[str, Finished], line: bytes) -> None:
    row = _row(line)
    if row is None:
        return
    if row.get("status") == UNCHANGED and row["uri"] in known:
        known[row["uri"]] = known[row["uri"]]._replace(state=str(row.get("state") or ""))
        return
    names = ("status", "settings", "state", "content")
    known[row["uri"]] = Finished(*(str(row.get(name) or "") for name in names))


def _line(row: Row) -> bytes:
    """Return a row's line; names that are no UTF-8 are escaped."""
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row).encode() + b"\n"


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system releases when this process ends, however it does."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            if _is_still(path, descriptor):
                yield
                return
        finally:
            os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    """Tell whether a lock's file is still the one at its path: a run that ended removes it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> None:
    try:
        import fcntl  # noqa: PLC0415 - POSIX only
    except ImportError:  # pragma: no cover - Windows
        import msvcrt  # noqa: PLC0415

        locking: Any = msvcrt
        while True:
            try:
                locking.locking(descriptor, locking.LK_LOCK, 1)
            except OSError:  # after ten seconds
                continue
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX)
