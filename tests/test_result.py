"""What a diarization returns serializes as pyannote's."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ovdiar import Annotation, DiarizationResult, Segment, Turn
from ovdiar.errors import MissingPackageError
from ovdiar.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Callable

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


def result(**changed: Any) -> DiarizationResult:
    """Return a result with everything, or with some of it changed."""
    turns = (Turn(Segment(0, 1), "A", confidence=0.9), Turn(Segment(0.5, 2), "<B>"))
    whole = DiarizationResult(
        Annotation(turns, "call"),
        Annotation.of([(0, 1, "A"), (1, 2, "<B>")], "call"),
        np.array([[1.0, 2.0], [np.nan, 0.0]]),
        {"uri": "call", "parameters": {"threshold": 0.5}},
        (Notice("left-out", "1 s < 2 s was left out", {"seconds": 1}),),
    )
    return replace(whole, **changed)


@pytest.mark.parametrize("carry", [lambda each: pickle.loads(pickle.dumps(each)), copy.deepcopy])  # noqa: S301
def test_a_result_equals_its_copy(carry: Callable[[Any], Any]) -> None:
    carried = carry(result())
    assert carried == result()
    assert hash(carried) == hash(result())


@pytest.mark.parametrize(
    "changed",
    [
        {"speaker_diarization": Annotation()},
        {"exclusive_speaker_diarization": Annotation()},
        {"speaker_embeddings": np.zeros((2, 2))},
        {"speaker_embeddings": np.zeros((1, 2))},
        {"provenance": None},
        {"notices": ()},
    ],
)
def test_results_that_differ_are_unequal(changed: dict[str, Any]) -> None:
    assert result(**changed) != result()


def test_a_result_equals_nothing_else() -> None:
    assert result() != result().speaker_diarization


def test_a_notebook_shows_turns_and_notices_as_text() -> None:
    shown = result()._repr_html_()
    assert result().speaker_diarization._repr_svg_() == result()._repr_svg_()
    assert result()._repr_svg_() in shown
    assert "1 s &lt; 2 s was left out" in shown
    assert "&lt;B&gt;" in shown
    assert "<B>" not in shown


def test_a_dataframe_has_a_row_for_each_turn() -> None:
    pytest.importorskip("pandas")
    frame = result().to_dataframe()
    assert list(frame.columns) == ["start", "end", "speaker", "confidence"]
    assert frame["speaker"].tolist() == ["A", "<B>"]
    assert frame[["start", "end"]].to_numpy().tolist() == [[0.0, 1.0], [0.5, 2.0]]
    assert frame["confidence"].isna().tolist() == [False, True]


def test_a_dataframe_of_nobody_has_the_same_columns() -> None:
    pytest.importorskip("pandas")
    nobody = DiarizationResult(Annotation(), Annotation(), np.zeros((0, 4))).to_dataframe()
    assert nobody.dtypes[["start", "end", "confidence"]].tolist() == [np.dtype(float)] * 3
    assert len(nobody) == 0


def test_without_pandas_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match="pip install pandas"):
        result().to_dataframe()
