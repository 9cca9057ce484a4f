"""What stops the service from starting is told in one line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from reference.commands import answer_of
from reference.serving import serving

from ovdiar.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "package", ["fastapi", "uvicorn", "python_multipart", "websockets", "prometheus_client"]
)
def test_a_package_that_is_missing_is_named(
    package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith("ovdiar.serve")]:
        monkeypatch.delitem(sys.modules, name)
    answer = answer_of(main, capsys, "serve", "--port", 0)
    assert answer.is_complaint()
    assert f"serve needs {package}" in answer.err
    assert 'pip install "ovdiar[serve]"' in answer.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--port", 70000), "--port is 70000: give a number from 0 to 65535"),
        (("--timeout", 0), "timeout_s is 0.0: give more than 0"),
        (("--timeout", "nan"), "timeout_s is nan"),
        (("--max-upload-mb", -1), "max_upload_mb is -1.0"),
        (("--max-concurrent", 0), "max_concurrent is 0"),
        (("--max-queue", -1), "max_queue is -1: give 0 or more"),
        (("--batch-size", 0), "batch_size is 0"),
        (("--models", "nowhere"), "nowhere"),
        (("--host", "256.0.0.1"), "cannot listen on 256.0.0.1:8000"),
    ],
)
def test_what_cannot_be_served_is_told_at_the_start(
    options: tuple[object, ...], says: str, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = answer_of(main, capsys, "serve", "--models", tiny, *options)
    assert answer.is_complaint()
    assert says in answer.err


def test_a_port_that_is_taken_is_told(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path / "log", "--models", tiny) as server:
        port = server.url.rpartition(":")[2]
        answer = answer_of(main, capsys, "serve", "--models", tiny, "--port", port)
    assert answer.is_complaint()
    assert f"cannot listen on 127.0.0.1:{port}: choose a free --port" in answer.err


@pytest.mark.parametrize("secured", [False, True])
def test_who_serves_everyone_is_told(tiny: Path, tmp_path: Path, *, secured: bool) -> None:
    (tmp_path / "tokens").write_text("a-token-of-this-test")
    options = ("--token-file", tmp_path / "tokens") if secured else ()
    log = tmp_path / "log"
    with serving(log, "--models", tiny, "--host", "0.0.0.0", *options):  # noqa: S104 - that is it
        told = "ovdiar: it serves everyone who reaches it: see --token-file\n"
        assert (told in log.read_text()) != secured


@pytest.mark.parametrize(
    ("options", "logged"), [((), False), (("--quiet",), False), (("-vv",), True)]
)
def test_probes_are_logged_in_detail_only(
    options: tuple[str, ...], tiny: Path, tmp_path: Path, *, logged: bool
) -> None:
    with serving(tmp_path / "log", "--models", tiny, *options) as server:
        server.client.get("/v1/models")
    log = (tmp_path / "log").read_text()
    assert ("path=/readyz status=200" in log) == logged
    assert ("path=/v1/models status=200" in log) == ("--quiet" not in options)
