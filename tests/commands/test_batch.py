"""The commands for many recordings: what they print, write and return."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import soundfile
from reference.sounds import RATE, write_float

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run


@pytest.fixture(scope="session")
def calls(conversation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with two short recordings."""
    folder = tmp_path_factory.mktemp("calls")
    samples, _ = soundfile.read(conversation, frames=9 * RATE)
    write_float(folder / "a.wav", samples[: 5 * RATE])
    write_float(folder / "b.wav", samples[5 * RATE :])
    return folder


def test_several_recordings_go_to_a_folder_and_a_failure_is_told(
    diarize: Run, calls: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    answer = diarize(calls, calls / "none.wav", "-o", out, "--format", "srt")
    assert (answer.status, answer.out) == (3, "")
    assert "none.wav: no such file" in answer.err
    assert sorted(path.name for path in out.iterdir()) == ["a.srt", "b.srt"]
    one = diarize(calls / "a.wav", "--format", "srt")
    assert one.out == (out / "a.srt").read_text("utf-8")
    assert diarize(calls / "a.wav", calls / "b.wav", "-o", out).status == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "several recordings need a folder for their turns"),
        (("-o", "FILE"), "several recordings need a folder for their turns"),
        (("-", "-o", "out"), "standard input is one recording"),
        (("-o", "out", "--keep", "x.npz"), "--keep is for one recording"),
        (("-o", "out", "--alternatives"), "--alternatives is for one recording"),
    ],
)
def test_what_several_recordings_cannot_have_is_refused(
    options: tuple[str, ...], says: str, diarize: Run, calls: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    given = [str(file) if each == "FILE" else each for each in options]
    answer = diarize(calls / "a.wav", calls / "b.wav", *given)
    assert answer.is_complaint()
    assert says in answer.err


def test_a_batch_says_what_it_would_do_does_it_and_does_nothing_again(
    ovdiar: Run, tiny: Path, calls: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    given = ("batch", calls, "-o", out, "--models", tiny, "--workers", 1, "--format", "rttm,json")
    plan = ovdiar(*given, "--dry-run")
    assert (plan.status, plan.out) == (0, f"a\t{calls / 'a.wav'}\nb\t{calls / 'b.wav'}\n")
    assert "2 recordings would be diarized" in plan.err
    assert not out.exists()
    first = ovdiar(*given)
    assert first.status == 0
    assert "2 recordings diarized" in first.err
    names = ["a.json", "a.rttm", "b.json", "b.rttm", "results.jsonl"]
    assert sorted(path.name for path in out.iterdir()) == names
    again = ovdiar(*given)
    assert again.status == 0
    assert "0 recordings diarized" in again.err
    assert "2 were done before" in again.err


def test_a_batch_with_a_failure_ends_with_3_now_and_later(
    ovdiar: Run, tiny: Path, calls: Path, tmp_path: Path
) -> None:
    given = ("batch", calls / "none.wav", "-o", tmp_path, "--models", tiny, "--workers", 1)
    first = ovdiar(*given)
    assert first.status == 3
    assert "none.wav: no such file" in first.err
    second = ovdiar(*given)
    assert second.status == 3
    assert "1 had failed before" in second.err
    (row,) = (tmp_path / "results.jsonl").read_text("utf-8").splitlines()
    assert json.loads(row)["error"]["code"] == "audio-not-found"
    assert "1 failed" in ovdiar(*given, "--retry-failed").err


def test_what_to_read_is_asked_of_every_recording(
    ovdiar: Run, diarize: Run, tiny: Path, calls: Path, tmp_path: Path
) -> None:
    says = "audio track 1 does not exist"
    given = (calls / "a.wav", calls / "b.wav", "--track", 1, "--strict", "-o")
    several = diarize(*given, tmp_path / "few")
    assert (several.status, several.err.count(says)) == (3, 2)
    batch = ovdiar("batch", *given, tmp_path / "many", "--models", tiny, "--workers", 1)
    assert (batch.status, batch.err.count(says)) == (3, 2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--channel", -1), "'-1' is no channel"),
        (("--workers", 0), "workers is 0"),
        (("--time-limit", -1), "factor is -1"),
        (("--format", "xml"), "the format 'xml' is unknown"),
        (("--address", "auto"), "--address is for --engine ray"),
        (("--models", "nowhere"), "nowhere"),
    ],
)
def test_what_a_batch_cannot_do_is_told_in_a_line(
    options: tuple[object, ...], says: str, ovdiar: Run, tiny: Path, calls: Path, tmp_path: Path
) -> None:
    answer = ovdiar("batch", calls, "-o", tmp_path / "out", "--models", tiny, *options)
    assert answer.is_complaint()
    assert says in answer.err
    assert not (tmp_path / "out").exists()
