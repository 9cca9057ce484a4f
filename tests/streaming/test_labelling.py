"""Tracks keep their speakers, and what is known is not embedded again."""

from __future__ import annotations

import numpy as np
import pytest

from ovdiar.clustering.ahc import FREE
from ovdiar.clustering.attenuation import Attenuation
from ovdiar.streaming.heard import MOST, Heard
from ovdiar.streaming.labelling import Labelling
from ovdiar.streaming.reclustering import clusters_of, links_of, matched
from ovdiar.streaming.speakers import Speakers
from ovdiar.streaming.speech import LivePiece

USUAL = Attenuation(fade_s=0.66, usual_level=0.68, margin_s=0.25, side=0.3)
FRAME_S = 0.1
VOICES = np.eye(4, dtype=np.float32)


def labelling() -> Labelling:
    """Begin with nobody; a speaker is certain after 2 s."""
    return Labelling(Speakers(USUAL, 0.75), Heard(FRAME_S, USUAL.fade_s), 2.0)


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


def mixed(share: float) -> np.ndarray:
    """Return a voice between the first two."""
    return np.asarray((1 - share) * VOICES[0] + share * VOICES[1], np.float32)


def test_speakers_who_were_united_early_part_when_more_is_heard() -> None:
    held = labelling()
    hear(held, 0, 0, 0, 12)
    held.take(piece(1, 130, 140), mixed(0.5), 130)
    assert held.speaker_at(1, 130) == held.speaker_at(0, 0)
    for number in range(1, 5):
        start = 140 * number + 130
        hear(held, 0, 2 * number, start, start + 30, final=start)
        hear(held, 1, 2 * number + 1, start + 30, start + 60, final=start)
    assert held.speaker_at(8, 690) == held.speaker_at(0, 0)
    assert held.speaker_at(9, 720) != held.speaker_at(0, 0)


def test_what_is_final_keeps_its_speaker_when_all_is_clustered_again() -> None:
    held = labelling()
    hear(held, 0, 0, 0, 30)
    first = held.speaker_at(0, 0)
    held.heard.pieces[0].embedding = VOICES[1]
    for start in (200, 400, 600):
        hear(held, 0, start, start, start + 30, final=start)
        hear(held, 1, start + 1, start + 30, start + 60, final=start)
    assert held.speaker_at(0, 0) == first
    assert held.speaker_at(601, 640) == first
    assert held.speaker_at(600, 610) != first


def test_clusters_keep_the_speakers_that_most_of_their_speech_was_shown_with() -> None:
    labels, shown = np.array([0, 0, 1, 1, 2]), np.array([7, 5, 5, 7, 7])
    seconds = np.array([1.0, 2.0, 1.0, 3.0, 1.0])
    assert matched(labels, shown, seconds) == {0: 5, 1: 7}


def test_short_pieces_go_to_the_nearest_cluster() -> None:
    pieces = [piece(0, 0, 30), piece(1, 30, 60), piece(2, 60, 63), piece(3, 63, 66)]
    for one, voice in zip(pieces, (0, 1, 1, 0), strict=True):
        one.embedding = VOICES[voice]
    labels = clusters_of(pieces, FRAME_S, USUAL, 0.75, FREE)
    assert labels[2] == labels[1] != labels[0] == labels[3]


def test_pieces_of_the_same_ten_seconds_are_linked_by_their_tracks() -> None:
    pieces = [piece(0, 0, 10), piece(1, 10, 20), piece(0, 100, 110), piece(0, 300, 310)]
    links = links_of(pieces, FRAME_S)
    assert links.same.tolist() == [[0, 2]]
    assert links.apart.tolist() == [[0, 1], [1, 2]]


def test_two_tracks_of_one_speaker_at_once_are_two_people() -> None:
    held = labelling()
    hear(held, 1, 0, 0, 30)
    hear(held, 0, 1, 30, 60)
    hear(held, 0, 2, 60, 90)
    first, second = held.speaker_at(1, 30), held.speaker_at(0, 0)
    held.see(1, 95, 98)
    held.part(1, 2, 95, 98, {1, 2})
    assert [held.speaker_at(1, frame) for frame in (94, 95, 97, 98)] == [
        first,
        *[second] * 2,
        first,
    ]
    assert held.speaker_at(2, 95) == first


def test_kept_pieces_are_bounded_and_rare_speakers_stay() -> None:
    heard = Heard(FRAME_S, USUAL.fade_s)
    for number in range(MOST + 20):
        one = piece(number, 200 * number, 200 * number + 10)
        one.embedding, one.speaker = VOICES[0], int(number != 3)
        heard.add(one)
    assert len(heard.pieces) == MOST
    assert [each.track for each in heard.pieces if each.speaker == 0] == [3]
