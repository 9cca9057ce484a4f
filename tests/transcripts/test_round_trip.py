"""What is written of a transcript is read back: its words, their cues, and its speakers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from reference.transcripts import Said, conversations, openai_whisper, speech, whisper_cpp

from ovdiar import transcripts
from ovdiar.annotation import Annotation
from ovdiar.words import assign_speakers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ovdiar.transcripts.transcript import Transcript

TALK = Annotation.of([(0, 5, "A"), (5, 9, "B")])


@pytest.mark.filterwarnings("ignore::ovdiar.errors.OvdiarWarning")
@pytest.mark.parametrize("source", [openai_whisper, whisper_cpp])
@pytest.mark.parametrize("name", ["json", "srt", "vtt"])
@given(segments=speech(), annotation=conversations())
def test_words_and_their_cues_come_back(
    name: str,
    source: Callable[[list[list[Said]]], dict[str, Any]],
    segments: list[list[Said]],
    annotation: Annotation,
) -> None:
    found = assign_speakers(transcripts.from_document(source(segments)), annotation)
    if name == "srt" and len({passage.speaker is None for passage in found.passages}) > 1:
        return  # names that only some cues have are text
    back = transcripts.parse(transcripts.dumps(found, name))
    assert [p.text.split() for p in back.passages] == [p.text.split() for p in found.passages]
    assert [round(p.start, 3) for p in back.passages] == [round(p.start, 3) for p in found.passages]
    again = assign_speakers(back, annotation)
    assert _letters(again) == _letters(found)


def _letters(transcript: Transcript) -> str:
    return "".join("".join(passage.text.split()) for passage in transcript.passages)


def _halves(*texts: bytes) -> bytes:
    entries = b", ".join(
        b'{"offsets": {"from": %d, "to": %d}, "text": "%s"}' % (1000 * n, 1000 * (n + 1), text)
        for n, text in enumerate(texts, 1)
    )
    return b'{"transcription": [' + entries + b"]}"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ((b" caf\xc3", b"\xa9 ok"), [" café", " ok"]),
        ((b" \xe4\xbd", b"\xa0\xe5", b"\xa5\xbd"), [" 你", "好", ""]),
        ((b" \xf0", b"\x9f\x98", b"\x80 a"), [" 😀", "", " a"]),
        ((b" caf\xc3", b" ok"), [" caf\ufffd", " ok"]),
        ((b" caf", b"\xa9 ok"), [" caf", "\ufffd ok"]),
        ((b" caf\xc3", b"\xc3\xa9"), [" caf\ufffd", "é"]),
    ],
)
def test_characters_cut_between_segments_are_whole_where_they_begin(
    texts: tuple[bytes, ...], words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "w.json").write_bytes(_halves(*texts))
    found = transcripts.read(tmp_path / "w.json")
    assert [passage.text for passage in found.passages] == words
    assigned = assign_speakers(found, TALK)
    for name in transcripts.FORMATS:
        text = transcripts.dumps(assigned, name)
        assert text.encode().decode() == text
    content = json.loads(transcripts.dumps(assigned, "json"))["transcription"]
    assert [entry["text"] for entry in content] == words


@pytest.mark.parametrize("chars", [3, "so it", [], None, [{"char": "s"}]])
def test_characters_of_another_kind_are_left_alone(chars: object) -> None:
    segment = {"start": 4, "end": 6, "text": "so it", "chars": chars}
    parts = assign_speakers({"segments": [segment]}, TALK)["segments"]
    assert [part["chars"] for part in parts] == [chars] * 2


@pytest.mark.parametrize("value", [10**400, 1e300, True, "high", None])
def test_confidences_that_are_none_are_not_written(value: object) -> None:
    segment = {"start": 0, "end": 1, "text": "so", "words": [{"word": "so", "start": 0, "end": 1}]}
    segment["words"][0]["score"] = value  # type: ignore[index]
    written = transcripts.dumps(transcripts.from_document([segment]), "ctm")
    assert len(written) < 60
