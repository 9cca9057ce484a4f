"""Damaged recordings are answered or refused in one line, and nothing is lost silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from robustness.audio import loss_of, run
from robustness.mutations import KINDS, Mutant, mutants
from robustness.reading import ANSWERED, HANG, Outcome, Reader, read
from robustness.recordings import SECONDS, Original, by_ffmpeg, by_soundfile

if TYPE_CHECKING:
    from pathlib import Path

QUICK = 300
MB = 600
"""Memory of the process that reads, of which a third is Python with its packages."""


@pytest.fixture(scope="module")
def forms() -> list[Original]:
    return [*by_soundfile(), *by_ffmpeg()]


def test_damaged_recordings_are_answered_or_refused(forms: list[Original], tmp_path: Path) -> None:
    some = [form for index, form in enumerate(forms) if index % 5 == 0]
    table = run(QUICK, 3, forms=some, folder=tmp_path, jobs=2)
    assert table["failures"] == []
    assert table["total"]["files"] == QUICK
    assert table["total"]["answered"] > QUICK / 3
    assert table["total"]["refused"] > 0
    assert table["total"]["notices"]["incomplete-audio"] > 0
    assert table["total"]["peak_mb"] < MB


def test_most_formats_can_be_written_here(forms: list[Original]) -> None:
    names = {form.form for form in forms}
    assert {"WAV/PCM_16", "FLAC/PCM_16", "OGG/OPUS", "MP3/MPEG_LAYER_III"} <= names


def test_a_mutant_depends_on_its_number_and_the_seed_alone(forms: list[Original]) -> None:
    some = forms[:3]
    first, again = (list(mutants(some, 40, 5)) for _ in range(2))
    assert first == again
    assert [each.data for each in first] != [each.data for each in mutants(some, 40, 6)]
    assert {each.kind for each in first} == set(KINDS)


@pytest.mark.parametrize(
    ("heard_s", "notices", "announces", "expected"),
    [
        (SECONDS, (), True, ""),
        (SECONDS / 2, (), True, "silent"),
        (SECONDS / 2, (), False, "undetectable"),
        (SECONDS / 2, ("incomplete-audio",), True, ""),
    ],
)
def test_a_part_that_is_lost_without_a_notice_is_a_failure(
    heard_s: float, notices: tuple[str, ...], *, announces: bool, expected: str
) -> None:
    mutant = Mutant(0, "cut", "WAV/PCM_16", "wav", b"", SECONDS)
    outcome = Outcome(ANSWERED, heard_s, notices)
    assert loss_of(mutant, outcome, announces=announces) == expected


def test_a_file_that_hangs_is_stopped_and_the_next_is_read(tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_bytes(b"no sound at all")
    with Reader(0.0) as reader:
        assert reader.read(tmp_path / "notes.wav").kind == HANG
        assert reader.read(tmp_path / "notes.wav").kind == HANG
    assert read(tmp_path / "notes.wav").kind == "refused"
