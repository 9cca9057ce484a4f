"""What a diarization returns serializes as pyannote's."""

from __future__ import annotations

import json
from importlib.metadata import version

import numpy as np

from ovdiar import Annotation, DiarizationResult, Segment, Turn

SPEAKING = Annotation.of([(0.03096875, 1.2345678, "SPEAKER_00"), (1, 2, "SPEAKER_01")], uri="a")
EXCLUSIVE = Annotation.of([(0.03096875, 1, "SPEAKER_00"), (1, 2, "SPEAKER_01")], uri="a")


def test_both_annotations_are_listed_with_times_in_milliseconds() -> None:
    content = DiarizationResult(SPEAKING, EXCLUSIVE, np.zeros((2, 4))).serialize()
    assert {name: content[name] for name in ("diarization", "exclusive_diarization")} == {
        "diarization": [
            {"start": 0.031, "end": 1.235, "speaker": "SPEAKER_00"},
            {"start": 1, "end": 2, "speaker": "SPEAKER_01"},
        ],
        "exclusive_diarization": [
            {"start": 0.031, "end": 1, "speaker": "SPEAKER_00"},
            {"start": 1, "end": 2, "speaker": "SPEAKER_01"},
        ],
    }


def test_a_serialized_result_is_json() -> None:
    result = DiarizationResult(SPEAKING, EXCLUSIVE, np.zeros((2, 4)))
    assert json.loads(json.dumps(result.serialize())) == result.serialize()


def test_nobody_serializes_to_empty_lists() -> None:
    nobody = DiarizationResult(Annotation(), Annotation(), np.zeros((0, 4)))
    assert nobody.serialize() == {
        "diarization": [],
        "exclusive_diarization": [],
        "speakers": [],
        "notices": [],
        "provenance": {"ovdiar": version("ovdiar")},
    }


def test_turns_have_their_confidence_where_it_is_known() -> None:
    turns = (Turn(Segment(0, 1), "A", confidence=0.91237), Turn(Segment(1, 2), "B"))
    content = DiarizationResult(Annotation(turns), EXCLUSIVE, np.zeros((2, 4))).serialize()
    assert [row.get("confidence") for row in content["diarization"]] == [0.912, None]
    assert "confidence" not in content["diarization"][1]


def test_speakers_are_told_by_their_talk() -> None:
    turns = Annotation.of([(0, 2, "A"), (1, 3, "A"), (5, 5.5, "A"), (2, 3.5, "B")])
    assert DiarizationResult(turns, turns, np.zeros((2, 4))).serialize()["speakers"] == [
        {"speaker": "A", "talk_s": 3.5, "turns": 3, "share": 0.7},
        {"speaker": "B", "talk_s": 1.5, "turns": 1, "share": 0.3},
    ]


def test_what_made_it_is_told_as_it_is_known() -> None:
    plain = DiarizationResult(SPEAKING, EXCLUSIVE, np.zeros((2, 4)))
    assert plain.serialize()["provenance"] == {"ovdiar": version("ovdiar"), "uri": "a"}
    told = DiarizationResult(SPEAKING, EXCLUSIVE, np.zeros((2, 4)), {"uri": "b", "duration_s": 2.5})
    assert told.serialize()["provenance"] == {"uri": "b", "duration_s": 2.5}
