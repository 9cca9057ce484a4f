"""UEM reads what it writes, and says which line it cannot read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.errors import FormatError
from ovdiar.formats import uem
from ovdiar.segment import Segment

BORDERS = st.tuples(st.integers(0, 90_000), st.integers(1, 9_000))


@given(st.lists(BORDERS, min_size=1, max_size=6))
def test_what_is_written_is_read_back(borders: list[tuple[int, int]]) -> None:
    parts = [Segment(start / 1000, (start + length) / 1000) for start, length in borders]
    assert uem.loads(uem.dumps(parts, "meeting")) == {"meeting": tuple(sorted(parts))}


def test_a_line_has_the_columns_of_the_field() -> None:
    assert uem.dumps([Segment(0, 30)], "meeting") == "meeting 1 0.000 30.000\n"
    assert uem.dumps([Segment(0, 30)]).startswith("<NA> ")


def test_parts_of_several_recordings_are_sorted_apart() -> None:
    text = ";; scored\nb NA 5 6\na 1 2 3\n\nb 1 1 2\nb 1 9 9\n"
    assert uem.loads(text) == {"b": (Segment(1, 2), Segment(5, 6)), "a": (Segment(2, 3),)}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("a 1 2", "line 1: 3 columns"),
        ("my file 1 2 3", "line 1: 5 columns"),
        ("a 1 2 1", "line 1: the end 1.0 s is before the start 2.0 s"),
        ("a 1 2 end", "line 1: the end 'end'"),
    ],
)
def test_a_malformed_line_is_named_by_its_number(line: str, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        uem.loads(line)


@pytest.mark.parametrize("name", ["my file", "", ";;a"])
def test_names_that_no_column_can_hold_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="recording's name"):
        uem.dumps([Segment(0, 1)], name)
