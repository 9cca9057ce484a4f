"""Pieces are clustered again and again, and speakers keep what was shown with them."""

from __future__ import annotations

import numpy as np
import pytest
from reference.live_stage import GRID, USUAL, labelling

from ovdiar.clustering.ahc import FREE
from ovdiar.clustering.attenuation import Links, merge_tree
from ovdiar.streaming.live_pieces import WindowPieces
from ovdiar.streaming.reclustering import clusters_of, matched
from ovdiar.streaming.speakers import Evidence
from ovdiar.streaming.speech import LivePiece

VOICES = np.eye(4, dtype=np.float32)
NONE = np.zeros((0, 2), dtype=np.int64)
NOBODY = WindowPieces([], [], Links(NONE, NONE))


def piece(voice: np.ndarray, start: int, end: int) -> LivePiece:
    seconds = GRID.step_s * (end - start)
    return LivePiece(
        [(start, end)], embedding=voice, evidence=Evidence.of(voice, seconds, USUAL.fade_s)
    )


def test_clusters_keep_the_speakers_that_most_of_their_speech_was_shown_with() -> None:
    labels, shown = np.array([0, 0, 1, 1, 2]), np.array([7, 5, 5, 7, -1])
    seconds = np.array([1.0, 2.0, 1.0, 3.0, 9.0])
    assert matched(labels, shown, seconds) == {0: 5, 1: 7}


def test_short_pieces_go_to_the_nearest_cluster() -> None:
    held = labelling()
    spans = [(0, 30), (30, 60), (60, 63), (63, 66)]
    held.pieces.settled = [piece(VOICES[v], *s) for v, s in zip((0, 1, 1, 0), spans, strict=True)]
    labels = clusters_of(held.pieces.rows(), Links(NONE, NONE), USUAL, 0.75, FREE)
    assert labels[2] == labels[1] != labels[0] == labels[3]


@pytest.mark.parametrize(("known", "lower", "found"), [(0, 0.1, 1), (2, 0.1, 2), (2, 0.2, 1)])
def test_known_speakers_are_kept_apart_unless_they_are_much_alike(
    known: int, lower: float, found: int
) -> None:
    held = labelling()
    held.pieces.settled = [piece(VOICES[0], 0, 30), piece(VOICES[0] + 2 * VOICES[1], 900, 930)]
    rows, links = held.pieces.rows(), Links(NONE, NONE)
    (score,) = merge_tree(rows, links, USUAL).scores
    labels = clusters_of(rows, links, USUAL, score - lower, FREE, known=known)
    assert labels.max() + 1 == found


def test_speakers_who_were_united_early_part_when_more_is_heard() -> None:
    held = labelling()
    between = np.asarray(0.5 * VOICES[0] + 0.5 * VOICES[1], np.float32)
    held.pieces.settled = [piece(VOICES[0], 0, 12), piece(between, 130, 140)]
    held._recluster(NOBODY)
    first, second = held.pieces.settled
    assert first.speaker == second.speaker
    for number in range(1, 5):
        start = 140 * number + 130
        held.pieces.settled += [
            piece(VOICES[0], start, start + 30),
            piece(VOICES[1], start + 30, start + 60),
        ]
    held._recluster(NOBODY)
    last, other = held.pieces.settled[-2:]
    assert last.speaker == first.speaker != other.speaker


def test_what_is_final_keeps_its_speaker_when_all_is_clustered_again() -> None:
    held = labelling()
    held.pieces.settled = [piece(VOICES[0], 0, 30)]
    held._recluster(NOBODY)
    (first,) = held.pieces.settled
    held.mark_final([(first.speaker, 0, 30)], 30)
    shown = first.shown
    held.pieces.settled[0] = piece(VOICES[1], 0, 30)
    held.pieces.settled[0].shown = shown
    held.pieces.settled += [piece(VOICES[0], 200, 230), piece(VOICES[1], 230, 260)]
    held._recluster(NOBODY)
    assert [each.speaker == shown for each in held.pieces.settled] == [True, False, True]


def test_a_piece_is_shown_with_the_speaker_who_got_most_of_it() -> None:
    held = labelling()
    held.pieces.settled = [piece(VOICES[0], 0, 30), piece(VOICES[0], 40, 60)]
    held._recluster(NOBODY)
    own, other = held.pieces.settled[0].speaker, held.speakers.add()
    held.mark_final([(own, 0, 10), (other, 10, 30)], 35)
    assert [each.shown for each in held.pieces.settled] == [other, -1]
    held.mark_final([(own, 40, 60)], 70)
    assert [each.shown for each in held.pieces.settled] == [other, own]


def test_new_pieces_go_to_the_nearest_speaker_until_all_are_clustered_again() -> None:
    held = labelling()
    held.pieces.settled = [piece(VOICES[0], 0, 30), piece(VOICES[1], 30, 60)]
    held._recluster(NOBODY)
    second = held.pieces.settled[1].speaker
    held.pieces.live = [piece(VOICES[1], 70, 85), piece(VOICES[0], 90, 95)]
    assert held._assign(WindowPieces(held.pieces.all, [], NOBODY.votes))
    assert held.pieces.live[0].speaker == second
    held.pieces.live.append(piece(VOICES[2], 100, 130))
    assert not held._assign(WindowPieces(held.pieces.all, [], NOBODY.votes))
    assert held.pieces.live[2].speaker == -1


@pytest.mark.parametrize(("seconds", "made"), [(0.5, False), (1.0, True)])
def test_a_new_speaker_needs_a_second_of_speech(seconds: float, *, made: bool) -> None:
    held = labelling()
    known, new = held.speakers.add(), held.speakers.add()
    held.speakers.known[known].confirmed = True
    for speaker, length in ((known, 3.0), (new, seconds)):
        held.speakers.known[speaker].settled = Evidence.of(VOICES[speaker], length, USUAL.fade_s)
    assert held.force(new, 50, 60, set()) == (new if made else known)
    assert held.speakers.known[new].confirmed is made


def test_without_a_piece_the_speaker_is_the_nearest_in_time_who_is_not_speaking() -> None:
    held = labelling()
    held.pieces.settled = [piece(VOICES[0], 0, 30), piece(VOICES[1], 30, 60)]
    held._recluster(NOBODY)
    first, second = (each.speaker for each in held.pieces.settled)
    held._rate()
    unknown = held.unknown_speaker()
    assert held.force(unknown, 62, 64, set()) == second
    assert held.force(unknown, 62, 64, {second}) == first


def test_where_there_may_be_no_more_a_voice_goes_to_one_without_pieces_too() -> None:
    held = labelling()
    held.speakers.most = 1
    known, new = held.speakers.add(), held.speakers.add()
    held.speakers.known[known].confirmed = True
    held.speakers.known[new].settled = Evidence.of(VOICES[0], 3.0, USUAL.fade_s)
    assert held.force(new, 50, 60, set()) == known
    assert held.force(new, 50, 60, {known}) == known
