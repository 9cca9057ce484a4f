"""JSON is what pyannote.audio 4 serializes, and both of its lists can be read."""

from __future__ import annotations

import json as library

import numpy as np
import pytest
from reference.spoken import rows

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import json
from ovdiar.result import DiarizationResult

TURNS = Annotation.of([(0.0, 2.00049, "A"), (1.0, 3.0, "B")])
ALONE = Annotation.of([(0.0, 1.5, "A"), (1.5, 3.0, "B")])


def test_both_lists_are_those_of_a_result() -> None:
    result = DiarizationResult(TURNS, ALONE, np.zeros((2, 1)))
    assert library.loads(json.dumps(TURNS, ALONE)) == result.serialize()


def test_either_list_can_be_read() -> None:
    text = json.dumps(TURNS, ALONE)
    assert rows(json.loads(text)) == [(0.0, 2.0, "A"), (1.0, 3.0, "B")]
    assert rows(json.loads(text, part=json.EXCLUSIVE)) == rows(ALONE)


def test_a_list_may_stand_alone_and_say_more() -> None:
    text = '[{"speaker": 7, "start": 1, "end": 2.5, "confidence": 0.9}]'
    assert rows(json.loads(text)) == [(1.0, 2.5, "7")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("3", "no list 'diarization'"),
        ('{"segments": []}', "no list 'diarization'"),
        ('{"diarization": {}}', "no list 'diarization'"),
        ('[{"start": 0, "end": 1}]', "turn 1: expected an object with start, end and speaker"),
        ('[{"start": 0, "end": 1, "speaker": "A"}, 3]', "turn 2: expected an object"),
        ('[{"start": 0, "end": 1, "speaker": null}]', "the speaker None is no name"),
        ('[{"start": NaN, "end": 1, "speaker": "A"}]', "the start 'nan' is no number"),
        ('[{"start": "x", "end": 1, "speaker": "A"}]', "the start 'x' is no number"),
        ('[{"start": 2, "end": 1, "speaker": "A"}]', "the end 1.0 s is before the start 2.0 s"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        json.loads(text)
