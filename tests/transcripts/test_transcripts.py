"""Transcripts are told apart by what they hold, and what is none is told in one line."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.transcripts import Said, openai_whisper, speech, verbose_json, whisper_cpp

from ovdiar import transcripts
from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.words import assign_speakers

if TYPE_CHECKING:
    from pathlib import Path

SRT = "1\n00:00:00,500 --> 00:00:02,600\nso it\ngoes\n"
VTT = "WEBVTT\n\n00:00.500 --> 00:02.600\n<v Zoë>so it goes\n"
CTM = ";; a comment\ncall 1 0.5 0.4 so 0.9\ncall A 2.5 0.1 it\n"
TALK = Annotation.of([(0, 1, "A"), (1, 3, "B")])
SEGMENT = {"start": 0.5, "end": 2.6, "text": " so it"}


@pytest.mark.parametrize(
    ("text", "family"),
    [
        (SRT, "srt"),
        (VTT, "vtt"),
        (CTM, "ctm"),
        (json.dumps({"segments": [SEGMENT]}), "whisper"),
        (json.dumps([SEGMENT]), "whisper"),
        (json.dumps({"text": "so", "words": [{"word": "so", "start": 0, "end": 1}]}), "whisper"),
        ("[]", "whisper"),
        ('{"transcription": []}', "whisper.cpp"),
    ],
)
def test_a_transcript_is_known_by_what_it_holds(text: str, family: str, tmp_path: Path) -> None:
    for code in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "call.txt").write_bytes(text.encode(code))
        found = transcripts.read(tmp_path / "call.txt")
        assert (found.family, found.uri) == (family, "call")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a known transcript format: give JSON of Whisper"),
        ("so it goes", "not a known transcript format"),
        ("{", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ('{"diarization": []}', "not a known transcript format"),
        ('{"segments": 3}', "3 is not a list"),
        ("[3]", "segment 1: 3 is not an object"),
        ('[{"start": 0, "end": 1}]', "segment 1: None is not a string"),
        ('[{"start": "0", "end": 1, "text": "a"}]', "segment 1: '0' is not a number of seconds"),
        ('[{"start": true, "end": 1, "text": "a"}]', "segment 1: True is not a number of seconds"),
        ('[{"start": Infinity, "end": 1, "text": "a"}]', "segment 1: inf is not a number"),
        ('[{"text": "a"}]', "segment 1 has no start and end: transcribe with timestamps"),
        (
            '[{"start": 0, "end": 1, "text": "a", "words": [3]}]',
            "segment 1, word 1: 3 is not an obj",
        ),
        ('[{"start": 0, "end": 1, "text": "a", "words": 3}]', "segment 1: 3 is not a list"),
        ('[{"start": 0, "end": 1, "text": "a", "words": [{}]}]', "word 1: None is not a string"),
        ('{"words": [{"word": "a"}]}', "word 1 has no start and end"),
        ('{"transcription": [{"text": "a"}]}', "segment 1 has no offsets"),
        (
            '{"transcription": [{"offsets": {"from": 0, "to": 1}}]}',
            "segment 1: None is not a string",
        ),
        ("1\n00:00:00,500 --> x\nso\n", "line 2: 'x' is not a time"),
        ("-->\n\nx -->", "line 1: '' is not a time"),
        ("WEBVTT\n\nx --> 00:00:01\nso", "line 3: 'x' is not a time"),
        ("call 1 0.5 0.4\n", "not a known transcript format"),
        ("call 1 0.5 0.4 so\ncall 1 0.5\n", "line 2: 3 columns, CTM has 5 to 8"),
        (
            "call 1 0.5 0.4 so\ncall 1 x 0.4 it\n",
            "line 2: the start 'x' is not a number of seconds",
        ),
        ("call 1 0.5 0.4 so\ntalk 1 0.5 0.4 it\n", "line 2: a second recording, 'talk'"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        transcripts.parse(text)
    assert len(str(caught.value).splitlines()) == 1


@given(st.text(max_size=99))
def test_whatever_the_text_only_a_format_error_comes_of_it(text: str) -> None:
    for attempt in (text, SRT + text, VTT + text, CTM + text, f"[{text}]"):
        with suppress(FormatError):
            found = transcripts.parse(attempt)
            for name in transcripts.FORMATS:
                transcripts.dumps(found, name)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "end", "text", "words", "word", "offsets", "from", "tokens"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(value=VALUES, key=st.sampled_from(["segments", "words", "transcription", "word_segments"]))
def test_whatever_the_json_only_a_format_error_comes_of_it(value: Any, key: str) -> None:
    for document in (value, {key: value}, {key: [value]}, {"segments": [], key: [value]}):
        with suppress(FormatError):
            transcripts.to_document(transcripts.from_document(document))


@given(segments=speech())
def test_a_document_without_speakers_only_gains_the_speaker_fields(
    segments: list[list[Said]],
) -> None:
    for document in (openai_whisper(segments), verbose_json(segments), whisper_cpp(segments)):
        again = transcripts.to_document(transcripts.from_document(document))
        assert json.loads(json.dumps(again), object_hook=without_speaker) == document


def without_speaker(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "speaker"}


@pytest.mark.parametrize("text", [SRT, VTT, CTM])
def test_what_was_no_json_becomes_segments(text: str) -> None:
    assigned = assign_speakers(transcripts.parse(text), TALK)
    content = json.loads(transcripts.dumps(assigned, "json"))
    found = [(s["id"], s["text"].strip(), s["speaker"]) for s in content["segments"]]
    said = ["so", "it"] if text == CTM else ["so", "it goes"] if text == VTT else ["so", "it\ngoes"]
    assert found == [(0, said[0], "A"), (1, said[1], "B")]
    again = transcripts.parse(json.dumps(content))
    assert [passage.text for passage in again.passages] == [s["text"] for s in content["segments"]]


def test_words_without_segments_are_parted_at_pauses_and_after_two_lines() -> None:
    words = [{"word": "eight888", "start": n / 10, "end": (n + 1) / 10} for n in range(20)]
    words.append({"word": "last", "start": 2.6, "end": 2.7})
    document = {"text": "...", "words": words}
    found = transcripts.from_document(document)
    assert [len(passage.words) for passage in found.passages] == [9, 9, 2, 1]
    assert transcripts.to_document(found)["words"] == [{**word, "speaker": None} for word in words]
    assert "segments" not in transcripts.to_document(found)


def test_rows_of_named_tuples_become_objects() -> None:
    row = [1, 0, 0.5, 2.6, " so it", [50364], 0.0, -0.2, 1.1, 0.01]
    words = [[0.5, 0.9, " so", 0.9], [2.5, 2.6, " it", 0.8]]
    assigned = assign_speakers([[*row, words]], TALK)
    assert [(s["id"], s["avg_logprob"], s["speaker"]) for s in assigned] == [
        (1, -0.2, "A"),
        (2, -0.2, "B"),
    ]
    assert assigned[0]["words"] == [
        {"start": 0.5, "end": 0.9, "word": " so", "probability": 0.9, "speaker": "A"}
    ]


def test_half_characters_of_whisper_cpp_come_back_byte_by_byte(tmp_path: Path) -> None:
    halves = [b'{"text": "\xe4\xbd", "offsets": {"from": 500, "to": 800}}']
    halves += [b'{"text": "\xa0", "offsets": {"from": 800, "to": 900}}']
    halves += [b'{"text": "\xe5\xa5\xbd", "offsets": {"from": 2500, "to": 2600}}']
    text = '{"transcription": [{"offsets": {"from": 500, "to": 2600}, "text": "你好", "tokens": ['
    (tmp_path / "call.json").write_bytes(text.encode() + b", ".join(halves) + b"]}]}")
    found = assign_speakers(transcripts.read(tmp_path / "call.json"), TALK)
    assert [(p.text, p.speaker) for p in found.passages] == [("你", "A"), ("好", "B")]
    written = transcripts.dumps(found, "json").encode(errors="surrogateescape")
    assert b'"\xe4\xbd"' in written
    assert b'"\xa0"' in written


def test_tokens_are_joined_to_words_and_markers_are_none() -> None:
    tokens = [
        {"text": text, "offsets": {"from": at, "to": at + 100}}
        for text, at in [("[_BEG_]", 0), (" Good", 500), ("bye", 1200), (",", 1300), (" you", 2000)]
    ]
    tokens.append({"text": "[_TT_130]"})
    entry = {"offsets": {"from": 0, "to": 2600}, "text": " Goodbye, you", "tokens": tokens}
    turns = Annotation.of([(0, 1.25, "A"), (1.95, 3, "B")])
    parts = assign_speakers({"transcription": [entry]}, turns)["transcription"]
    assert [(p["text"], p["offsets"], p["speaker"]) for p in parts] == [
        (" Goodbye,", {"from": 0, "to": 1400}, "A"),
        (" you", {"from": 2000, "to": 2600}, "B"),
    ]
    told = [[token.get("speaker", "-") for token in part["tokens"]] for part in parts]
    assert told == [["-", "A", "A", "A"], ["B", "-"]]


def test_timestamps_of_whisper_cpp_follow_the_offsets() -> None:
    entry = {
        "timestamps": {"from": "00:00:00,500", "to": "01:00:02,600"},
        "offsets": {"from": 500, "to": 3_602_600},
        "text": " aa bb",
    }
    turns = Annotation.of([(0, 1, "A"), (3602, 3602.5, "B")])
    parts = assign_speakers({"transcription": [entry]}, turns)["transcription"]
    assert [part["timestamps"] for part in parts] == [
        {"from": "00:00:00,500", "to": "00:00:01,000"},
        {"from": "01:00:02,000", "to": "01:00:02,600"},
    ]


def test_an_unknown_format_names_the_known() -> None:
    with pytest.raises(FormatError, match="'docx' is unknown: choose json, srt"):
        transcripts.dumps(transcripts.parse(SRT), "docx")
