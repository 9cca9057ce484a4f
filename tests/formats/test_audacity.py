"""Label tracks of Audacity, with its points and frequency ranges."""

from __future__ import annotations

import pytest
from reference.spoken import rows

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import audacity


def test_a_line_is_start_end_and_label() -> None:
    assert audacity.dumps(Annotation.of([(0.5, 2, "A B")])) == "0.500000\t2.000000\tA B\n"


def test_labels_of_audacity_are_read() -> None:
    text = "0.5\t2.0\tA B\r\n\\\t100.0\t200.0\r\n\n1.0\t1.0\ta click\n-1\t3\tC\td\n"
    assert rows(audacity.loads(text)) == [(-1.0, 3.0, "C\td"), (0.5, 2.0, "A B")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5 2.0 A\n", "line 1: '0.5 2.0 A' is not start, end and label, separated by tabs"),
        ("0\t1\tA\n0\tx\tA\n", "line 2: the end 'x' is not a number"),
        ("2\t1\tA\n", "the end 1.0 s is before the start 2.0 s"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        audacity.loads(text)


@pytest.mark.parametrize("name", ["A\tB", "A\nB", "A\r"])
def test_names_that_would_break_a_line_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="rename it"):
        audacity.dumps(Annotation.of([(0, 1, name)]))
