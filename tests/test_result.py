"""What a diarization returns serializes as pyannote's."""

from __future__ import annotations

import json

import numpy as np

from ovdiar import Annotation, DiarizationResult

SPEAKING = Annotation.of([(0.03096875, 1.2345678, "SPEAKER_00"), (1, 2, "SPEAKER_01")], uri="a")
EXCLUSIVE = Annotation.of([(0.03096875, 1, "SPEAKER_00"), (1, 2, "SPEAKER_01")], uri="a")


def test_both_annotations_are_listed_with_times_in_milliseconds() -> None:
    assert DiarizationResult(SPEAKING, EXCLUSIVE, np.zeros((2, 4))).serialize() == {
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
    assert nobody.serialize() == {"diarization": [], "exclusive_diarization": []}
