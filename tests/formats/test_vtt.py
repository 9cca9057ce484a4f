"""Captions carry voices, with whatever marks a name has in it."""

from __future__ import annotations

import pytest
from reference.spoken import rows

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import vtt


def test_a_cue_has_a_voice() -> None:
    text = vtt.dumps(Annotation.of([(1.5, 2.0, "A --> B & C")]))
    assert text == (
        "WEBVTT\n\n00:00:01.500 --> 00:00:02.000\n<v A --&gt; B &amp; C>A --&gt; B &amp; C\n"
    )


def test_captions_of_others_are_read() -> None:
    text = (
        "WEBVTT - a call\nKind: captions\n\nNOTE\nmade by hand\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.000 --> 00:02.000 align:start line:0\n<v.loud Ann B>so</v> <v Bob>yes</v>\n\n"
        "100:00:03.000 --> 100:00:04.000\n[C]: no\n"
    )
    expected = [(1.0, 2.0, "Ann B"), (1.0, 2.0, "Bob"), (360003.0, 360004.0, "C")]
    assert rows(vtt.loads(text)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("00:01.000 --> 00:02.000\n<v A>\n", "does not start with WEBVTT"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<i>so</i>\n", "line 3: '<i>so</i>' names no speaker"),
        ("WEBVTT\n\n00:61 --> 01:02\n<v A>\n", "'00:61' is not a time"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        vtt.loads(text)


@pytest.mark.parametrize("name", ["", "A ", "A  B", "A\nB"])
def test_names_that_would_not_come_back_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="rename it"):
        vtt.dumps(Annotation.of([(0, 1, name)]))
