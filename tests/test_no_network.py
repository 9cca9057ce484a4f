"""Neither run time nor export opens a connection, OpenVINO's own telemetry included."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

GUARD = """
import os, socket

def refuse(*args, **kwargs):
    with open(os.environ["CONNECTIONS"], "a") as record:
        record.write(repr(args) + "\\n")
    raise OSError("this test allows no connection")

for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
for name in ("create_connection", "getaddrinfo", "gethostbyname"):
    setattr(socket, name, refuse)
"""
"""Put where every Python process, of telemetry too, runs it first."""


@pytest.fixture
def guarded(tmp_path: Path) -> dict[str, str]:
    """Give an environment in which a connection fails and leaves its trace."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(GUARD)
    home = tmp_path / "home"
    home.mkdir()
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "CONNECTIONS": str(tmp_path / "connections"),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "PYTHONPATH": os.pathsep.join(paths),
    }


def _run(code: str, guarded: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=guarded,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _connections(guarded: dict[str, str]) -> str:
    try:
        with open(guarded["CONNECTIONS"], encoding="utf-8") as record:  # noqa: PTH123 - a str
            return record.read()
    except FileNotFoundError:
        return ""


def test_the_guard_sees_connections(guarded: dict[str, str]) -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    assert _run(code, guarded).returncode == 1
    assert "127.0.0.1" in _connections(guarded)


def test_diarizing_opens_no_connection(
    guarded: dict[str, str], tiny: Path, conversation: Path
) -> None:
    arguments = ["diarize", str(conversation), "--models", str(tiny)]
    done = _run(f"import ovdiar.cli; ovdiar.cli.main({arguments!r})", guarded)
    assert done.stdout.startswith("SPEAKER conversation 1 ")
    assert _connections(guarded) == ""


def test_writing_a_bundle_opens_no_connection(
    guarded: dict[str, str], tiny: Path, tmp_path: Path
) -> None:
    code = (
        "import openvino_telemetry\n"
        "from ovdiar.runtime import import_openvino\n"
        "core = import_openvino().Core()\n"
        f"model = core.read_model({str(tiny / 'segmentation' / 'openvino_model.xml')!r})\n"
        "from ovdiar_export.parts import Part\n"
        "from ovdiar_export.writer import save_networks\n"
        "from pathlib import Path\n"
        f"print(save_networks(Part({{'segmentation': model}}, {{}}), Path({str(tmp_path)!r})))\n"
    )
    done = _run(code, guarded)
    assert "segmentation/openvino_model.bin" in done.stdout
    assert _connections(guarded) == ""


def test_no_trace_is_left_in_the_home_but_the_cache(
    guarded: dict[str, str], tiny: Path, conversation: Path, tmp_path: Path
) -> None:
    arguments = ["vad", str(conversation), "--models", str(tiny)]
    _run(f"import ovdiar.cli; ovdiar.cli.main({arguments!r})", guarded)
    assert {path.name for path in (tmp_path / "home").iterdir()} <= {".cache"}
    assert {path.name for path in (tmp_path / "home" / ".cache").iterdir()} <= {"ovdiar"}
