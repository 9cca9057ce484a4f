"""Addresses of weights, and their checksums."""

from __future__ import annotations

import hashlib
import os
import socket
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovdiar_export.sources.addresses import Source, fetch, sha256_of
from ovdiar_export.sources.hub import HubFile
from ovdiar_export.sources.packages import PackageFile

from ovdiar.errors import ConfigError, ModelError, ModelNotFoundError

WEIGHTS = b"weights"
RIGHT = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.mark.parametrize(
    ("address", "location"),
    [
        ("net.bin", Path("net.bin")),
        ("/models/some net.bin", Path("/models/some net.bin")),
        ("folder#1/net.bin", Path("folder#1/net.bin")),
        ("C:\\models\\net.bin", Path("C:\\models\\net.bin")),
        ("pypi://a==1#b", PackageFile("a", "1", "b")),
        ("hf://a/b@c#d", HubFile("a/b", "c", "d")),
    ],
)
def test_an_address_is_a_path_or_has_a_scheme(address: str, location: object) -> None:
    assert Source(address).location == location


@pytest.mark.parametrize(
    "address", ["", "a\0b", "https://example.org/net.bin", "file:///net.bin", "pypi://a", "hf://a"]
)
def test_another_address_is_refused_at_once(address: str) -> None:
    with pytest.raises(ConfigError):
        Source(address)


@pytest.mark.parametrize("sha256", ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64, RIGHT + "\n"])
def test_a_checksum_that_is_none_is_refused(sha256: str) -> None:
    with pytest.raises(ConfigError, match="64 lower-case"):
        Source("net.bin", sha256)


@given(text=st.text())
def test_any_text_is_an_address_or_a_configuration_error(text: str) -> None:
    try:
        source = Source(text)
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert isinstance(source.location, (Path, PackageFile, HubFile))


@pytest.mark.parametrize("sha256", [None, RIGHT])
def test_a_file_on_disk_is_used_where_it_is(sha256: str | None, tmp_path: Path) -> None:
    path = tmp_path / "net.bin"
    path.write_bytes(WEIGHTS)
    assert fetch(Source(str(path), sha256), folder=tmp_path) == path
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_that_leads_nowhere_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no such file"):
        fetch(Source(str(tmp_path / "none.bin")), folder=tmp_path)


def test_a_folder_is_refused_where_a_file_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="name the checkpoint file in it"):
        fetch(Source(str(tmp_path)), folder=tmp_path)


def test_another_checksum_names_both_shortly_and_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "net.bin"
    path.write_bytes(WEIGHTS)
    with pytest.raises(ModelError) as caught:
        fetch(Source(str(path), "0" * 64), folder=tmp_path)
    message = str(caught.value)
    assert f"{RIGHT[:12]}..., expected 000000000000..." in message
    assert f"remove {path}" in message
    assert "\n" not in message


@pytest.mark.parametrize("length", [0, 1, 2**20 - 1, 2**20, 2**20 + 1])
def test_a_checksum_is_that_of_the_whole_file(length: int, tmp_path: Path) -> None:
    path = tmp_path / "net.bin"
    path.write_bytes(bytes(length))
    assert sha256_of(path) == hashlib.sha256(bytes(length)).hexdigest()


def test_a_checksum_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "net.bin"
    path.touch()
    os.truncate(path, 50 * 2**20)
    tracemalloc.start()
    try:
        sha256_of(path)
        assert tracemalloc.get_traced_memory()[1] < 5 * 2**20
    finally:
        tracemalloc.stop()


def test_a_local_file_needs_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    path = tmp_path / "net.bin"
    path.write_bytes(WEIGHTS)
    assert fetch(Source(str(path), RIGHT), folder=tmp_path) == path
