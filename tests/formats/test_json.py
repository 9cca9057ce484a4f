"""JSON is what pyannote.audio 4 serializes, and both of its lists can be read."""

from __future__ import annotations

import json as library
from dataclasses import replace

import numpy as np
import pytest
from reference.spoken import rows

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import FormatError
from ovdiar.formats import json
from ovdiar.formats.json import Saved
from ovdiar.result import DiarizationResult
from ovdiar.segment import Segment
from ovdiar.serialization import EXCLUSIVE

TURNS = Annotation.of([(0.0, 2.00049, "A"), (1.0, 3.0, "B")])
ALONE = Annotation.of([(0.0, 1.5, "A"), (1.5, 3.0, "B")])


def test_both_lists_are_those_of_a_result() -> None:
    result = DiarizationResult(TURNS, ALONE, np.zeros((2, 1)))
    assert library.loads(json.dumps(TURNS, ALONE, notices=())) == result.serialize()


def test_either_list_can_be_read() -> None:
    text = json.dumps(TURNS, ALONE)
    assert rows(json.loads(text)) == [(0.0, 2.0, "A"), (1.0, 3.0, "B")]
    assert rows(json.loads(text, part=EXCLUSIVE)) == rows(ALONE)


def test_a_list_may_stand_alone_and_say_more() -> None:
    text = '[{"speaker": 7, "start": 1, "end": 2.5, "confidence": 0.9}]'
    assert rows(json.loads(text)) == [(1.0, 2.5, "7")]


def test_confidences_are_read_back() -> None:
    turns = (Turn(Segment(0, 1), "A", confidence=0.912), Turn(Segment(1, 2), "B"))
    back = json.loads(json.dumps(Annotation(turns)))
    assert [turn.confidence for turn in back.turns] == [0.912, None]


def test_all_that_a_file_holds_is_read_back() -> None:
    provenance = {"uri": "call", "parameters": {"threshold": 0.25}}
    text = json.dumps(ALONE, ALONE, provenance)
    saved = json.load_saved(text)
    assert (saved.annotation, saved.exclusive) == (replace(ALONE, uri="call"),) * 2
    assert saved.provenance == provenance
    assert json.dumps(saved.annotation, saved.exclusive, saved.provenance) == text


def test_what_a_file_does_not_hold_is_none() -> None:
    saved = json.load_saved('{"diarization": [], "provenance": 3}')
    assert saved == Saved(Annotation())


def test_names_are_given_in_both_lists() -> None:
    named = Saved(TURNS, ALONE).rename_labels({"A": "Ann"})
    assert named.annotation.labels() == ["Ann", "B"]
    assert named.exclusive == ALONE.rename_labels({"A": "Ann"})
    assert Saved(TURNS).rename_labels({"A": "Ann"}).exclusive is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("3", "no list 'diarization'"),
        ('{"segments": 3}', "no list 'diarization'"),
        ('{"diarization": {}}', "no list 'diarization'"),
        ('[{"start": 0, "end": 1}]', "turn 1: expected an object with start, end and speaker"),
        ('[{"start": 0, "end": 1, "speaker": "A"}, 3]', "turn 2: expected an object"),
        ('[{"start": 0, "end": 1, "speaker": null}]', "the speaker None is not a name"),
        ('[{"start": NaN, "end": 1, "speaker": "A"}]', "the start nan is not a number"),
        ('[{"start": "x", "end": 1, "speaker": "A"}]', "the start 'x' is not a number"),
        (
            '[{"start": 0, "end": 1, "speaker": "A", "confidence": 2}]',
            "2 is not a number from 0 to 1",
        ),
        (
            '[{"start": 0, "end": 1, "speaker": "A", "confidence": "x"}]',
            "'x' is not a number from 0",
        ),
        ('{"diarization": [], "exclusive_diarization": 3}', "no list 'exclusive_diarization'"),
        ('[{"start": 2, "end": 1, "speaker": "A"}]', "the end 1.0 s is before the start 2.0 s"),
    ],
)
def test_what_is_malformed_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        json.load_saved(text)
