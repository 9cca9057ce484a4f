"""The command line: the one line that it says of every bad input, its outputs, its help."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.commands import Answer
from reference.sounds import RATE, write_float

from ovdiar import SpeakerDiarization, cli

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference.commands import Run


def a_missing_file(folder: Path) -> Path:
    return folder / "none.wav"


def a_folder(folder: Path) -> Path:
    return folder


def an_empty_file(folder: Path) -> Path:
    path = folder / "empty.wav"
    path.touch()
    return path


def a_text(folder: Path) -> Path:
    path = folder / "text.wav"
    path.write_text("Not every file is what its name says.\n")
    return path


def no_samples(folder: Path) -> Path:
    return write_float(folder / "short.wav", np.zeros(0))


def a_sample_that_is_nan(folder: Path) -> Path:
    return write_float(folder / "nan.wav", np.where(np.arange(9 * RATE) == 8 * RATE, np.nan, 0))


def a_sample_that_is_infinite(folder: Path) -> Path:
    return write_float(folder / "inf.wav", np.where(np.arange(500) == 499, -np.inf, 0))


BAD_AUDIO = {
    a_missing_file: "no such file",
    a_folder: "has no recordings",
    an_empty_file: "empty (0 bytes)",
    a_text: "text.wav",
    no_samples: "at least one sample",
    a_sample_that_is_nan: "8.000 s is nan",
    a_sample_that_is_infinite: "is -inf",
}


@pytest.mark.parametrize(("make", "reason"), BAD_AUDIO.items())
def test_audio_that_cannot_be_read_is_told_in_one_line(
    make: Callable[[Path], Path], reason: str, diarize: Run, tmp_path: Path
) -> None:
    audio = make(tmp_path)
    before = sorted(tmp_path.iterdir())
    answer = diarize(audio, "-o", tmp_path / "out.rttm")
    assert answer.is_complaint()
    assert reason in answer.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_text_is_refused_likewise_where_there_is_no_ffmpeg(
    diarize: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    answer = diarize(a_text(tmp_path))
    assert answer.is_complaint()
    assert "WAV, FLAC, OGG or MP3" in answer.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("--min-speakers 3 --max-speakers 2", "min_speakers 3 exceeds max_speakers 2"),
        ("--num-speakers 0", "num_speakers is 0"),
        ("--max-speakers -1", "max_speakers is -1"),
        ("--num-speakers x", "'x'"),
        ("--num-speakers 2.5", "'2.5'"),
        ("--num-speakers", "--num-speakers"),
        ("--batch-size 0", "batch_size is 0"),
        ("--threads 0", "threads is 0"),
        ("--threads -1", "threads is -1"),
        ("--threads 99999999999999999999", "threads is 9999"),
        ("--threshold nan", "threshold is nan"),
        ("--threshold 2.01", "threshold is 2.01"),
        ("--min-duration-off -0.1", "min_duration_off is -0.1"),
        ("--preset none", "'none'"),
        ("--preset .", "'.'"),
        ("--no-such-option", "--no-such-option"),
        ("another.wav", "give -o FOLDER"),
        ("-o none/out.rttm", "none/out.rttm"),
        ("-o .", "'.'"),
        ("-o out.docx", ".docx"),
    ],
)
def test_options_that_cannot_be_meant_are_told_in_one_line(
    arguments: str,
    reason: str,
    diarize: Run,
    excerpt: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = diarize(excerpt, *arguments.split())
    assert answer.is_complaint()
    assert reason in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [(), ("none",), ("diarize",), ("diarise", "a.wav")])
def test_a_command_line_that_is_none_is_told_in_one_line(
    arguments: tuple[str, ...], ovdiar: Run
) -> None:
    assert ovdiar(*arguments).is_complaint()


def test_a_line_stays_one_line_whatever_the_name_of_a_file(ovdiar: Run) -> None:
    assert ovdiar("diarize", "two\nlines.wav").is_complaint()
    assert ovdiar("diarize", "a.wav", "two\nlines.wav").is_complaint()


def test_what_is_write_protected_is_refused_before_any_work(
    ovdiar: Run, excerpt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    answer = ovdiar("diarize", excerpt, "-o", tmp_path / "out.rttm", "--models", tmp_path)
    assert answer.is_complaint()
    assert "write-protected" in answer.err


def test_a_name_that_the_disk_refuses_is_refused_before_any_work(
    ovdiar: Run, excerpt: Path, tmp_path: Path
) -> None:
    output = tmp_path / f"{'x' * 300}.rttm"
    answer = ovdiar("diarize", excerpt, "-o", output, "--models", tmp_path)
    assert answer.is_complaint()
    assert "File name too long" in answer.err


def test_a_recording_is_never_overwritten_by_its_own_turns(diarize: Run, tmp_path: Path) -> None:
    audio = write_float(tmp_path / "talk.wav", np.zeros(RATE))
    before = audio.read_bytes()
    answer = diarize(audio, "--format", "rttm", "-o", tmp_path / "." / "talk.wav")
    assert answer.is_complaint()
    assert audio.read_bytes() == before


def test_a_name_that_the_disk_refuses_is_told_in_one_line(diarize: Run, tmp_path: Path) -> None:
    audio = write_float(tmp_path / "talk.wav", np.zeros(RATE))
    answer = diarize(audio, "-o", tmp_path / f"{'x' * 300}.rttm")
    assert answer.is_complaint()
    assert list(tmp_path.iterdir()) == [audio]


def test_a_full_disk_leaves_the_old_turns_and_nothing_else(
    diarize: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    audio = write_float(tmp_path / "talk.wav", np.zeros(RATE))
    old = tmp_path / "out.rttm"
    old.write_text("old\n")
    monkeypatch.setattr(Path, "replace", fail)
    answer = diarize(audio, "-o", old)
    assert answer.is_complaint()
    assert "No space left on device" in answer.err
    assert old.read_text() == "old\n"
    assert sorted(tmp_path.iterdir()) == [old, audio]


def test_an_interruption_is_told_in_one_line_and_leaves_nothing(
    diarize: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SpeakerDiarization, "__call__", interrupt)
    answer = diarize("talk.wav", "-o", tmp_path / "out.rttm")
    assert (answer.status, answer.out) == (130, "")
    assert answer.err == "ovdiar: interrupted\n"
    assert list(tmp_path.iterdir()) == []


def start(stdout: Any, *arguments: object, package: str = "ovdiar") -> Answer:
    """Run a package's command with a standard output of its own."""
    command = [sys.executable, "-m", package, *map(str, arguments)]
    done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    return Answer(done.returncode, "", done.stderr)


