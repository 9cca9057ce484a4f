"""The command over transcripts: what assign writes, prefers, renames and refuses."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest
from reference.commands import answer_of

from ovdiar import cli, formats, transcripts
from ovdiar.annotation import Annotation
from ovdiar.commands.words import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run

SEGMENT = {
    "start": 0.5,
    "end": 2.6,
    "text": " so it",
    "words": [
        {"word": " so", "start": 0.5, "end": 0.9},
        {"word": " it", "start": 2.5, "end": 2.6},
    ],
}
TURNS = Annotation.of([(0, 3, "SPEAKER_00"), (2, 3, "SPEAKER_01")], "call")
ALONE = Annotation.of([(0, 2, "SPEAKER_00"), (2, 3, "SPEAKER_01")], "call")


@pytest.fixture
def assign(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Give ``ovdiar assign`` in a folder with words.json, call.rttm and call.json."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.json").write_text(json.dumps({"segments": [SEGMENT]}))
    (tmp_path / "names.json").write_text('{"SPEAKER_00": "Zoë", "SPEAKER_01": "Bob"}', "utf-8")
    formats.write("call.rttm", TURNS)
    formats.write("call.json", TURNS, exclusive=ALONE)
    return partial(answer_of, cli.main, capsys, "assign")


def test_text_is_printed(assign: Run) -> None:
    assert assign("words.json", "call.rttm") == (0, "SPEAKER_00: so it\n", "")


def test_json_with_one_speaker_at_a_time_is_read_so(assign: Run) -> None:
    assert assign("words.json", "call.json") == (0, "SPEAKER_00: so\nSPEAKER_01: it\n", "")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_by_its_suffix_and_by_its_name(
    name: str, assign: Run, tmp_path: Path
) -> None:
    output = tmp_path / f"out.{name.upper()}"
    how = ("words.json", "call.json", "--names", "names.json")
    assert assign(*how, "-o", output) == (0, "", "")
    text = output.read_text(encoding="utf-8")
    assert "Zoë" in text
    assert assign(*how, "--format", name) == (0, text, "")


def test_formats_are_those_of_transcripts() -> None:
    assert FORMATS == transcripts.FORMATS


def test_unknown_names_and_words_without_a_speaker_cause_warnings(
    assign: Run, tmp_path: Path
) -> None:
    (tmp_path / "names.json").write_text('{"SPEAKER_07": "Zoë"}', "utf-8")
    formats.write("far.rttm", Annotation.of([(60, 61, "A")], "call"))
    answer = assign("words.json", "far.rttm", "--names", "names.json")
    assert (answer.status, answer.out) == (0, "unknown: so it\n")
    assert answer.err.splitlines() == [
        "ovdiar: warning: no speaker is named SPEAKER_07: the labels are A",
        (
            "ovdiar: warning: 2 of 2 words have no speaker: they are more than 1.0 s from any "
            "turn; check that both belong to the same recording"
        ),
    ]
    assert assign("words.json", "far.rttm", "--max-gap", "60") == (0, "A: so it\n", "")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("none.json call.rttm", "none.json cannot be read"),
        ("words.json none.rttm", "none.rttm cannot be read"),
        ("call.rttm call.rttm", "call.rttm is not a known transcript format"),
        ("call.json call.rttm", "call.json is not a known transcript format"),
        ("words.json words.json", "words.json is a transcript without speakers"),
        ("words.json call.rttm -o out.docx", "'.docx' stands for no transcript"),
        ("words.json call.rttm -o none/out.srt", "name a file in a folder that exists"),
        ("words.json call.rttm -o words.json", "is one of the inputs"),
        ("words.json call.rttm --names words.json", "of 'segments' is not a string"),
        ("words.json call.rttm --max-gap -1", "max_gap is -1.0"),
        ("words.json call.rttm --max-gap nan", "max_gap is nan"),
        ("words.json call.rttm --format docx", "invalid choice: 'docx'"),
        ("words.json", "DIARIZATION"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(
    arguments: str, reason: str, assign: Run, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    answer = assign(*arguments.split())
    assert answer.is_complaint()
    assert reason in answer.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
