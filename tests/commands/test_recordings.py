"""What the command answers to recordings, of every kind and by every way in."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from reference.sounds import RATE, write_float

from ovdiar import SpeakerDiarization, load
from ovdiar.formats import rttm
from ovdiar.networks.bundle import load_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run


@pytest.fixture(scope="module")
def turns(tiny: Path, excerpt: Path) -> str:
    """Give the turns of the excerpt, as the Python call finds them, in RTTM."""
    found = SpeakerDiarization(load(tiny), batch_size=32)(excerpt).speaker_diarization
    assert len(found) > 3
    return rttm.dumps(found)


@pytest.mark.parametrize("samples", [1, 2, 399, 400, 990, 991, 992, 5 * RATE, 5 * RATE + 1])
def test_silence_of_any_length_has_no_turns(samples: int, diarize: Run, tmp_path: Path) -> None:
    audio = write_float(tmp_path / "silence.wav", np.zeros(samples))
    assert diarize(audio) == (0, "", "")
    assert diarize(audio, "-o", tmp_path / "silence.rttm") == (0, "", "")
    assert (tmp_path / "silence.rttm").read_bytes() == b""


@pytest.mark.parametrize("samples", [1, 2, 399, 400, 990, 991, 992])
def test_a_click_of_any_length_is_valid(samples: int, diarize: Run, tmp_path: Path) -> None:
    noise = np.random.default_rng(samples).uniform(-1, 1, samples)
    answer = diarize(write_float(tmp_path / "click.wav", noise))
    assert (answer.status, answer.err) == (0, "")


@pytest.mark.parametrize("option", ["", "--batch-size 1", "--batch-size 7", "--threads 1"])
def test_the_command_answers_as_the_python_call_whatever_batches_and_threads(
    option: str, diarize: Run, excerpt: Path, turns: str
) -> None:
    assert diarize(excerpt, *option.split()) == (0, turns, "")


def test_the_number_of_speakers_is_obeyed_in_what_is_written(
    diarize: Run, excerpt: Path, tmp_path: Path
) -> None:
    output = tmp_path / "turns.rttm"
    assert diarize(excerpt, "--num-speakers", 3, "-o", output) == (0, "", "")
    assert len(rttm.load(output)["talk"].labels()) == 3
    assert list(tmp_path.iterdir()) == [output]


def test_json_tells_what_made_it_and_names_are_given(
    diarize: Run, excerpt: Path, turns: str, tmp_path: Path
) -> None:
    (tmp_path / "names.json").write_text('{"SPEAKER_00": "Zoë"}', encoding="utf-8")
    output = tmp_path / "talk.json"
    answer = diarize(excerpt, "--names", tmp_path / "names.json", "--min-speakers", 2, "-o", output)
    assert answer == (0, "", "")
    content = json.loads(output.read_bytes())
    found = rttm.loads(turns)["talk"].rename_labels({"SPEAKER_00": "Zoë"})
    assert [row["speaker"] for row in content["diarization"]] == [who for _, who in found]
    assert {row["speaker"] for row in content["exclusive_diarization"]} == set(found.labels())
    told = content["provenance"]
    assert (told["uri"], told["duration_s"]) == ("talk", 14.0)
    threshold = load_bundle("tiny").pipeline["threshold"]
    assert (told["parameters"]["threshold"], told["parameters"]["min_speakers"]) == (threshold, 2)
    assert told["bundle"]["name"] == "tiny"
    assert len(told["bundle"]["sha256"]) == len(told["bundle"]["segmentation"]["sha256"]) == 64


def test_names_that_the_output_cannot_hold_are_refused_before_any_work(
    ovdiar: Run, excerpt: Path, tmp_path: Path
) -> None:
    (tmp_path / "names.json").write_text('{"SPEAKER_00": "Zoë B"}', encoding="utf-8")
    answer = ovdiar("diarize", excerpt, "--names", tmp_path / "names.json", "--models", tmp_path)
    assert answer.is_complaint()
    assert "'Zoë B' cannot be written in a column" in answer.err


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize(("rate", "channels"), [(8000, 2), (44_100, 1), (48_000, 2)])
def test_formats_rates_and_channels_give_the_same_turns(
    suffix: str, rate: int, channels: int, diarize: Run, conversation: Path, tmp_path: Path
) -> None:
    import soxr

    samples, _ = soundfile.read(conversation, frames=6 * RATE)
    sound = soxr.resample(samples, RATE, rate)
    path = tmp_path / f"talk.{suffix}"
    soundfile.write(path, np.repeat(sound[:, None], channels, axis=1), rate)
    answer = diarize(path)
    assert (answer.status, answer.err) == (0, "")
    found = rttm.loads(answer.out)["talk"]
    assert found.labels() == ["SPEAKER_00"]
    extent = found.extent
    assert np.allclose((extent.start, extent.end), (1.0, 6.0), atol=0.1)


def test_standard_input_is_read_from_a_file(
    diarize: Run, excerpt: Path, turns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with excerpt.open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        assert diarize("-") == (0, turns.replace(" talk ", " stream "), "")


def test_standard_input_is_read_from_a_pipe_and_nothing_else_is_said(
    tiny: Path, excerpt: Path, turns: str
) -> None:
    command = [sys.executable, "-m", "ovdiar", "diarize", "-", "--models", str(tiny)]
    done = subprocess.run(command, input=excerpt.read_bytes(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == turns.replace(" talk ", " stream ")


@pytest.mark.parametrize("command", ["diarize", "vad", "overlap", "segment", "resegment"])
def test_a_channel_is_heard_alone(
    command: str, ovdiar: Run, tiny: Path, conversation: Path, tmp_path: Path
) -> None:
    samples, _ = soundfile.read(conversation, frames=6 * RATE)
    baseline = tmp_path / "baseline.rttm"
    baseline.write_text("SPEAKER both 1 1.000 4.000 <NA> <NA> A <NA> <NA>\n")
    both = write_float(tmp_path / "both.wav", np.stack([np.zeros_like(samples), samples], 1))
    (tmp_path / "alone").mkdir()
    alone = write_float(tmp_path / "alone" / "both.wav", samples)
    more = [baseline] if command == "resegment" else []
    run = partial(ovdiar, command, "--models", tiny)
    assert run(both, *more, "--channel", 1) == run(alone, *more)
    assert run(both, *more, "--channel", "mix") == run(both, *more)
    assert run(both, *more, "--channel", 0).out == ""


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        ("1", "talk.wav: channel 1 does not exist: choose 0, or mix"),
        ("-1", "'-1' is no channel"),
        ("left", "'left' is no channel: give a number from 0, or mix"),
    ],
)
def test_a_channel_that_is_not_there_is_told_in_one_line(
    channel: str, reason: str, diarize: Run, excerpt: Path
) -> None:
    answer = diarize(excerpt, f"--channel={channel}")
    assert answer.is_complaint()
    assert reason in answer.err


def test_names_of_files_need_not_be_plain(diarize: Run, conversation: Path, tmp_path: Path) -> None:
    samples, _ = soundfile.read(conversation, frames=5 * RATE)
    sound = write_float(tmp_path / "talk.wav", samples)
    for name, told in [("a b", "a_b"), ("été 日", "été_日"), (os.fsdecode(b"\xff"), "?")]:
        audio = shutil.copy(sound, tmp_path / f"{name}.wav")
        assert diarize(audio, "-o", tmp_path / "out.rttm") == (0, "", "")
        text = (tmp_path / "out.rttm").read_text(encoding="utf-8")
        assert {line.split()[1] for line in text.splitlines()} == {told}


@pytest.mark.parametrize("command", ["diarize", "vad", "overlap", "segment"])
def test_what_is_missing_of_a_recording_is_a_warning_and_with_strict_an_error(
    command: str, ovdiar: Run, tiny: Path, conversation: Path, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(conversation, frames=12 * RATE)
    audio = tmp_path / "cut.wav"
    soundfile.write(audio, samples, rate)
    audio.write_bytes(audio.read_bytes()[: audio.stat().st_size // 2])
    answer = ovdiar(command, "--models", tiny, audio)
    assert answer.status == 0
    assert answer.err.startswith(f"ovdiar: warning: {audio}: 5.999 s of 12.000 s were heard")
    refused = ovdiar(command, "--models", tiny, audio, "--strict")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.count("\n") == 1
    assert "refused by strict" in refused.err


@pytest.mark.parametrize("command", ["diarize", "vad", "overlap", "segment"])
@pytest.mark.parametrize("samples", [4000, 8000, 16_000, 160_001])
def test_no_turn_ends_after_the_recording(
    command: str, samples: int, ovdiar: Run, tiny: Path, conversation: Path, tmp_path: Path
) -> None:
    speech, _ = soundfile.read(conversation, start=RATE, frames=samples)
    answer = ovdiar(command, "--models", tiny, write_float(tmp_path / "call.wav", speech))
    assert answer.status == 0
    turns = [line.split() for line in answer.out.splitlines()]
    assert all(float(turn[3]) + float(turn[4]) <= samples / RATE + 1e-3 for turn in turns)


def test_a_track_is_a_number(diarize: Run, excerpt: Path) -> None:
    answer = diarize(excerpt, "--track", "eng")
    assert answer.status == 2
    assert "'eng' is no track: give a number from 0" in answer.err
    answer = diarize(excerpt, "--track", 1)
    assert (answer.status, answer.err.count("\n")) == (2, 1)
    assert "audio track 1 does not exist: choose 0 (--track)" in answer.err
