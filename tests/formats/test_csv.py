"""CSV in anybody's order of columns, and the line that is wrong by its number."""

from __future__ import annotations

import pytest
from reference.spoken import rows

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import csv


def test_names_are_quoted_where_they_must_be() -> None:
    text = csv.dumps(Annotation.of([(0, 1.5, 'Ann, "A"')]))
    assert text == 'start,end,speaker\n0.000,1.500,"Ann, ""A"""\n'


@pytest.mark.parametrize(
    "text",
    [
        "start,end,speaker\r\n1,2,A\r\n\r\n3,4,B\r\n",
        "speaker;note;end;start\nA;x;2;1\nB;y;4;3\n",
    ],
    ids=["windows", "semicolons"],
)
def test_tables_of_others_are_read(text: str) -> None:
    assert rows(csv.loads(text)) == [(1.0, 2.0, "A"), (3.0, 4.0, "B")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the header lacks end, speaker, start: start with start,end,speaker"),
        ("0,1,A\n", "the header lacks"),
        ("start,end,speaker\n0,1\n", "line 2: fewer columns"),
        ("start,end,speaker\n0,1,A\n0,x,A\n", "line 3: the end 'x' is not a number"),
        ("start,end,speaker\n2,1,A\n", "line 2: the end 1.0 s is before the start 2.0 s"),
        ('start,end,speaker\n0,1,"A\n', "after line 1: unexpected end of data"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        csv.loads(text)
