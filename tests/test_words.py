"""Every word gets its speaker once, in order, and nothing else of a transcript changes."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.assignment import speakers_of, words_in
from reference.transcripts import (
    Said,
    conversations,
    faster_whisper,
    openai_whisper,
    speech,
    verbose_json,
    whisper_cpp,
    whisperx,
)

import ovdiar
from ovdiar.annotation import Annotation
from ovdiar.errors import ConfigError, FormatError, OvdiarWarning
from ovdiar.result import DiarizationResult

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[[list[list[Said]]], Any]

WITHIN = {"whisper": openai_whisper, "faster-whisper": faster_whisper, "whisperX": whisperx}
WRITERS: dict[str, Write] = {**WITHIN, "OpenAI": verbose_json, "whisper.cpp": whisper_cpp}
TALK = Annotation.of([(0, 2, "A"), (2, 4, "B"), (3, 6, "A")])
TWO = Annotation.of([(0, 2, "A"), (2, 6, "B")])


def assign(document: Any, annotation: Annotation | DiarizationResult, **how: Any) -> Any:
    """Assign without the warning of words that are far from all turns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OvdiarWarning)
        return ovdiar.assign_speakers(document, annotation, **how)


def segments_of(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, list):
        return document
    found: list[dict[str, Any]] = document.get("transcription") or document["segments"]
    return found


def say(*words: tuple[str, float, float]) -> dict[str, Any]:
    """Make one segment of words with times, as openai-whisper writes it."""
    listed = [{"word": f" {text}", "start": start, "end": end} for text, start, end in words]
    text = "".join(str(word["word"]) for word in listed)
    segment = {"start": words[0][1], "end": words[-1][2], "text": text, "words": listed}
    return {"segments": [segment]}


def told(document: Any) -> list[str | None]:
    return [word["speaker"] for word in words_in(document)]


@pytest.mark.parametrize("name", WITHIN)
@settings(max_examples=40)
@given(segments=speech(), annotation=conversations(), gap=st.sampled_from([0, 300, 1000, 60_000]))
def test_speakers_are_those_of_the_slow_reference(
    name: str, segments: list[list[Said]], annotation: Annotation, gap: int
) -> None:
    spans = [said.span_ms for segment in segments for said in segment if said.span_ms]
    found = assign(WRITERS[name](segments), annotation, max_gap=gap / 1000)
    assert told(found) == speakers_of(spans, annotation, gap)


@given(segments=speech(), annotation=conversations())
def test_words_beside_segments_and_words_of_tokens_get_the_same_speakers(
    segments: list[list[Said]], annotation: Annotation
) -> None:
    expected = told(assign(openai_whisper(segments), annotation))
    beside = assign(verbose_json(segments), annotation)
    assert [word["speaker"] for word in beside["words"]] == expected
    tokens = words_in(assign(whisper_cpp(segments), annotation))
    assert [t["speaker"] for t in tokens if t["text"].startswith(" ")] == expected


class Origin(NamedTuple):
    """A segment of the source, and the parts that came of it."""

    segment: dict[str, Any]
    parts: list[dict[str, Any]]


def origins(before: Any, after: Any) -> list[Origin]:
    """Tell by their texts which parts came of which segment."""
    parts = iter(segments_of(after))
    found = []
    for segment in segments_of(before):
        of_this = [next(parts)]
        while "".join(part["text"] for part in of_this) != segment["text"]:
            of_this.append(next(parts))
        found.append(Origin(segment, of_this))
    assert next(parts, None) is None
    return found


def unspoken(value: Any) -> Any:
    """Drop every speaker, wherever."""
    if isinstance(value, dict):
        return {key: unspoken(each) for key, each in value.items() if key != "speaker"}
    return [unspoken(each) for each in value] if isinstance(value, list) else value


