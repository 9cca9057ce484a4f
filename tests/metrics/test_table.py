"""Every form of the scores says how they were made, and holds the same figures."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from ovdiar.annotation import Annotation
from ovdiar.formats import rttm
from ovdiar.metrics import Scores, ScoreTable, Scoring, score, score_files
from ovdiar.segment import Segment

DATA = Path(__file__).parents[1] / "data"
ONE = score(Annotation.of([(0, 8, "A"), (8, 10, "B")]), Annotation.of([(0, 10, "x")]))
TWO = score(Annotation.of([(0, 30, "A")]), Annotation.of([(0, 33, "x")]))
TABLE = ScoreTable((("one", ONE), ("two", TWO)), "labels", Scoring(nist_collar_s=0.25))


def test_the_table_has_a_row_a_recording_one_of_all_and_the_scoring() -> None:
    lines = TABLE.to_text().splitlines()
    assert [line.split()[:5] for line in lines[:4]] == [
        ["recording", "DER", "miss", "FA", "conf"],
        ["one", "20.00", "0.00", "0.00", "20.00"],
        ["two", "10.00", "0.00", "10.00", "0.00"],
        ["TOTAL", "12.50", "0.00", "7.50", "5.00"],
    ]
    assert [line.split()[-1] for line in lines[:4]] == ["speakers", "1/2", "1/1", "2/3"]
    assert len({len(line) for line in lines[:4]}) == 1
    assert lines[5] == (
        "scoring C: collar 0.25 s each side, overlap scored, optimal mapping, "
        "from the first to the last turn; 2 recordings against labels"
    )
    assert lines[4] == ""


def test_one_recording_needs_no_total() -> None:
    text = ScoreTable((("one", ONE),), "labels", within_uem=True).to_text()
    assert "TOTAL" not in text
    assert "scoring S: strict (no collar, overlap scored), optimal mapping, within the UEM" in text
    assert "; 1 recording against labels" in text


def test_what_was_not_paired_is_named() -> None:
    text = ScoreTable((("one", ONE),), "labels", missing=("one", "two"), extra=("x", "y")).to_text()
    assert text.splitlines()[-2:] == [
        "no hypothesis (all missed): one, two",
        "no reference (not scored): x, y",
    ]


def test_json_holds_unrounded_figures_and_the_scoring() -> None:
    content = json.loads(TABLE.to_json())
    assert content["scoring"] == {
        "description": "collar 0.25 s each side, overlap scored",
        "key": "C",
        "collar_each_side_s": 0.25,
        "overlap_scored": True,
        "mapping": "optimal",
        "within_uem": False,
        "reference": "labels",
    }
    assert content["recordings"] == [
        {"recording": "one", **ONE.figures()},
        {"recording": "two", **TWO.figures()},
    ]
    assert content["pooled"] == (ONE + TWO).figures()
    assert content["missing"] == content["extra"] == []


def test_json_names_what_was_not_paired_in_lines_that_people_can_read() -> None:
    table = ScoreTable((("één", ONE),), "labels", missing=("één",), extra=("x", "y"))
    text = table.to_json()
    assert json.loads(text)["missing"] == ["één"]
    assert json.loads(text)["extra"] == ["x", "y"]
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_csv_holds_the_same_figures_and_the_scoring() -> None:
    header, *rows = csv.reader(TABLE.to_csv().splitlines())
    assert header == ["recording", *ONE.figures(), "scoring"]
    assert [row[0] for row in rows] == ["one", "two", "TOTAL"]
    assert [float(value) for value in rows[2][1:-1]] == list((ONE + TWO).figures().values())
    assert {row[-1] for row in rows} == {TABLE.describe()}
    assert "\r" not in TABLE.to_csv()


def test_without_rows_there_is_nothing_to_pool() -> None:
    assert ScoreTable((), "labels").pooled == Scores()


def test_files_are_scored_strictly_and_what_was_not_paired_is_named(tmp_path: Path) -> None:
    labels, found = tmp_path / "labels", tmp_path / "found"
    for folder, names in ((labels, ("a", "b")), (found, ("b", "c"))):
        folder.mkdir()
        for name in names:
            turns = Annotation.of([(0, 4, "x"), (4, 6, "y")], name)
            (folder / f"{name}.rttm").write_text(rttm.dumps(turns))
    table = score_files(labels, found)
    assert [(name, scores.rate) for name, scores in table.rows] == [("a", 1), ("b", 0)]
    assert (table.missing, table.extra) == (("a",), ("c",))
    assert table.describe() == (
        "S: strict (no collar, overlap scored), optimal mapping, from the first to the last turn; "
        f"2 recordings against {labels}"
    )


def test_files_are_scored_under_the_given_conditions(tmp_path: Path) -> None:
    reference = DATA / "conversation.rttm"
    annotation = rttm.load(reference)["conversation"]
    hypothesis = tmp_path / "found.rttm"
    hypothesis.write_text(rttm.dumps(annotation.rename_labels({"ked": "rms"})))
    uem = tmp_path / "part.uem"
    uem.write_text("conversation 1 5 60\n")
    scoring = Scoring(nist_collar_s=0.1, skip_overlap=True)
    table = score_files(reference, hypothesis, uem=uem, scoring=scoring, mapping="greedy")
    ((name, found),) = table.rows
    assert name == "conversation"
    assert found.diarization.confusion_s == pytest.approx(found.diarization.error_s)
    assert 0.1 < found.rate < 0.3
    swapped = annotation.rename_labels({"ked": "rms"})
    assert found == score(
        annotation, swapped, uem=[Segment(5, 60)], scoring=scoring, mapping="greedy"
    )
    assert found != score(annotation, swapped, scoring=scoring, mapping="greedy")
    assert found != score(annotation, swapped, uem=[Segment(5, 60)], mapping="greedy")
    assert table.describe() == (
        "collar 0.1 s each side, overlap not scored, greedy mapping, within the UEM; "
        f"1 recording against {reference}"
    )
