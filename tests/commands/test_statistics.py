"""--stats tells who spoke how much, beside the turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ovdiar import formats
from ovdiar.annotation import Annotation
from ovdiar.commands.statistics import statistics

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run

TURNS = Annotation.of([(0, 6, "Ann"), (5, 7, "Bo"), (8, 10, "Ann"), (9, 10, "Bo")], "call")
TABLE = """\
speaker  speech  share  turns  overlap
Ann      8.0 s   72.7%  2      2.0 s
Bo       3.0 s   27.3%  2      2.0 s
all      9.0 s          4      2.0 s
"""


def test_each_speaker_has_seconds_share_turns_and_overlap() -> None:
    assert statistics(TURNS) == TABLE


def test_overlap_of_others_is_not_a_speakers_own() -> None:
    three = Annotation.of([(0, 2, "A"), (1, 3, "B"), (5, 6, "C")])
    overlaps = [line.split()[-2] for line in statistics(three).splitlines()[1:]]
    assert overlaps == ["1.0", "1.0", "0.0", "1.0"]


def test_without_turns_nobody_is_listed() -> None:
    assert [line.split()[0] for line in statistics(Annotation()).splitlines()] == ["speaker", "all"]


def test_convert_prints_the_table_on_standard_error(ovdiar: Run, tmp_path: Path) -> None:
    formats.write(tmp_path / "call.rttm", TURNS)
    answer = ovdiar("convert", tmp_path / "call.rttm", "--stats")
    assert (answer.status, answer.err) == (0, TABLE)
    assert answer.out == formats.dumps(TURNS, "rttm")


def test_names_are_in_the_table_and_quiet_keeps_it(ovdiar: Run, tmp_path: Path) -> None:
    formats.write(tmp_path / "call.rttm", TURNS)
    (tmp_path / "names.json").write_text('{"Ann": "Zoe"}')
    command = ("convert", tmp_path / "call.rttm", "--names", tmp_path / "names.json")
    assert "Zoe      8.0 s" in ovdiar(*command, "--stats", "-q").err


@pytest.mark.parametrize("command", ["diarize", "recluster"])
def test_diarizations_have_it_too(
    command: str, diarize: Run, ovdiar: Run, excerpt: Path, tmp_path: Path
) -> None:
    answer = diarize(excerpt, "--stats", "--keep", tmp_path / "talk.npz")
    if command == "recluster":
        answer = ovdiar("recluster", tmp_path / "talk.npz", "--stats")
    assert answer.err.splitlines()[0].split() == ["speaker", "speech", "share", "turns", "overlap"]
    assert answer.err.splitlines()[-1].split()[3] == str(len(answer.out.splitlines()))


def test_several_recordings_have_no_table(diarize: Run, excerpt: Path, tmp_path: Path) -> None:
    answer = diarize(excerpt, excerpt, "--stats", "-o", tmp_path / "out")
    assert answer.is_complaint()
    assert "--stats is for one recording" in answer.err