OWN = {"start", "end", "text", "words", "offsets", "timestamps", "tokens", "id"}
"""What parts of a segment have of their own; whisper.cpp's tokens, and not Whisper's, are split."""


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=40)
@given(segments=speech(untimed=True), annotation=conversations())
def test_every_word_comes_once_in_order_and_nothing_else_changes(
    name: str, segments: list[list[Said]], annotation: Annotation
) -> None:
    before = WRITERS[name](segments)
    kept = copy.deepcopy(before)
    after = assign(before, annotation)
    assert before == kept
    assert unspoken(words_in(after)) == words_in(before)
    if isinstance(before, dict):
        parts = {"segments", "transcription"}
        assert {key: unspoken(after[key]) for key in after if key not in parts} == {
            key: before[key] for key in before if key not in parts
        }
    for segment, found in origins(before, after):
        if len(found) == 1:
            assert {**unspoken(found[0]), "id": 0} == {**segment, "id": 0}
        for part in found:
            assert part.keys() == segment.keys() | {"speaker"}
            assert [part[key] for key in segment.keys() - OWN] == [
                segment[key] for key in segment.keys() - OWN
            ]


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=40)
@given(segments=speech(untimed=True), annotation=conversations())
def test_parts_are_one_speakers_each_and_follow_each_other(
    name: str, segments: list[list[Said]], annotation: Annotation
) -> None:
    before = WRITERS[name](segments)
    for segment, parts in origins(before, assign(before, annotation)):
        spans = [span(part) for part in parts]
        assert (spans[0][0], spans[-1][1]) == span(segment)
        assert [start for start, _ in spans] == sorted(start for start, _ in spans)
        assert all(start <= end for start, end in spans)
        speakers = [part["speaker"] for part in parts]
        assert all(one != other for one, other in pairwise(speakers))
        for part in parts:
            assert {word["speaker"] for word in words_in([part])} <= {part["speaker"]}


def span(segment: dict[str, Any]) -> tuple[float, float]:
    if "offsets" in segment:
        return segment["offsets"]["from"], segment["offsets"]["to"]
    return segment["start"], segment["end"]


def test_a_segment_is_split_where_the_speaker_changes() -> None:
    document = say(("well", 0.2, 0.8), ("yes", 1.5, 1.9), ("no", 2.1, 2.4), ("way", 2.5, 2.9))
    parts = assign(document, TALK)["segments"]
    assert [(p["start"], p["end"], p["text"], p["speaker"]) for p in parts] == [
        (0.2, 1.9, " well yes", "A"),
        (2.1, 2.9, " no way", "B"),
    ]
    assert [word["speaker"] for word in parts[1]["words"]] == ["B", "B"]


def test_parts_of_people_who_talk_at_once_last_as_long_as_their_words() -> None:
    turns = Annotation.of([(0, 1, "A"), (1, 1.5, "B"), (1.5, 3, "C")])
    document = say(("a", 0.0, 0.9), ("c", 1.6, 2.3), ("b", 1.1, 1.4), ("c", 2.4, 3))
    assert [(s["start"], s["end"], s["speaker"]) for s in assign(document, turns)["segments"]] == [
        (0.0, 0.9, "A"),
        (1.1, 2.3, "C"),
        (1.1, 1.4, "B"),
        (2.4, 3.0, "C"),
    ]


def test_words_that_outlast_their_segment_keep_their_time_when_it_is_split() -> None:
    document = say((" so", 0.5, 1.0), (" it", 2.5, 2.9), (" goes", 3.0, 5.5))
    document["segments"][0]["end"] = 1.2
    found = [(s["start"], s["end"], s["speaker"]) for s in segments_of(assign(document, TWO))]
    assert found == [(0.5, 1.0, "A"), (2.5, 5.5, "B")]


def test_a_word_over_a_change_goes_where_most_of_it_is() -> None:
    assert told(assign(say(("a", 1.5, 2.4), ("b", 1.7, 2.4)), TALK)) == ["A", "B"]


def test_overlapped_words_go_to_who_was_speaking() -> None:
    document = say(("b", 2.5, 2.9), ("b", 3.2, 3.4), ("a", 4.1, 4.5), ("a", 3.5, 3.8))
    assert told(assign(document, TALK)) == ["B", "B", "A", "A"]


