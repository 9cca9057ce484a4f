"""The command: what it answers, and the one line that it says of every bad input."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from reference.commands import Answer, answer_of

from ovdiar import SpeakerDiarization, cli, load
from ovdiar.bundle import load_bundle
from ovdiar.formats import rttm

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Run = Callable[..., Answer]

RATE = 16_000


@pytest.fixture
def ovdiar(capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the command, to be run in this process."""
    return partial(answer_of, cli.main, capsys)


@pytest.fixture
def diarize(ovdiar: Run, tiny: Path) -> Run:
    """Give ``ovdiar diarize`` with the tiny bundle."""
    return partial(ovdiar, "diarize", "--models", tiny)


@pytest.fixture(scope="module")
def excerpt(conversation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give 14 s of our recording, three voices: 19 windows."""
    samples, _ = soundfile.read(conversation, frames=14 * RATE)
    return write_sound(tmp_path_factory.mktemp("excerpt") / "talk.wav", samples)


@pytest.fixture(scope="module")
def turns(tiny: Path, excerpt: Path) -> str:
    """Give the turns of the excerpt, as the Python call finds them, in RTTM."""
    found = SpeakerDiarization(load(tiny), batch_size=32)(excerpt).speaker_diarization
    assert len(found) > 3
    return rttm.dumps(found)


def write_sound(path: Path, samples: NDArray[Any]) -> Path:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


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
    return write_sound(folder / "short.wav", np.zeros(0))


def a_sample_that_is_nan(folder: Path) -> Path:
    return write_sound(folder / "nan.wav", np.where(np.arange(9 * RATE) == 8 * RATE, np.nan, 0))


def a_sample_that_is_infinite(folder: Path) -> Path:
    return write_sound(folder / "inf.wav", np.where(np.arange(500) == 499, -np.inf, 0))


BAD_AUDIO = {
    a_missing_file: "no such file",
    a_folder: "a folder",
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


def without_a_manifest(bundle: Path) -> None:
    (bundle / "bundle.json").unlink()


def with_half_a_manifest(bundle: Path) -> None:
    path = bundle / "bundle.json"
    path.write_text(path.read_text()[:-100])


def with_a_manifest_of_another_kind(bundle: Path) -> None:
    (bundle / "bundle.json").write_text("[1, 2]")


def with_a_manifest_that_lacks_the_frames(bundle: Path) -> None:
    change_manifest(bundle, segmentation={})


def of_a_newer_schema(bundle: Path) -> None:
    change_manifest(bundle, schema=99)


def with_a_bit_flipped(bundle: Path) -> None:
    path = bundle / "segmentation" / "openvino_model.bin"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def with_a_network_missing(bundle: Path) -> None:
    (bundle / "embedding" / "network" / "openvino_model.bin").unlink()


def change_manifest(bundle: Path, **entries: Any) -> None:
    path = bundle / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


BAD_BUNDLES = {
    without_a_manifest: "ovdiar-export",
    with_half_a_manifest: "export the bundle again",
    with_a_manifest_of_another_kind: "export the bundle again",
    with_a_manifest_that_lacks_the_frames: "export the bundle again",
    of_a_newer_schema: "schema 99",
    with_a_bit_flipped: "SHA-256",
    with_a_network_missing: "is missing",
}


@pytest.mark.parametrize(("damage", "reason"), BAD_BUNDLES.items())
def test_a_bundle_that_cannot_be_trusted_is_told_in_one_line(
    damage: Callable[[Path], None],
    reason: str,
    ovdiar: Run,
    tiny: Path,
    excerpt: Path,
    tmp_path: Path,
) -> None:
    bundle = shutil.copytree(tiny, tmp_path / "bundle")
    damage(bundle)
    answer = ovdiar("diarize", excerpt, "--models", bundle, "-o", tmp_path / "out.rttm")
    assert answer.is_complaint()
    assert reason in answer.err
    assert list(tmp_path.iterdir()) == [bundle]


def test_a_bundle_that_is_not_installed_names_the_command_that_makes_it(
    ovdiar: Run, excerpt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVDIAR_MODELS", str(tmp_path))
    answer = ovdiar("diarize", excerpt)
    assert answer.is_complaint()
    assert answer.err.endswith("make it with ovdiar-export tiny\n")


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
        ("another.wav", "another.wav"),
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


def test_a_recording_is_never_overwritten_by_its_own_turns(diarize: Run, tmp_path: Path) -> None:
    audio = write_sound(tmp_path / "talk.wav", np.zeros(RATE))
    before = audio.read_bytes()
    answer = diarize(audio, "--format", "rttm", "-o", tmp_path / "." / "talk.wav")
    assert answer.is_complaint()
    assert audio.read_bytes() == before


def test_a_name_that_the_disk_refuses_is_told_in_one_line(diarize: Run, tmp_path: Path) -> None:
    audio = write_sound(tmp_path / "talk.wav", np.zeros(RATE))
    answer = diarize(audio, "-o", tmp_path / f"{'x' * 300}.rttm")
    assert answer.is_complaint()
    assert list(tmp_path.iterdir()) == [audio]


def test_a_full_disk_leaves_the_old_turns_and_nothing_else(
    diarize: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    audio = write_sound(tmp_path / "talk.wav", np.zeros(RATE))
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
    assert answer.err == "ovdiar: interrupted, nothing was written\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("samples", [1, 2, 399, 400, 990, 991, 992, 5 * RATE, 5 * RATE + 1])
def test_silence_of_any_length_has_no_turns(samples: int, diarize: Run, tmp_path: Path) -> None:
    audio = write_sound(tmp_path / "silence.wav", np.zeros(samples))
    assert diarize(audio) == (0, "", "")
    assert diarize(audio, "-o", tmp_path / "silence.rttm") == (0, "", "")
    assert (tmp_path / "silence.rttm").read_bytes() == b""


@pytest.mark.parametrize("samples", [1, 2, 399, 400, 990, 991, 992])
def test_a_click_of_any_length_is_valid(samples: int, diarize: Run, tmp_path: Path) -> None:
    noise = np.random.default_rng(samples).uniform(-1, 1, samples)
    answer = diarize(write_sound(tmp_path / "click.wav", noise))
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
    assert "'Zoë B' does not fit into a column" in answer.err


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
    both = write_sound(tmp_path / "both.wav", np.stack([np.zeros_like(samples), samples], 1))
    (tmp_path / "alone").mkdir()
    alone = write_sound(tmp_path / "alone" / "both.wav", samples)
    more = [baseline] if command == "resegment" else []
    run = partial(ovdiar, command, "--models", tiny)
    assert run(both, *more, "--channel", 1) == run(alone, *more)
    assert run(both, *more, "--channel", "mix") == run(both, *more)
    assert run(both, *more, "--channel", 0).out == ""


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        ("1", "talk.wav: there is no channel 1: choose 0, or mix"),
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
    sound = write_sound(tmp_path / "talk.wav", samples)
    for name, told in [("a b", "a_b"), ("été 日", "été_日"), (os.fsdecode(b"\xff"), "?")]:
        audio = shutil.copy(sound, tmp_path / f"{name}.wav")
        assert diarize(audio, "-o", tmp_path / "out.rttm") == (0, "", "")
        text = (tmp_path / "out.rttm").read_text(encoding="utf-8")
        assert {line.split()[1] for line in text.splitlines()} == {told}


def start(stdout: Any, *arguments: object) -> Answer:
    """Run the command with a standard output of its own."""
    command = [sys.executable, "-m", "ovdiar", *map(str, arguments)]
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
