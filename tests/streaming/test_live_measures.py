"""What live diarization is measured by counts what a viewer would see."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.live_measures import label_switches, relabelled, waits

from ovdiar import Annotation
from ovdiar.streaming.events import Event


def event(kind: Any, turn: int, speaker: str, end: float, at: float, **values: Any) -> Event:
    return Event(kind, turn, speaker, 0.0, end, at=at, **{"compared": end, **values})


@pytest.mark.parametrize(
    ("shown", "counts"),
    [
        ({}, (1, 0)),
        ({"compared": 0.5}, (1, 0)),
        ({"compared": 0.1}, (0, 0)),
        ({"provisional": True}, (0, 0)),
    ],
)
def test_speech_of_a_certain_speaker_that_becomes_anothers_is_counted(
    shown: dict[str, Any], counts: tuple[int, int]
) -> None:
    events = [
        event("start", 0, "A", 2.0, 2.0, **shown),
        event("retract", 0, "A", 2.0, 2.5),
        event("start", 1, "B", 2.5, 2.5),
    ]
    assert relabelled(events) == counts


def test_provisional_turns_that_are_given_away_are_counted_apart() -> None:
    events = [
        event("start", 0, "A", 1.0, 1.0, provisional=True),
        event("relabel", 0, "B", 1.5, 1.5, previous="A"),
    ]
    assert relabelled(events) == (0, 1)


def test_what_ends_or_is_joined_by_another_is_no_change() -> None:
    events = [
        event("start", 0, "A", 2.0, 2.0),
        event("final", 0, "A", 1.0, 2.0, open=True),
        event("start", 1, "B", 2.5, 2.5),
        event("final", 0, "A", 2.0, 3.0, open=False),
    ]
    assert relabelled(events) == (0, 0)


def test_waiting_is_counted_by_tenths_of_a_second() -> None:
    events = [
        event("start", 0, "A", 0.3, 0.5),
        event("final", 0, "A", 0.2, 1.0, open=True),
        event("final", 0, "A", 0.3, 2.0, open=False),
    ]
    assert waits(events) == {10: 1, 9: 1, 18: 1}


def test_switches_are_changes_of_label_within_a_speakers_speech() -> None:
    truth = Annotation.of([(0, 10, "a")])
    found = Annotation.of([(0, 4, "x"), (4, 6, "y"), (6, 10, "x")])
    switches, speech_s = label_switches(truth, found)
    assert switches == 2
    assert speech_s == pytest.approx(10.0, abs=0.2)
