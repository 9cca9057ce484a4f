"""Subtitles show who speaks, and those of others tell it."""

from __future__ import annotations

import pytest
from reference.spoken import rows

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import srt


def test_a_cue_is_numbered_timed_and_named() -> None:
    text = srt.dumps(Annotation.of([(3661.5, 3662.0004, "A"), (0.0004, 0.9996, "B C")]))
    assert text == (
        "1\n00:00:00,000 --> 00:00:01,000\n[B C]\n\n2\n01:01:01,500 --> 01:01:02,000\n[A]\n"
    )


def test_what_is_shorter_than_a_millisecond_has_no_cue() -> None:
    assert srt.dumps(Annotation.of([(1.0001, 1.0004, "A")])) == ""


def test_subtitles_of_others_are_read() -> None:
    text = (
        "1\r\n00:00:01,5 --> 00:00:02.250 X1:40\r\n[A]: so\r\nit goes\r\n\r\n\r\n"
        "00:03,000 --> 00:04,000\n- B: yes\n- C: no [laughs]\n"
    )
    expected = [(1.5, 2.25, "A"), (3.0, 4.0, "B"), (3.0, 4.0, "C")]
    assert rows(srt.loads(text)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("so it goes", "has no subtitles"),
        ("1\n00:00:01,000 --> 00:00:02,000\nso it goes\n", "line 2: 'so it goes' names no"),
        ("1\n00:00:01,000 --> 00:00:02,000\n", "line 2: '' names no speaker"),
        ("1\n00:00:01,000 --> \n[A]\n", "line 2: '' is not a time"),
        ("1\n00:61:01,000 --> 01:02:00,000\n[A]\n", "'00:61:01,000' is not a time"),
        ("1\n00:00:03,000 --> 00:00:02,000\n[A]\n", "the end 2.0 s is before the start 3.0 s"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        srt.loads(text)


@pytest.mark.parametrize("name", ["", " A", "A\n\nB", "[A]", "A\u2028B"])
def test_names_that_would_break_a_cue_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="rename it"):
        srt.dumps(Annotation.of([(0, 1, name)]))


def test_times_before_the_recording_are_refused() -> None:
    with pytest.raises(FormatError, match=r"starts at -0\.5 s"):
        srt.dumps(Annotation.of([(-0.5, 1, "A")]))