def test_an_output_that_takes_nothing_is_told_in_one_line(tiny: Path, excerpt: Path) -> None:
    with Path(os.devnull).open("rb") as reading_only:
        assert start(reading_only, "diarize", excerpt, "--models", tiny).is_complaint()


def test_a_reader_that_has_left_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert start(writing, "score", "--help").err == ""
        assert start(writing, "models").status == 0
        assert start(writing, "--help", package="ovdiar_export").err == ""
    finally:
        os.close(writing)


def commands() -> dict[str, Any]:
    parser = cli._parser()
    subparsers: Any = next(action for action in parser._actions if action.choices)
    return {"": parser, **subparsers.choices}


@pytest.mark.parametrize("name", commands())
def test_help_shows_one_example_that_the_command_takes(name: str, ovdiar: Run) -> None:
    answer = ovdiar(*name.split(), "--help")
    assert (answer.status, answer.err) == (0, "")
    _, example = answer.out.split("example: ")
    program, *arguments = shlex.split(example)
    assert program == "ovdiar"
    assert name in {"", arguments[0]}
    cli._parser().parse_args(arguments)


def test_help_needs_no_library() -> None:
    code = "import sys; from ovdiar.cli import main\ntry: main(['diarize', '--help'])\nfinally: "
    code += "print(*{'numpy', 'openvino', 'scipy', 'soundfile'} & {*sys.modules}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "\n")
