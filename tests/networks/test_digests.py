"""A file is digested once, and again when it was changed."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from ovdiar.networks import digests
from ovdiar.networks.digests import sha256

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a file that counts as settled."""
    monkeypatch.setattr(digests, "SETTLED_NS", 0)
    path = tmp_path / "a"
    path.write_bytes(b"one")
    return path


def test_a_file_is_read_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = hashlib.sha256(b"one").hexdigest()
    assert sha256(file) == expected
    monkeypatch.setattr(digests, "_digest", lambda _: "read again")
    assert sha256(file) == expected


@pytest.mark.parametrize("content", [b"two", b"three"])
def test_a_file_that_was_changed_is_read_again(file: Path, content: bytes) -> None:
    sha256(file)
    file.write_bytes(content)
    os.utime(file, ns=(0, 1))
    assert sha256(file) == hashlib.sha256(content).hexdigest()


def test_a_file_put_in_its_place_is_read_again(file: Path) -> None:
    sha256(file)
    other = file.with_name("b")
    other.write_bytes(b"two")
    stat = file.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)
    assert sha256(file) == hashlib.sha256(b"two").hexdigest()


def test_a_file_that_was_just_written_is_read_each_time(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    sha256(file)
    monkeypatch.setattr(digests, "_digest", lambda _: "read again")
    assert sha256(file) == "read again"
