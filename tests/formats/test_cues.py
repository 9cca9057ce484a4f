"""Every word is in its cue, as players show it, and names are a convention of the whole file."""

from __future__ import annotations

import warnings

import pytest
from reference.spoken import rows

from ovdiar import transcripts
from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError, OvdiarWarning
from ovdiar.formats import srt, vtt
from ovdiar.formats.cues import subrip_cues
from ovdiar.words import assign_speakers

FIRST, SECOND = "00:00:01,000 --> 00:00:02,000\n", "00:00:06,000 --> 00:00:07,000\n"
ONE, TWO = "00:01.000 --> 00:02.000\n", "00:06.000 --> 00:07.000\n"
TALK = Annotation.of([(0, 5, "A"), (5, 9, "B")])


def spoken(text: str) -> list[list[str]]:
    """Return the words of each cue."""
    return [passage.text.split() for passage in transcripts.parse(text).passages]


@pytest.mark.parametrize(
    "text",
    [
        f"1\n{FIRST}Hello\nyou\n\n2\n{SECOND}Yes\n",
        f"1\n{FIRST}\nHello\nyou\n\n2\n{SECOND}\n\nYes\n",
        f"1\n{FIRST}Hello\n\n\nyou\n\n2\n{SECOND}Yes\n",
        f"1\n{FIRST}Hello\n \nyou\n\t\n2\n{SECOND}Yes",
        f"1\n{FIRST}Hello\nyou\n2\n{SECOND}Yes\n",
        f"{FIRST}Hello\nyou\n{SECOND}Yes\n",
        f"{FIRST}Hello\nyou\n\n{SECOND}Yes\n\n\n",
        f"1\n\n{FIRST}\nHello\n\nyou\n\n2\n\n{SECOND}\nYes\n\n",
        f"\n\n1\n{FIRST}Hello\nyou\n\n\n\n2 \n  {SECOND}Yes",
        "1\n00:00:01 --> 00:00:02\nHello\nyou\n\n2\n00:00:06 --> 00:00:07\nYes\n",
        "1\n0:01,0 --> 0:02,0\nHello you\n\n2\n0:06.000000 --> 0:07.000000\nYes\n",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_every_word_of_subrip_is_in_its_cue(text: str, end: str) -> None:
    text = text.replace("\n", end)
    assert spoken(text) == [["Hello", "you"], ["Yes"]]
    times = [(cue.segment.start, cue.segment.end) for cue in subrip_cues(text, "")]
    assert times == [(1.0, 2.0), (6.0, 7.0)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"1\n{FIRST}42\n\n2\n{SECOND}43\n", [["42"], ["43"]]),
        (f"{FIRST}42\n\n{SECOND}43\n", [["42"], ["43"]]),
        (f"{FIRST}4\n2\n{SECOND}43\n", [["4", "2"], ["43"]]),
        (
            f"1\n{FIRST}so --> it\n\n2\n{SECOND}a\nb --> c\n",
            [["so", "-->", "it"], ["a", "b", "-->", "c"]],
        ),
    ],
)
def test_numbers_and_arrows_may_be_spoken(text: str, words: list[list[str]]) -> None:
    assert spoken(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"WEBVTT\n\n{ONE}Hello\n \nyou\n\n{TWO}Yes\n", [["Hello", "you"], ["Yes"]]),
        (f"WEBVTT\n{ONE}Hello you\n{TWO}Yes\n", [["Hello", "you"], ["Yes"]]),
        (f"WEBVTT\n\nNOTE a\nb\n{ONE}Hello\n\nintro\n{TWO}Yes", [["Hello"], ["Yes"]]),
        (f"WEBVTT\n\n{ONE}Hello\n2\n{TWO}Yes", [["Hello", "2"], ["Yes"]]),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"])
def test_text_of_webvtt_belongs_to_the_cue_that_shows_it(
    text: str, words: list[list[str]], end: str
) -> None:
    assert spoken(text.replace("\n", end)) == words