def test_overlapped_words_at_the_beginning_go_to_who_began_first() -> None:
    assert told(assign(say(("b", 3.2, 3.4)), TALK)) == ["B"]
    both = Annotation.of([(3, 4, "B"), (3, 5, "A")])
    assert told(assign(say(("a", 3.2, 3.4)), both)) == ["A"]


def test_a_result_is_read_with_one_speaker_at_a_time() -> None:
    alone = Annotation.of([(0, 3, "B"), (3, 6, "A")])
    result = DiarizationResult(TALK, alone, np.zeros((2, 1)))
    document = say(("b", 2.5, 2.9), ("a", 3.2, 3.4))
    assert told(assign(document, result)) == ["B", "A"]
    assert told(assign(document, TALK)) == ["B", "B"]


def test_words_in_gaps_go_to_the_nearest_turn_within_the_limit() -> None:
    turns = Annotation.of([(0, 1, "A"), (4, 5, "B")])
    document = say(("a", 1.2, 1.4), ("b", 3.0, 3.5), ("a", 1.9, 2.0), ("none", 2.2, 2.9))
    assert told(assign(document, turns)) == ["A", "B", "A", None]
    assert told(assign(document, turns, max_gap=0.1)) == [None] * 4
    assert told(assign(document, turns, max_gap=1.1)) == ["A", "B", "A", "B"]


def test_between_two_turns_as_near_the_ongoing_speaker_goes_on() -> None:
    turns = Annotation.of([(0, 1, "A"), (2, 3, "B")])
    assert told(assign(say(("a", 1.4, 1.6)), turns)) == ["A"]
    assert told(assign(say(("b", 2.1, 2.2), ("b", 1.4, 1.6)), turns)) == ["B", "B"]


def test_a_word_of_no_length_belongs_to_the_turn_around_it() -> None:
    assert told(assign(say(("a", 1.0, 1.0), ("b", 2.5, 2.5), ("b", 2.6, 2.1)), TALK)) == [*"ABB"]


def test_words_without_times_lie_between_their_neighbours() -> None:
    document = say(("one", 0.0, 1.0), ("in", 0, 0), ("1984", 0, 0), ("two", 3.0, 4.0))
    for word in document["segments"][0]["words"][1:3]:
        del word["start"], word["end"]
    after = assign(document, Annotation.of([(0, 1.5, "A"), (1.5, 4, "B")]))
    assert told(after) == ["A", "A", "B", "B"]
    assert [(s["start"], s["end"]) for s in after["segments"]] == [(0, 1.667), (1.667, 4.0)]
    assert "start" not in after["segments"][1]["words"][0]


@pytest.mark.parametrize("times", [{"start": None, "end": None}, {"start": 0.5}, {"start": np.nan}])
def test_half_a_time_is_none(times: dict[str, Any]) -> None:
    document = say(("one", 0.0, 1.0), ("two", 3.0, 3.5))
    document["segments"][0]["words"].insert(1, {"word": " x", **times})
    document["segments"][0]["text"] = " one x two"
    assert told(assign(document, Annotation.of([(0, 1.5, "A"), (2.9, 4, "B")]))) == ["A", "A", "B"]


def test_segments_without_words_are_split_by_the_talk_in_them() -> None:
    segment = {"start": 0.0, "end": 10.0, "text": " aaaa aaaa bbbb bbbb"}
    turns = Annotation.of([(1, 2, "A"), (8, 9, "B")])
    parts = assign([segment], turns)
    assert parts == [
        {"start": 0.0, "end": 2.0, "text": " aaaa aaaa", "speaker": "A"},
        {"start": 8.0, "end": 10.0, "text": " bbbb bbbb", "speaker": "B"},
    ]


def test_a_word_that_is_a_segment_is_never_cut() -> None:
    parts = assign([{"start": 0, "end": 4, "text": " antidisestablishmentarianism"}], TALK)
    assert [part["text"] for part in parts] == [" antidisestablishmentarianism"]


