"""At run time nothing is unpickled, evaluated or fetched, and only ffmpeg is started."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reference.material import missing

from ovdiar.errors import FormatError
from ovdiar.formats import elan

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKOUT = Path(__file__).resolve().parents[2]

AUDITED = """
import os, sys

OURS = os.environ["AUDITED"]
NAMED = ("pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
NAMED += ("subprocess.Popen", "socket.connect", "socket.bind", "socket.getaddrinfo")

def note(event, arguments):
    if event in ("exec", "compile"):
        if not sys._getframe(1).f_code.co_filename.startswith(OURS):
            return
    elif not event.startswith(NAMED):
        return
    descriptor = os.open(os.environ["AUDIT_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{event} {arguments[0]!s}\\n".encode())
    os.close(descriptor)

sys.addaudithook(note)
"""
"""Python loads it at its start, as ``sitecustomize``."""


class Audited:
    """Runs the command, and lists what Python's audit hooks were told of interest."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._log = folder, folder / "log"
        (folder / "sitecustomize.py").write_text(AUDITED)

    def run(self, *arguments: object) -> list[str]:
        """Run ``ovdiar`` with arguments; return a line for each event."""
        path = os.pathsep.join([str(self._folder), *filter(None, sys.path)])
        own = {"PYTHONPATH": path, "AUDIT_LOG": str(self._log)}
        own |= {"AUDITED": str(CHECKOUT / "ovdiar")}
        command = [sys.executable, "-m", "ovdiar", *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=self._folder,  # not where the package lies: Python looks there first
            env={**os.environ, **own},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return found


@pytest.fixture
def audited(tmp_path: Path) -> Audited:
    folder = tmp_path / "audited"
    folder.mkdir()
    return Audited(folder)


def test_the_hook_notices_what_it_is_for(audited: Audited, tmp_path: Path) -> None:
    (tmp_path / "ovdiar.py").write_text(
        "import pickle, subprocess, sys\n"
        "pickle.loads(b'cos\\ngetcwd\\n.')\n"
        "subprocess.run([sys.executable, '-S', '-c', ''])\n"
    )
    audited._folder.joinpath("ovdiar.py").write_text((tmp_path / "ovdiar.py").read_text())
    assert {line.split()[0] for line in audited.run()} >= {"pickle.find_class", "subprocess.Popen"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("diarize", "{audio}", "--models", "{tiny}", "-o", "{out}/a.json"),
        ("diarize", "{audio}", "--models", "{base}", "-o", "{out}/a.rttm"),
        ("diarize", "{audio}", "--models", "{tiny}", "--keep", "{out}/a.npz", "-o", "{out}/b.rttm"),
        ("vad", "{audio}", "--models", "{tiny}", "-o", "{out}/a.vtt"),
        ("report", "{audio}", "{rttm}", "-o", "{out}/a.html"),
        ("convert", "{rttm}", "{out}/a.eaf"),
        ("score", "{rttm}", "{rttm}"),
    ],
    ids=lambda arguments: "-".join(arguments[:1]),
)
def test_a_command_unpickles_evaluates_starts_and_connects_to_nothing(
    arguments: Sequence[str],
    audited: Audited,
    tiny: Path,
    base: Path,
    conversation: Path,
    tmp_path: Path,
) -> None:
    values = {
        "audio": conversation,
        "rttm": conversation.with_suffix(".rttm"),
        "tiny": tiny,
        "base": base,
        "out": tmp_path,
    }
    assert audited.run(*(each.format_map(values) for each in arguments)) == []


def test_ffmpeg_is_the_only_program(
    audited: Audited, tiny: Path, conversation: Path, ffmpeg: str, tmp_path: Path
) -> None:
    audio = tmp_path / "talk.m4a"
    command = [ffmpeg, "-v", "error", "-i", str(conversation), "-t", "8", str(audio)]
    subprocess.run(command, check=True)
    events = audited.run("diarize", audio, "--models", tiny, "-o", tmp_path / "a.rttm")
    assert {line.split()[1] for line in events} == {ffmpeg}


ENTITIES = """<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{more}]>
<ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>"""
MANY = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10 if n else "x"}">' for n in range(12))


@pytest.mark.parametrize("more", ["", MANY, '<!ENTITY f SYSTEM "file:///etc/passwd">'])
def test_xml_with_entities_is_refused(more: str) -> None:
    with pytest.raises(FormatError, match="document type"):
        elan.loads(ENTITIES.format(more=more), "a.eaf")


def test_bandit_finds_nothing_but_for_the_reasons_in_pyproject() -> None:
    if importlib.util.find_spec("bandit") is None:
        missing("bandit is missing: install the extra test")
    command = [
        sys.executable,
        "-m",
        "bandit",
        "-q",
        "-c",
        "pyproject.toml",
        "-r",
        "ovdiar",
        "export",
    ]
    done = subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
