"""JSON of other programs is read where it holds speakers."""

from __future__ import annotations

import json as library
from typing import TYPE_CHECKING, Any

import pytest
from reference.spoken import rows

from ovdiar import formats
from ovdiar.errors import FormatError, OvdiarWarning
from ovdiar.formats import json

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run

WHISPERX: dict[str, Any] = {
    "segments": [
        {
            "start": 0.0,
            "end": 2.0,
            "text": " Good morning. Hello.",
            "speaker": "SPEAKER_00",
            "words": [
                {"word": "Good", "start": 0.0, "end": 0.4, "speaker": "SPEAKER_00"},
                {"word": "morning.", "start": 0.5, "end": 1.0, "speaker": "SPEAKER_00"},
                {"word": "7"},
                {"word": "Hello.", "start": 1.5, "end": 2.0, "speaker": "SPEAKER_01"},
            ],
        },
        {"start": 3.0, "end": 4.0, "text": " Yes.", "speaker": "SPEAKER_01"},
    ],
    "word_segments": [],
    "language": "en",
}
JOB = {
    "jobId": "1",
    "status": "succeeded",
    "output": {
        "diarization": [
            {
                "start": 0.0,
                "end": 2.0,
                "speaker": "SPEAKER_00",
                "confidence": {"SPEAKER_00": 92, "SPEAKER_01": 8},
            },
            {"start": 1.0, "end": 3.0, "speaker": "SPEAKER_01"},
        ],
        "exclusiveDiarization": [
            {"start": 0.0, "end": 1.5, "speaker": "SPEAKER_00"},
            {"start": 1.5, "end": 3.0, "speaker": "SPEAKER_01"},
        ],
        "wordLevelTranscription": [
            {"start": 0.1, "end": 0.5, "text": "Good", "speaker": "SPEAKER_00"},
            {"start": 1.6, "end": 2.5, "text": "morning", "speaker": "SPEAKER_01"},
        ],
    },
}


def test_whisperx_gives_turns_that_change_where_its_words_do() -> None:
    assert rows(json.loads(library.dumps(WHISPERX))) == [
        (0.0, 1.0, "SPEAKER_00"),
        (1.5, 2.0, "SPEAKER_01"),
        (3.0, 4.0, "SPEAKER_01"),
    ]


def test_parts_without_a_speaker_are_left_out_with_a_warning() -> None:
    unknown = {"start": 5.0, "end": 6.0, "text": " What?"}
    content = {**WHISPERX, "segments": [*WHISPERX["segments"], unknown]}
    with pytest.warns(OvdiarWarning, match="1 of 4 parts of call.json have no speaker: left out"):
        found = json.loads(library.dumps(content), "call.json")
    assert len(found) == 3


def test_a_transcript_without_speakers_is_told_what_to_do_with_it() -> None:
    content = {"segments": [{"start": 0, "end": 1, "text": "Yes."}]}
    with pytest.raises(FormatError, match=r"without speakers: .*ovdiar assign"):
        json.loads(library.dumps(content))


@pytest.mark.parametrize("content", [JOB, JOB["output"]])
def test_a_job_of_pyannote_ai_gives_both_lists_and_confidences(content: Any) -> None:
    saved = json.load_saved(library.dumps(content))
    assert rows(saved.annotation) == [(0.0, 2.0, "SPEAKER_00"), (1.0, 3.0, "SPEAKER_01")]
    assert saved.exclusive is not None
    assert rows(saved.exclusive) == [(0.0, 1.5, "SPEAKER_00"), (1.5, 3.0, "SPEAKER_01")]
    assert [turn.confidence for turn in saved.annotation.turns] == [0.92, None]


def test_a_list_of_segments_may_stand_alone() -> None:
    alone = json.loads(library.dumps(WHISPERX["segments"]))
    assert rows(alone) == rows(json.loads(library.dumps(WHISPERX)))


@pytest.mark.parametrize("percent", [101, -1, 10**400, "9", True])
def test_a_confidence_that_is_no_percentage_is_refused(percent: Any) -> None:
    row = {"start": 0, "end": 1, "speaker": "A", "confidence": {"A": percent}}
    with pytest.raises(FormatError, match="confidence"):
        json.loads(library.dumps({"diarization": [row]}))


@pytest.mark.parametrize("speaker", [[], {}, None])
def test_a_speaker_that_is_no_name_is_refused_beside_confidences(speaker: Any) -> None:
    row = {"start": 0, "end": 1, "speaker": speaker, "confidence": {"A": 50}}
    with pytest.raises(FormatError, match="is not a name"):
        json.loads(library.dumps({"diarization": [row]}))


@pytest.mark.filterwarnings("ignore::ovdiar.errors.OvdiarWarning")
@pytest.mark.parametrize(
    "row", [5, [], {"text": "a", "speaker": "A"}, {"text": "a", "speaker": "A", "words": 5}]
)
def test_a_malformed_transcript_is_refused(row: Any) -> None:
    with pytest.raises(FormatError):
        json.loads(library.dumps({"segments": [{"text": "b", "speaker": "B"}, row]}))


@pytest.mark.parametrize("content", [WHISPERX, JOB])
def test_convert_and_assign_take_it_for_turns(
    content: dict[str, Any], ovdiar: Run, tmp_path: Path
) -> None:
    (tmp_path / "call.json").write_text(library.dumps(content))
    answer = ovdiar("convert", tmp_path / "call.json", tmp_path / "call.rttm")
    assert answer == (0, "", "")
    assert formats.read(tmp_path / "call.rttm").labels() == ["SPEAKER_00", "SPEAKER_01"]
    (tmp_path / "call.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nGood\n")
    answer = ovdiar("assign", tmp_path / "call.srt", tmp_path / "call.json", "--format", "txt")
    assert (answer.status, answer.err) == (0, "")
    assert "SPEAKER_00: Good" in answer.out


def test_assign_takes_the_words_of_a_pyannote_ai_job(ovdiar: Run, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(library.dumps(JOB))
    answer = ovdiar("assign", tmp_path / "job.json", tmp_path / "job.json", "--format", "json")
    assert (answer.status, answer.err) == (0, "")
    words = library.loads(answer.out)["words"]
    assert [(each["text"], each["speaker"]) for each in words] == [
        ("Good", "SPEAKER_00"),
        ("morning", "SPEAKER_01"),
    ]
