"""Windows and embeddings that are right give turns that are right, in any order of speakers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.live import Viewer
from reference.live_stage import Stage

TALK = [(0, 3, 43), (1, 45, 80), (0, 84, 110), (2, 112, 150), (1, 153, 190), (0, 195, 230)]


def named(talk: list[tuple[int, int, int]]) -> list[tuple[str, int, int]]:
    """Name voices in the order in which they are first heard."""
    order = list(dict.fromkeys(voice for voice, _, _ in talk))
    return [(f"SPEAKER_{order.index(voice):02d}", begin, end) for voice, begin, end in talk]


@pytest.mark.parametrize("latency", [1.0, 2.0, 5.0])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
def test_the_order_of_speakers_in_windows_does_not_matter(latency: float, seed: int) -> None:
    stage = Stage(TALK, latency, seed).play(235)
    assert stage.final() == named(TALK)


def test_what_is_final_was_final_at_once() -> None:
    stage = Stage(TALK).play(235)
    assert len(Viewer(stage.events).final) == len(TALK)
    for event in stage.events:
        if event.kind == "final":
            assert event.at - event.end <= 2.0 + 1e-9 or event.end < 5.0


def test_nobody_is_forgotten_in_a_long_silence() -> None:
    talk = [(0, 3, 33), (1, 300, 340), (0, 600, 630)]
    stage = Stage(talk).play(650)
    assert stage.final() == named(talk)
    assert len(stage.decisions.labelling.pieces.settled) == 4


def test_overlap_is_two_turns() -> None:
    talk = [(0, 0, 60), (1, 50, 90), (0, 95, 130), (1, 120, 160)]
    assert Stage(talk, 5.0).play(165).final() == named(talk)


def test_speech_is_cut_anew_when_later_windows_tell_two_voices_apart() -> None:
    talk = [(0, 0, 40), (1, 40, 70), (0, 75, 120)]
    late = Stage(talk, 2.0, blind=(40, 45)).play(125)
    assert late.final() == named(talk)
    soon = Stage(talk, 0.5, blind=(40, 45)).play(125)
    assert soon.final() != named(talk)


def test_a_speaker_who_is_certain_keeps_the_speech_that_was_compared() -> None:
    talk = [(0, 0, 40), (1, 45, 80), (0, 82, 110)]
    stage = Stage(talk, 2.0)
    for end in range(5, 76, 5):
        stage.step(end)
    certain = [e for e in Viewer(stage.events).shown.values() if not e.provisional]
    assert [e.speaker for e in certain if e.compared > 7.0] == ["SPEAKER_01"]
    stage.talk = [(0, 0, 110)]
    stage.play(110)
    kept = [turn for turn in stage.final() if turn[0] == "SPEAKER_01"]
    assert kept[0][1] <= 46
    assert kept[0][2] >= 70


def test_new_voices_are_shown_at_once_and_take_the_same_number() -> None:
    stage = Stage(TALK)
    for end in range(5, 51, 5):
        stage.step(end)
    begun = [e for e in stage.events if e.kind == "start"]
    assert (begun[0].speaker, begun[0].provisional) == ("SPEAKER_00", True)
    assert begun[0].at <= 1.0
    assert not any(e.kind == "relabel" and e.turn == begun[0].turn for e in stage.events)


def test_speech_too_short_for_an_embedding_goes_to_the_nearest_speaker() -> None:
    talk = [(0, 0, 40), (1, 42, 44), (0, 60, 90)]
    final = Stage(talk).play(95).final()
    assert {speaker for speaker, _, _ in final} == {"SPEAKER_00"}


def test_pieces_are_embedded_once_unless_they_grow() -> None:
    stage = Stage([(0, 0, 30), (1, 40, 70), (0, 80, 110)]).play(130)
    assert stage.embedded <= 9
