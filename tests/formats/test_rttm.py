"""RTTM reads what it writes, and says which line it cannot read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import FormatError
from ovdiar.formats import rttm
from ovdiar.segment import Segment

DATA = Path(__file__).parents[1] / "data"

WORDS = st.text(min_size=1, max_size=8).filter(
    lambda text: text.split() == [text] and not text.startswith(";;")
)
MILLISECONDS = st.integers(0, 40_000)


@st.composite
def recordings(draw: st.DrawFn) -> Annotation:
    rows = draw(st.lists(st.tuples(MILLISECONDS, st.integers(1, 9_000), WORDS), max_size=12))
    turns = tuple(
        Turn(Segment(start / 1000, start / 1000 + length / 1000), who)
        for start, length, who in rows
    )
    return Annotation(turns, draw(WORDS.filter(lambda name: name != "<NA>")))


@given(recordings())
def test_what_is_written_is_read_back(annotation: Annotation) -> None:
    expected = {annotation.uri: annotation} if annotation else {}
    assert rttm.loads(rttm.dumps(annotation)) == expected


@given(recordings())
def test_text_is_written_back_byte_for_byte(annotation: Annotation) -> None:
    text = rttm.dumps(annotation)
    assert "".join(map(rttm.dumps, rttm.loads(text).values())) == text


def test_a_line_has_the_columns_of_the_field() -> None:
    annotation = Annotation.of([(0.0304, 1.5, "SPEAKER_00")], uri="meeting")
    line = "SPEAKER meeting 1 0.030 1.470 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
    assert rttm.dumps(annotation) == line


def test_no_turns_give_no_lines_and_no_lines_no_recordings() -> None:
    assert rttm.dumps(Annotation(uri="meeting")) == ""
    assert rttm.loads("\n  \n") == {}


def test_a_recording_without_a_name_is_marked_absent() -> None:
    nameless = Annotation.of([(0, 1, "A")])
    text = rttm.dumps(nameless)
    assert text.split()[1] == "<NA>"
    assert rttm.loads(text) == {"<NA>": nameless}


def test_turns_over_the_same_segment_keep_the_order_of_their_lines() -> None:
    turns = (Turn(Segment(0, 1), "B", track="1"), Turn(Segment(0, 1), "A", track="2"))
    loaded = rttm.loads(rttm.dumps(Annotation(turns, "x")))["x"]
    assert [speaker for _, speaker in loaded] == ["B", "A"]


def test_recordings_of_one_text_are_separated() -> None:
    one, two = Annotation.of([(0, 1, "A")], "one"), Annotation.of([(2, 3, "A")], "two")
    loaded = rttm.loads(rttm.dumps(two) + rttm.dumps(one))
    assert loaded == {"one": one, "two": two}
    assert list(loaded) == ["two", "one"]


def test_rows_of_other_types_comments_and_old_nine_columns_are_accepted() -> None:
    text = (
        ";; a comment\r\n"
        "SPKR-INFO x 1 <NA> <NA> <NA> unknown A <NA>\r\n"
        "SPEAKER x 1 0.5\t0.25 <NA> <NA> A <NA>\r\n"
    )
    assert rttm.loads(text) == {"x": Annotation.of([(0.5, 0.75, "A")], "x")}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("SPEAKER x 1 0.0 1.0", "line 2: 5 columns"),
        ("SPEAKER x 1 0.0 1.0 <NA> <NA> A B C <NA> <NA>", "line 2: 12 columns"),
        ("SPEAKER x 1 zero 1.0 <NA> <NA> A <NA> <NA>", "line 2: the start 'zero'"),
        ("SPEAKER x 1 nan 1.0 <NA> <NA> A <NA> <NA>", "line 2: the start 'nan'"),
        ("SPEAKER x 1 0.0 inf <NA> <NA> A <NA> <NA>", "line 2: the duration 'inf'"),
        ("SPEAKER x 1 0.0 -1.0 <NA> <NA> A <NA> <NA>", "line 2: the duration -1.0"),
        ("start,end,speaker", "line 2: 'start,end,speaker' is not an RTTM row type"),
    ],
)
def test_a_malformed_line_is_named_by_its_number(line: str, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        rttm.loads(f"SPEAKER x 1 0.0 1.0 <NA> <NA> A <NA> <NA>\n{line}\n")


@pytest.mark.parametrize("name", ["", "\t", ";;a"])
def test_names_of_recordings_that_no_column_can_hold_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="recording's name"):
        rttm.dumps(Annotation.of([(0, 1, "A")], uri=name))


@pytest.mark.parametrize("name", ["Ann Lee", "", "\t", "a\u00a0b", ";;a"])
def test_names_of_speakers_that_no_column_can_hold_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="speaker"):
        rttm.dumps(Annotation.of([(0, 1, name)], uri="x"))


@pytest.mark.parametrize("name", ["my meeting", " my\u00a0meeting", "my\tmeeting "])
def test_blanks_in_the_name_of_a_recording_become_underscores(name: str) -> None:
    assert rttm.dumps(Annotation.of([(0, 1, "A")], uri=name)).startswith("SPEAKER my_meeting 1 ")


def test_a_file_that_is_missing_or_binary_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "sound.rttm"
    binary.write_bytes(b"SPEAKER \xff\xfe")
    with pytest.raises(FormatError, match=r"sound\.rttm is not UTF-8 text"):
        rttm.load(binary)
    with pytest.raises(FormatError, match=r"nowhere\.rttm cannot be read \(No such file"):
        rttm.load(tmp_path / "nowhere.rttm")


def test_our_own_recording_is_read_in_full() -> None:
    conversation = rttm.load(DATA / "conversation.rttm")["conversation"]
    assert conversation.labels() == ["f3", "ked", "rms", "slt"]
    assert rttm.dumps(conversation) == (DATA / "conversation.rttm").read_text(encoding="ascii")
