"""The command stream: files, raw PCM and JSON lines; the offline answer is written at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from reference.live import Viewer

from ovdiar.audio import pcm
from ovdiar.commands import stream
from ovdiar.formats import rttm
from ovdiar.streaming.events import Event

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run


def test_turns_are_printed_and_the_offline_answer_is_written(
    ovdiar: Run, tiny: Path, excerpt: Path, tmp_path: Path
) -> None:
    out = tmp_path / "live.rttm"
    answer = ovdiar("stream", excerpt, "--models", tiny, "-o", out)
    assert answer.status == 0
    assert all(" --> " in line and "SPEAKER_" in line for line in answer.out.splitlines())
    offline = ovdiar("diarize", excerpt, "--models", tiny)
    assert out.read_text() == offline.out


def test_events_are_json_lines_for_raw_pcm_too(ovdiar: Run, tiny: Path, excerpt: Path) -> None:
    whole = ovdiar("stream", excerpt, "--models", tiny, "--print", "jsonl").out
    samples, _ = soundfile.read(excerpt, dtype="float32")
    command = [sys.executable, "-m", "ovdiar", "stream", "-", "--models", str(tiny)]
    command += ["--encoding", "f32le", "--print", "jsonl"]
    content = samples.astype("<f4").tobytes()
    done = subprocess.run(command, input=content, capture_output=True, check=True)
    assert done.stdout.decode() == whole
    events = [Event(**json.loads(line)) for line in whole.splitlines()]
    assert Viewer(events).final


def test_live_turns_and_events_are_written(
    ovdiar: Run, tiny: Path, excerpt: Path, tmp_path: Path
) -> None:
    turns, lines = tmp_path / "turns.rttm", tmp_path / "events.jsonl"
    shown = ovdiar(
        "stream", excerpt, "--models", tiny, "--print", "rttm", "-o", turns, "--live-turns"
    )
    (written,) = rttm.load(turns).values()
    (printed,) = rttm.loads(shown.out).values()
    assert {segment for segment, _ in written} == {segment for segment, _ in printed}
    ovdiar("stream", excerpt, "--models", tiny, "-o", lines)
    events = [Event(**json.loads(line)) for line in lines.read_text().splitlines()]
    closed = [each for each in events if each.kind == "final" and not each.open]
    starts = sorted(each.start for each in closed)
    np.testing.assert_allclose(starts, sorted(s.start for s, _ in written), atol=0.002)


def test_every_encoding_can_be_chosen() -> None:
    assert tuple(pcm.ENCODINGS) == stream.ENCODINGS


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a.wav", "--microphone"],
        ["a.wav", "--latency", "9"],
        ["missing.wav"],
        ["-", "--encoding", "u8"],
    ],
)
def test_a_mistake_is_one_line(ovdiar: Run, tiny: Path, words: list[str]) -> None:
    assert ovdiar("stream", *words, "--models", tiny).is_complaint()
