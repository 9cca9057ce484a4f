"""Turns grow, wait for their speaker, change over and end; what is final stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reference.live import Viewer

from ovdiar.clustering.attenuation import Attenuation
from ovdiar.frames import FrameGrid
from ovdiar.streaming.speakers import Speakers
from ovdiar.streaming.turns import Stretch, Turns

if TYPE_CHECKING:
    from ovdiar.streaming.events import Event

GRID = FrameGrid(10, 10, 0, 100)  # frame n is the time from n to n + 1 tenths of a second


def speakers(confirmed: int, provisional: int = 0) -> Speakers:
    made = Speakers(Attenuation(fade_s=0.66, usual_level=0.68, margin_s=0.25, side=0.3), 0.75)
    for number in range(confirmed + provisional):
        made.known[made.add()].confirmed = number < confirmed
    return made


def turns(gap: int = 0, shortest: int = 0) -> Turns:
    return Turns(GRID, gap, shortest, None)


def stretch(speaker: int, start: int, end: int, *, decided: bool = False) -> Stretch:
    return Stretch(speaker, start, end, 1.0, 1.0, compared=end, decided=decided)


def summary(events: list[Event]) -> list[tuple[str, int, str, float, float, bool]]:
    rounded = [(round(e.start - 0.05, 2), round(e.end - 0.05, 2)) for e in events]
    return [
        (e.kind, e.turn, e.speaker, *times, e.open)
        for e, times in zip(events, rounded, strict=True)
    ]


def test_a_turn_grows_becomes_final_and_ends() -> None:
    who, held = speakers(1), turns()
    events = held.update([stretch(0, 5, 10)], 0, who, 1.0)
    events += held.update([stretch(0, 5, 8, decided=True), stretch(0, 8, 12)], 8, who, 1.2)
    events += held.update([stretch(0, 8, 12, decided=True)], 14, who, 1.8)
    assert summary(events) == [
        ("start", 0, "SPEAKER_00", 0.5, 1.0, True),
        ("tentative", 0, "SPEAKER_00", 0.5, 1.2, True),
        ("final", 0, "SPEAKER_00", 0.5, 0.8, True),
        ("final", 0, "SPEAKER_00", 0.5, 1.2, False),
    ]


def test_a_gap_is_filled_up_to_its_length() -> None:
    who, held = speakers(1), turns(gap=2)
    parts = [stretch(0, 0, 5, decided=True), stretch(0, 7, 9, decided=True)]
    held.update([*parts, stretch(0, 12, 15, decided=True)], 20, who, 2.0)
    assert [(each.start, each.end) for each in held.finals()] == [(0, 9), (12, 15)]


def test_a_provisional_speaker_waits_and_is_relabelled() -> None:
    who, held = speakers(1, 1), turns()
    events = held.update([stretch(1, 0, 5)], 5, who, 0.5)
    who.merge(1, 0)
    events += held.update([stretch(0, 0, 5, decided=True)], 7, who, 0.7)
    assert [(e.kind, e.speaker, e.provisional) for e in events] == [
        ("start", "SPEAKER_01", True),
        ("relabel", "SPEAKER_00", False),
        ("final", "SPEAKER_00", False),
    ]
    assert events[1].previous == "SPEAKER_01"


def test_what_has_gone_is_retracted() -> None:
    who, held = speakers(1), turns()
    events = held.update([stretch(0, 0, 5)], 0, who, 0.5) + held.update([], 3, who, 0.8)
    assert [e.kind for e in events] == ["start", "retract"]
    assert held.finals() == []


def test_turns_that_stay_short_are_no_turns() -> None:
    who, held = speakers(1), turns(shortest=4)
    events = held.update([stretch(0, 0, 2, decided=True), stretch(0, 2, 3)], 2, who, 0.3)
    events += held.update([stretch(0, 2, 6, decided=True)], 6, who, 0.6)
    events += held.update([], 8, who, 0.8)
    events += held.update([stretch(0, 9, 11, decided=True)], 13, who, 1.3)
    assert [(each.start, each.end) for each in held.finals()] == [(0, 6)]
    assert Viewer(events).final == {0: (0.05, 0.65, "SPEAKER_00")}


def test_a_merged_speakers_final_turn_ends_and_the_rest_is_the_others() -> None:
    who, held = speakers(2), turns()
    events = held.update([stretch(1, 0, 4, decided=True), stretch(1, 4, 6)], 4, who, 0.6)
    who.merge(1, 0)
    events += held.update([stretch(0, 4, 8, decided=True)], 10, who, 1.0)
    final = sorted(Viewer(events).final.values())
    assert [row[2] for row in final] == ["SPEAKER_01", "SPEAKER_00"]
    assert [row[:2] for row in final] == [pytest.approx((0.05, 0.45)), pytest.approx((0.45, 0.85))]


def test_a_late_decision_does_not_repeat_what_is_final() -> None:
    who, held = speakers(1), turns()
    held.update([stretch(0, 0, 10, decided=True)], 12, who, 1.2)
    held.update([stretch(0, 4, 15, decided=True)], 17, who, 1.7)
    assert [(each.start, each.end) for each in held.finals()] == [(0, 10), (10, 15)]


def test_a_turn_is_provisional_until_its_voice_was_compared() -> None:
    who, held = speakers(2), turns()
    events = held.update([Stretch(0, 5, 10, 1.0, 1.0, compared=5)], 0, who, 1.0)
    events += held.update([Stretch(1, 5, 12, 1.0, 1.0, compared=9)], 0, who, 1.2)
    events += held.update([stretch(1, 5, 12, decided=True)], 12, who, 1.4)
    told = [(e.kind, e.provisional, round(e.compared - 0.05, 2)) for e in events]
    assert told == [("start", True, 0.5), ("relabel", False, 0.9), ("final", False, 1.2)]


def test_a_certain_turn_is_not_given_to_another_speaker() -> None:
    who, held = speakers(2), turns()
    events = held.update([stretch(0, 5, 10)], 0, who, 1.0)
    events += held.update([stretch(1, 5, 12)], 0, who, 1.2)
    assert [(event.kind, event.turn) for event in events] == [
        ("start", 0),
        ("retract", 0),
        ("start", 1),
    ]


def test_what_is_final_is_not_provisional_though_its_voice_was_not_compared() -> None:
    who, held = speakers(1), turns()
    events = held.update([Stretch(0, 5, 8, 1.0, 1.0, compared=5, decided=True)], 8, who, 1.0)
    assert [(event.kind, event.provisional) for event in events] == [
        ("start", False),
        ("final", False),
    ]
