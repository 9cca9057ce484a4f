"""The blocks of code in documents: found, and run as a reader would, in a folder with material."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from ovdiar_export.cli import main as export

from ovdiar import Segment
from ovdiar.cli import main
from ovdiar.formats import read, write

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = {"ovdiar": main, "ovdiar-export": export}
RUN = ("python", "sh", "bash")
"""Languages of blocks that are run."""
FENCE = re.compile(r'^```(\w+)(?: title="([^"\n]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"not run: ((?:installs|downloads|needs) .+)")
"""The title of a block that cannot run everywhere; readers see it, too."""
SHELL = re.compile(r"[|<>&;$*`]")
"""What a line has that only a shell understands."""
RECORDINGS = ("meeting.flac", "meeting.wav", "meeting.mp3", "monday.wav", "tuesday.mp3")
MEETING_S = 14
TIME_LIMIT_S = 300
WORDS = (("hello", 1.0, 1.5), ("there", 9.0, 10.0))


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    language: str
    title: str
    code: str

    @property
    def obstacle(self) -> str | None:
        """Why it is not run, as the page says."""
        found = NOT_RUN.fullmatch(self.title)
        return found and found[1]


def blocks(text: str, *languages: str) -> list[Block]:
    """List the blocks of a page, or those of some languages."""
    found = [Block(*fence.groups("")) for fence in FENCE.finditer(text)]
    return [block for block in found if not languages or block.language in languages]


def lay_out(folder: Path, recording: Path) -> None:
    """Put what the documents name into a folder: a meeting, its words, references, downloads.

    The meeting is the first 14 s of a recording, whose labels lie beside it. Ann is the speaker of
    its first turn.
    """
    whole, rate = soundfile.read(recording)
    samples, labels = whole[: MEETING_S * rate], read(recording.with_suffix(".rttm"))
    reference = labels.crop(Segment(0, MEETING_S))
    ann = [
        whole[round(turn.start * rate) : round(turn.end * rate)]
        for turn in labels.label_timeline(labels.turns[0].speaker)
        if not any(turn.intersects(overlap) for overlap in labels.get_overlap())
    ]
    for name in ("ann.wav", "ann-desk.wav", "ann-phone.wav"):
        soundfile.write(folder / name, np.concatenate(ann), rate)
    words = [{"word": f" {word}", "start": start, "end": end} for word, start, end in WORDS]
    text = "".join(f" {word}" for word, _, _ in WORDS)
    heard = {"segments": [{"id": 0, "start": 1.0, "end": 10.0, "text": text, "words": words}]}
    for name in ("reference", "recordings", "interviews", "Downloads", "tests/data"):
        (folder / name).mkdir(parents=True)
    for name in (*RECORDINGS, "interviews/a.wav", "tests/data/conversation.flac"):
        soundfile.write(folder / name, samples, rate)
    for name in ("a", "b"):
        soundfile.write(folder / "recordings" / f"{name}.flac", samples, rate)
        write(folder / "recordings" / f"{name}.rttm", replace(reference, uri=name))
    write(folder / "reference" / "meeting.rttm", replace(reference, uri="meeting"))
    write(folder / "Downloads" / "meeting.json", replace(reference, uri="meeting"))
    (folder / "calls.jsonl").write_text('{"path": "monday.wav", "num_speakers": 3}\n', "utf-8")
    (folder / "meeting.whisper.json").write_text(json.dumps(heard), encoding="utf-8")


def run_page(text: str, folder: Path) -> None:
    """Run the blocks of a page one after the other; those of Python share their names.

    The working folder and the home folder are ``folder``, with programs in its ``bin``.
    """
    _write_programs(folder / "bin")
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(text, *RUN):
        if block.obstacle is not None:
            continue
        if block.language == "python":
            exec(compile(block.code, "block", "exec"), names)  # noqa: S102 - that is the test
        elif "&\n" in block.code or "\\\n" in block.code:
            _shell(block.code, folder)
        else:
            for line in block.code.splitlines():
                _run_line(line, folder)


def _run_line(line: str, folder: Path) -> None:
    """Run a command of ours in this process, any other in a shell."""
    words = [os.path.expanduser(word) for word in shlex.split(line)]  # noqa: PTH111 - as a shell
    if words[0] not in PROGRAMS or SHELL.search(line):
        _shell(line, folder)
    elif PROGRAMS[words[0]](words[1:]) != 0:
        raise ValueError(f"{line}: failed")


def _shell(code: str, folder: Path) -> None:
    """Run lines in a shell of its own, and end what it leaves running."""
    environment = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", "-c", f"set -euo pipefail\n{code}"]
    with subprocess.Popen(command, env=environment, start_new_session=True) as shell:
        try:
            status = shell.wait(TIME_LIMIT_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
    if status != 0:
        raise ValueError(f"{code}: ended with status {status}")


def _write_programs(place: Path) -> None:
    """Make both programs available to a shell, with this Python and its paths."""
    place.mkdir()
    paths = os.pathsep.join(filter(None, sys.path))
    for name, module in (("ovdiar", "ovdiar"), ("ovdiar-export", "ovdiar_export")):
        start = f'exec {shlex.quote(sys.executable)} -m {module} "$@"'
        program = place / name
        program.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(paths)} {start}\n", "utf-8")
        program.chmod(0o755)
