"""Subtitles and captions with speakers: what others read in them, and what of theirs is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from reference.readers import library
from reference.transcripts import Said, conversations, openai_whisper, speech

from ovdiar import transcripts
from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import srt, vtt
from ovdiar.words import assign_speakers

if TYPE_CHECKING:
    from pathlib import Path

TALK = Annotation.of([(0, 1, "Ann & Co"), (1, 3, "Bob")])
VTT = """WEBVTT - a call
Kind: captions

STYLE
::cue { color: red }

NOTE made by hand

intro
00:00:00.000 --> 00:00:02.000 align:start line:0
<v Zoë><i>so &amp; it goes x</i></v>

NOTE between

00:00:02.500 --> 00:00:02.900
yes

NOTE the end
"""
SRT = """7
00:00:00,000 --> 00:00:02,000
<i>so well <b>goes
on</b></i>

8
00:00:02,500 --> 00:00:02,900
yes
"""


def written(text: str, name: str) -> str:
    return transcripts.dumps(assign_speakers(transcripts.parse(text), TALK), name)


def test_webvtt_keeps_all_that_is_its_own() -> None:
    assert (
        written(VTT, "vtt")
        == """WEBVTT - a call
Kind: captions

STYLE
::cue { color: red }

NOTE made by hand

intro
00:00:00.000 --> 00:00:01.000 align:start line:0
<v Ann &amp; Co><i>so &amp; it</i>

intro.2
00:00:01.000 --> 00:00:02.000 align:start line:0
<v Bob><i>goes x</i>

NOTE between

00:00:02.500 --> 00:00:02.900
<v Bob>yes

NOTE the end
"""
    )


def test_subtitles_keep_their_markup_and_are_counted_anew() -> None:
    assert written(SRT, "srt") == (
        "1\n00:00:00,000 --> 00:00:01,000\n[Ann & Co] <i>so well</i>\n\n"
        "2\n00:00:01,000 --> 00:00:02,000\n[Bob] <i><b>goes\non</b></i>\n\n"
        "3\n00:00:02,500 --> 00:00:02,900\n[Bob] yes\n"
    )


def test_markup_of_others_is_taken_off() -> None:
    assert "[Ann & Co] so & it\n" in written(VTT, "srt")
    assert "<v Bob>goes\non\n" in written(SRT, "vtt")
    assert written(VTT, "txt") == "Ann & Co: so & it\nBob: goes x yes\n"


def test_words_without_a_speaker_have_no_name() -> None:
    far = Annotation.of([(100, 101, "A")])
    with pytest.warns(match="have no speaker"):
        assigned = assign_speakers(transcripts.parse(SRT), far)
    assert "<v" not in transcripts.dumps(assigned, "vtt")
    assert "[" not in transcripts.dumps(assigned, "srt")


@pytest.mark.filterwarnings("ignore::ovdiar.errors.OvdiarWarning")
@given(segments=speech(), annotation=conversations())
def test_others_read_what_we_write(segments: list[list[Said]], annotation: Annotation) -> None:
    found = transcripts.from_document(openai_whisper(segments))
    assigned = assign_speakers(found, annotation)
    expected = [(passage.speaker, passage.text.strip()) for passage in assigned.passages]
    subtitles = library("srt").parse(transcripts.dumps(assigned, "srt"))
    assert [cue.content for cue in subtitles] == [
        text if who is None else f"[{who}] {text}" for who, text in expected
    ]
    captions = library("webvtt").from_string(transcripts.dumps(assigned, "vtt"))
    assert [(cue.voice, cue.text) for cue in captions] == expected


def test_turns_can_be_read_of_what_is_written() -> None:
    for text in (VTT, SRT):
        for name, module in (("srt", srt), ("vtt", vtt)):
            assert module.loads(written(text, name)).labels() == ["Ann & Co", "Bob"]


@pytest.mark.parametrize(("name", "label"), [("srt", "[A]"), ("vtt", "A  B"), ("ctm", "A B")])
def test_names_that_do_not_fit_are_refused(name: str, label: str) -> None:
    turns = TALK.rename_labels({"Bob": label, "Ann & Co": "Ann"})
    assigned = assign_speakers(transcripts.parse(SRT), turns)
    with pytest.raises(FormatError, match="rename it"):
        transcripts.dumps(assigned, name)


def test_captions_of_no_length_last_a_millisecond() -> None:
    document = {"segments": [{"start": 1, "end": 1, "text": "so"}]}
    text = transcripts.dumps(transcripts.from_document(document), "srt")
    assert text == "1\n00:00:01,000 --> 00:00:01,001\nso\n"


def test_silence_is_written_and_read(tmp_path: Path) -> None:
    nothing = transcripts.from_document({"segments": []})
    for name in transcripts.FORMATS:
        (tmp_path / "nothing").write_text(transcripts.dumps(nothing, name))
    assert transcripts.parse("WEBVTT\n").passages == ()
    assert transcripts.dumps(nothing, "vtt") == "WEBVTT\n"
