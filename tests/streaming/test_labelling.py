"""Tracks keep their speakers, and what is known is not embedded again."""

from __future__ import annotations

import numpy as np
import pytest

from ovdiar.clustering.attenuation import Attenuation
from ovdiar.streaming.labelling import Labelling
from ovdiar.streaming.speakers import Speakers
from ovdiar.streaming.speech import LivePiece

USUAL = Attenuation(fade_s=0.66, usual_level=0.68, margin_s=0.25, side=0.3)
FRAME_S = 0.1
VOICES = np.eye(4, dtype=np.float32)


def labelling() -> Labelling:
    """Begin with nobody; a speaker is certain after 2 s."""
    return Labelling(Speakers(USUAL, 0.75), FRAME_S, 2.0)


def piece(track: int, start: int, end: int, *, closed: bool = True) -> LivePiece:
    return LivePiece(track, [(start, end)], embedded=end - start, closed=closed)


def hear(held: Labelling, voice: int, track: int, start: int, end: int, final: int = 0) -> None:
    held.take(piece(track, start, end), VOICES[voice], final)


@pytest.mark.parametrize(("frames", "outgrown"), [(14, False), (15, True), (30, True)])
def test_a_complete_piece_is_embedded_again_where_it_is_much_longer(
    frames: int, *, outgrown: bool
) -> None:
    grown = piece(0, 0, frames)
    assert grown.outgrown
    grown.embedding, grown.embedded = VOICES[0], 10
    assert grown.outgrown is outgrown


def test_pieces_that_grow_are_doubtful_until_their_speaker_is_certain() -> None:
    held = labelling()
    growing = piece(0, 0, 10, closed=False)
    assert held.doubts(growing)
    hear(held, 0, 0, 0, 10)
    assert held.doubts(piece(0, 10, 20, closed=False))
    hear(held, 0, 0, 10, 20)
    assert not held.doubts(piece(0, 20, 30, closed=False))
    assert held.doubts(piece(1, 30, 40, closed=False))


def test_a_certain_speaker_keeps_what_was_compared() -> None:
    held = labelling()
    hear(held, 0, 0, 0, 30)
    hear(held, 1, 1, 30, 60)
    first, second = held.speaker_at(0, 0), held.speaker_at(1, 30)
    held.take(piece(2, 60, 70, closed=False), VOICES[0], 60)
    assert held.speaker_at(2, 60) == first
    hear(held, 1, 2, 60, 90, final=60)
    assert [held.speaker_at(2, frame) for frame in (60, 69, 70, 89)] == [
        first,
        first,
        *[second] * 2,
    ]


def test_a_certain_speaker_is_merged_when_nothing_of_theirs_can_change() -> None:
    held = labelling()
    hear(held, 0, 0, 0, 30)
    hear(held, 1, 1, 200, 230)
    first, second = held.speaker_at(0, 0), held.speaker_at(1, 200)
    held.speakers.known[second].evidence = held.speakers.known[first].evidence
    hear(held, 0, 1, 240, 270, final=240)
    assert held.speakers.root(second) == second
    held.settle(260)
    assert held.speakers.root(second) == second
    held.settle(270)
    assert held.speakers.root(second) == first
