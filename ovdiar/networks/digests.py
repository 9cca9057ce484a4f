"""SHA-256 of files, computed once for as long as a file is the same."""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SETTLED_NS = 2_000_000_000
"""A file that was changed this shortly ago may change again at what its clock calls the same
time."""
REMEMBERED = 256
"""Files whose digests are remembered."""


def sha256(path: Path) -> str:
    """Digest a file; a file of the same device, number, size and times is not read again."""
    stat = path.stat()
    changed_ns = max(stat.st_mtime_ns, stat.st_ctime_ns)
    if time.time_ns() - changed_ns < SETTLED_NS:
        return _digest(path)
    identity = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return _remembered(path, identity)


@lru_cache(REMEMBERED)
def _remembered(path: Path, _identity: tuple[int, ...]) -> str:
    return _digest(path)


def _digest(path: Path) -> str:
    """Digest a file, block by block."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
