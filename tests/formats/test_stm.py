"""STM with words or without, gaps and comments left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reference.spoken import rows

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import stm


def test_a_line_is_recording_channel_speaker_start_and_end() -> None:
    turns = Annotation.of([(0.5, 2, "A")])
    assert stm.dumps(turns) == "<NA> 1 A 0.500 2.000\n"
    assert stm.dumps(replace(turns, uri="call")) == "call 1 A 0.500 2.000\n"


def test_transcripts_of_others_are_read() -> None:
    text = (
        ";; a comment\nx A ann 0 1.5 <o,f0> so it goes\n"
        "x A inter_segment_gap 1.5 2\ny A bob 1 2\nx A ann 2 3 yes\n"
    )
    back = stm.loads(text)
    assert list(back) == ["x", "y"]
    assert rows(back["x"]) == [(0.0, 1.5, "ann"), (2.0, 3.0, "ann")]
    assert back["y"].uri == "y"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x A ann 0\n", "line 1: 4 columns"),
        ("\nx A ann 0 b\n", "line 2: the end 'b' is not a number"),
        ("x A ann 2 1\n", "the end 1.0 s is before the start 2.0 s"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        stm.loads(text)


def test_names_with_blanks_are_refused() -> None:
    with pytest.raises(FormatError, match="'A B' cannot be written in a column"):
        stm.dumps(Annotation.of([(0, 1, "A B")]))