def test_scripts_without_blanks_are_split_between_characters() -> None:
    parts = assign([{"start": 0, "end": 4, "text": "你好。再见"}], TALK)
    assert [(part["text"], part["speaker"]) for part in parts] == [("你好。", "A"), ("再见", "B")]


def test_words_that_have_no_speaker_are_warned_of() -> None:
    document = say(("a", 0.5, 1), ("none", 60, 61))
    with pytest.warns(OvdiarWarning, match=r"1 of 2 words .* 1\.0 s from any turn"):
        assert told(ovdiar.assign_speakers(document, TALK)) == ["A", None]
    with pytest.warns(OvdiarWarning, match="2 of 2 words"):
        after = ovdiar.assign_speakers(document, Annotation())
    assert [segment["speaker"] for segment in after["segments"]] == [None]


def test_speakers_of_before_are_replaced() -> None:
    document = say(("a", 0.5, 1), ("b", 2.5, 2.6))
    once = assign(document, TALK)
    twice = assign(once, TALK.rename_labels({"A": "Ann", "B": "Bob"}))
    assert [segment["speaker"] for segment in twice["segments"]] == ["Ann", "Bob"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([0, 1], [0, 1, 2]),
        ([7, 8], [7, 8, 9]),
        ([5, 3], [5, 5, 3]),
        (["a", "b"], ["a", "a.2", "b"]),
    ],
)
def test_identifiers_count_on_or_tell_the_part(given: list[Any], expected: list[Any]) -> None:
    both = say(("a", 0.5, 1), ("b", 2.5, 2.6))["segments"][0] | {"id": given[0]}
    after = say(("b", 2.6, 2.9))["segments"][0] | {"id": given[1]}
    assert [segment["id"] for segment in assign([both, after], TALK)] == expected


def test_characters_of_whisperx_are_split_with_their_text() -> None:
    document = say(("ab", 0.5, 1), ("cd", 2.5, 2.6))
    document["segments"][0]["chars"] = [{"char": c} for c in " ab cd"]
    parts = assign(document, TALK)["segments"]
    assert ["".join(c["char"] for c in part["chars"]) for part in parts] == [" ab", " cd"]


@dataclass
class SegmentOfNow:
    """As faster-whisper's segments are since 1.1."""

    start: float
    end: float
    text: str
    words: list[WordOfNow] | None


@dataclass
class WordOfNow:
    start: float
    end: float
    word: str


class WordOfOld(NamedTuple):
    start: float
    end: float
    word: str
    probability: float


class SegmentOfOld(NamedTuple):
    """As faster-whisper's segments were before."""

    start: float
    end: float
    text: str
    words: list[WordOfOld] | None


def test_segments_of_faster_whisper_are_taken_as_they_come() -> None:
    now = SegmentOfNow(0.5, 2.6, " a b", [WordOfNow(0.5, 1, " a"), WordOfNow(2.5, 2.6, " b")])
    old = SegmentOfOld(
        0.5, 2.6, " a b", [WordOfOld(0.5, 1, " a", 0.5), WordOfOld(2.5, 2.6, " b", 1)]
    )
    for segment in (now, old):
        parts = assign((each for each in [segment]), TALK)
        assert [(part["text"], part["speaker"]) for part in parts] == [(" a", "A"), (" b", "B")]
        assert told(parts) == ["A", "B"]
    assert assign([SegmentOfOld(0, 1, " a", None)], TALK)[0]["speaker"] == "A"


@pytest.mark.parametrize("gap", [-0.1, float("nan")])
def test_a_gap_that_is_none_is_refused(gap: float) -> None:
    with pytest.raises(ConfigError, match=r"max_gap is .*: give at least 0 s"):
        ovdiar.assign_speakers([], TALK, max_gap=gap)


def test_what_is_no_transcript_is_refused() -> None:
    with pytest.raises(FormatError, match="not a known transcript format"):
        ovdiar.assign_speakers({"diarization": []}, TALK)
    with pytest.raises(FormatError, match=r"segment 1: 3 is not an object"):
        ovdiar.assign_speakers([3], TALK)
