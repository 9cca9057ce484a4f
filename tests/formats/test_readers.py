"""What we write, programs of others read: the same turns, whoever speaks and however long."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.readers import READERS, library
from reference.spoken import by_tier, rows

from ovdiar import formats
from ovdiar.annotation import Annotation, Turn
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from reference.readers import Rows

FRAME_MS = 17
"""About one frame of the segmentation networks: the shortest turn there is."""
NAMES = ["SPEAKER_00", "Zoë", "李雷", "Ангелина", "مريم", "O'Neil", "A-1", "☂"]


@st.composite
def recordings(draw: st.DrawFn) -> Annotation:
    """Draw turns from one frame to an hour, within ten hours, overlapping as they fall."""
    start_ms = st.integers(0, 36_000_000)
    length_ms = st.sampled_from([FRAME_MS, 1, 200, 3_600_000]) | st.integers(1, 60_000)
    drawn = draw(st.lists(st.tuples(start_ms, length_ms, st.sampled_from(NAMES)), max_size=12))
    return Annotation(
        tuple(
            Turn(Segment(start / 1000, (start + length) / 1000), who, f"{place:02d}")
            for place, (start, length, who) in enumerate(drawn)
        ),
        "call",
    )


def read_by(reader: str, annotation: Annotation) -> Rows:
    """Write a file, and let somebody else read it, to the millisecond."""
    suffix, read = READERS[reader]
    with TemporaryDirectory() as folder:
        path = Path(folder, f"call{suffix}")
        formats.write(path, annotation)
        return sorted((round(start, 3), round(end, 3), who) for start, end, who in read(path))


def expected(reader: str, annotation: Annotation) -> Rows:
    """Give all turns, or where a speaker has a tier, those that overlap joined."""
    tiers = READERS[reader][0] in {".TextGrid", ".eaf"}
    return by_tier(annotation) if tiers else sorted(rows(annotation))


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=50)
@given(annotation=recordings())
def test_turns_are_read_as_they_were(reader: str, annotation: Annotation) -> None:
    if not len(annotation):
        return  # a file of silence has its own test
    assert read_by(reader, annotation) == expected(reader, annotation)


@pytest.mark.parametrize("reader", READERS)
def test_turns_of_one_frame_are_read(reader: str) -> None:
    turns = Annotation.of(
        [(0, 0.017, "A"), (0.017, 0.034, "A"), (36_000, 36_000.017, "李")], "call"
    )
    assert read_by(reader, turns) == expected(reader, turns)


@pytest.mark.parametrize("reader", READERS)
def test_silence_is_read_as_no_turns(reader: str) -> None:
    assert read_by(reader, Annotation(uri="call")) == []


@pytest.mark.parametrize("reader", READERS)
def test_five_thousand_turns_are_read(reader: str) -> None:
    turns = Annotation.of([(n * 2, n * 2 + 2.5, NAMES[n % 4]) for n in range(5000)], "call")
    assert len(read_by(reader, turns)) == 5000


@given(annotation=recordings())
def test_json_is_read_by_the_library(annotation: Annotation) -> None:
    content = json.loads(formats.dumps(annotation, "json"))
    assert [(r["start"], r["end"], r["speaker"]) for r in content["diarization"]] == rows(
        annotation
    )


@given(annotation=recordings())
def test_csv_is_read_by_the_library(annotation: Annotation) -> None:
    read = csv.DictReader(formats.dumps(annotation, "csv").splitlines())
    found = [(float(row["start"]), float(row["end"]), row["speaker"]) for row in read]
    assert found == rows(annotation)


def test_a_missing_reader_skips_its_tests_or_fails_them_where_material_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI_SHARED", "required")
    with pytest.raises(pytest.fail.Exception, match="no_such_reader is not installed"):
        library("no_such_reader")
    monkeypatch.delenv("CI_SHARED")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.skip.Exception, match="no_such_reader is not installed"):
        library("no_such_reader")
