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


@pytest.mark.parametrize("package", ["fastapi", "uvicorn", "python_multipart"])
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
