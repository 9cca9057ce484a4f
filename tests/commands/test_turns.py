"""The commands over files of turns: what convert keeps, renames and refuses."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from reference.commands import answer_of
from reference.spoken import rows

from ovdiar import cli, formats
from ovdiar.annotation import Annotation, Turn
from ovdiar.commands.options import FORMATS
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run

TURNS = Annotation(
    (
        Turn(Segment(0.5, 2.25), "SPEAKER_00", confidence=0.9),
        Turn(Segment(2, 3.5), "SPEAKER_01", confidence=0.4),
    ),
    "call",
)
ALONE = Annotation.of([(0.5, 2, "SPEAKER_00"), (2, 3.5, "SPEAKER_01")], "call")
PROVENANCE = {"ovdiar": "0", "uri": "call", "parameters": {"threshold": 0.25}}


@pytest.fixture
def convert(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Give ``ovdiar convert`` in a folder with call.json, of all that JSON tells."""
    monkeypatch.chdir(tmp_path)
    formats.write("call.json", TURNS, exclusive=ALONE, provenance=PROVENANCE)
    return partial(answer_of, cli.main, capsys, "convert")


@pytest.mark.parametrize("suffix", formats.SUFFIXES.values())
def test_every_format_leads_to_every_other(suffix: str, convert: Run) -> None:
    for other in formats.SUFFIXES.values():
        first, second = f"first{suffix}", f"second{other}"
        assert convert("call.json", first) == (0, "", "")
        assert convert(first, second) == (0, "", "")
        assert rows(formats.read(second)) == rows(TURNS)


def test_formats_may_be_named(convert: Run, tmp_path: Path) -> None:
    (tmp_path / "turns").write_text(formats.dumps(TURNS, "csv"))
    answer = convert("turns", "--from", "csv", "--format", "audacity")
    assert answer == (0, formats.dumps(TURNS, "audacity"), "")


def test_json_to_json_keeps_all_that_it_tells(convert: Run, tmp_path: Path) -> None:
    assert convert("call.json", "again.json") == (0, "", "")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "call.json").read_bytes()


def test_names_are_given_in_all_parts_of_json(convert: Run, tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"SPEAKER_00": "Zoë"}', encoding="utf-8")
    assert convert("call.json", "named.json", "--names", "names.json") == (0, "", "")
    content: dict[str, Any] = json.loads((tmp_path / "named.json").read_bytes())
    for part in ("diarization", "exclusive_diarization", "speakers"):
        assert {row["speaker"] for row in content[part]} == {"Zoë", "SPEAKER_01"}
    assert [row["confidence"] for row in content["diarization"]] == [0.9, 0.4]
    assert content["provenance"] == PROVENANCE


def test_names_of_nobody_are_warned_of(convert: Run, tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"SPEAKER_07": "Zoë"}', encoding="utf-8")
    answer = convert("call.json", "named.srt", "--names", "names.json")
    assert (answer.status, answer.out) == (0, "")
    assert answer.err == (
        "ovdiar: warning: no speaker is named SPEAKER_07: the labels are SPEAKER_00, SPEAKER_01\n"
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("call.json out.docx", "'.docx' belongs to no known format"),
        ("call.json out.uem", "UEM lists the scored parts of a recording"),
        ("call.json out.ctm", "CTM lists words"),
        ("call.uem out.rttm", "UEM lists the scored parts of a recording"),
        ("none.rttm out.json", "none.rttm cannot be read"),
        ("call.json out.rttm --names none.json", "none.json cannot be read"),
        ("call.json out.rttm --names bad.json", "bad.json is not valid JSON"),
        ("call.json out.rttm --names blank.json", "the speaker 'Zoë B' cannot be written"),
        ("call.json out.srt --names brackets.json", "the speaker '[A]' cannot be written"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(
    arguments: str, reason: str, convert: Run, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "blank.json").write_text('{"SPEAKER_00": "Zoë B"}', encoding="utf-8")
    (tmp_path / "brackets.json").write_text('{"SPEAKER_00": "[A]"}')
    before = sorted(tmp_path.iterdir())
    answer = convert(*arguments.split())
    assert answer.is_complaint()
    assert reason in answer.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", FORMATS)
def test_score_reads_every_format_that_diarize_writes(
    name: str, ovdiar: Run, tmp_path: Path
) -> None:
    reference = tmp_path / "call.rttm"
    formats.write(reference, TURNS)
    found = tmp_path / f"found{formats.SUFFIXES[name]}"
    formats.write(found, TURNS)
    answer = ovdiar("score", reference, found, "--format", "json")
    assert (answer.status, answer.err) == (0, "")
    assert json.loads(answer.out)["pooled"]["diarization_error_rate"] == 0


@pytest.mark.parametrize("name", FORMATS)
def test_resegment_reads_every_format_that_diarize_writes(
    name: str, ovdiar: Run, tiny: Path, excerpt: Path, tmp_path: Path
) -> None:
    baseline = tmp_path / f"call{formats.SUFFIXES[name].upper()}"
    formats.write(baseline, Annotation.of([(0.5, 4, "Ann"), (4.5, 9, "Bo")], "call"))
    answer = ovdiar("resegment", excerpt, baseline, "--models", tiny)
    assert (answer.status, answer.err) == (0, "")
    assert {line.split()[7] for line in answer.out.splitlines()} >= {"Ann", "Bo"}