def test_text_that_players_do_not_show_is_warned_of() -> None:
    text = f"WEBVTT\n\nSTYLE\na\n\n{ONE}Hello\n\nand more\n\nNOTE b\n\n{TWO}Yes\n"
    with pytest.warns(OvdiarWarning, match="1 block of text .* belongs to no cue.*'and more'"):
        found = transcripts.parse(text)
    assert transcripts.dumps(found, "vtt").count("and more") == 1


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_what_was_assigned_can_be_assigned_again(name: str) -> None:
    said = transcripts.parse(f"1\n{FIRST}We have one rule\nRemember: be kind\n\n2\n{SECOND}Yes\n")
    once = transcripts.dumps(assign_speakers(said, TALK), name)
    twice = transcripts.dumps(assign_speakers(transcripts.parse(once), TALK), name)
    assert once == twice
    assert {"srt": srt, "vtt": vtt}[name].loads(once).labels() == ["A", "B"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("[A] so\n[laughs]", "[B] yes", [["A"], ["B"]]),
        ("[A] so\n[B] it", "[B] yes", [["A", "B"], ["B"]]),
        ("- [A] so\n- [C] it", "[B] yes", [["A", "C"], ["B"]]),
        ("Ann: so\nRemember: be kind", "Bob: yes", [["Ann"], ["Bob"]]),
        ("Ann: so\nBob: it", "Bob: yes", [["Ann", "Bob"], ["Bob"]]),
        ("[A]: so", "B: yes\n- C: no", [["A"], ["B", "C"]]),
    ],
)
def test_a_convention_names_the_speakers_of_a_file(
    first: str, second: str, expected: list[list[str]]
) -> None:
    found = rows(srt.loads(f"1\n{FIRST}{first}\n\n2\n{SECOND}{second}\n"))
    assert [[who for start, _, who in found if start == at] for at in (1.0, 6.0)] == expected


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        ("We have one rule\nRemember: be kind", "Remember: be kind", 2),
        ("Remember: be kind", "Yes", 6),
        ("[A] so", "B: yes", 2),
    ],
)
def test_a_convention_that_a_cue_lacks_is_none(first: str, second: str, line: int) -> None:
    text = f"1\n{FIRST}{first}\n\n2\n{SECOND}{second}\n"
    with pytest.raises(FormatError, match=f"line {line}: .* names no speaker: start every cue"):
        srt.loads(text)
    again = transcripts.dumps(assign_speakers(transcripts.parse(text), TALK), "txt")
    assert again.split() == f"A: {first} B: {second}".split()


def test_a_caption_that_would_hold_only_a_name_is_not_written() -> None:
    segments = [
        {"start": 0, "end": 1, "text": ""},
        {"start": 1, "end": 2, "text": " so", "words": []},
        {"start": 6, "end": 7, "text": " <unk>"},
        {"start": 8, "end": 8.5, "text": " \n "},
    ]
    assigned = assign_speakers(transcripts.from_document({"segments": segments}), TALK)
    assert transcripts.dumps(assigned, "srt") == (f"1\n{FIRST}[A] so\n\n2\n{SECOND}[B] <unk>\n")
    assert transcripts.dumps(assigned, "vtt").count("-->") == 2
    own = f"WEBVTT\n\nNOTE kept\n\n{ONE}<i> </i>\n\n{TWO}yes\n"
    written = transcripts.dumps(assign_speakers(transcripts.parse(own), TALK), "vtt")
    assert written == "WEBVTT\n\nNOTE kept\n\n00:00:06.000 --> 00:00:07.000\n<v B>yes\n"


def test_segments_without_words_are_not_counted_as_words() -> None:
    segments = [{"start": 60, "end": 61, "text": ""}, {"start": 1, "end": 2, "text": "so"}]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assign_speakers({"segments": segments}, TALK)


def test_subtitles_of_turns_hold_no_words() -> None:
    assigned = assign_speakers(transcripts.parse(srt.dumps(TALK)), TALK)
    assert transcripts.dumps(assigned, "srt") == ""
