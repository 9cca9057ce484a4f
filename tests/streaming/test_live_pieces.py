"""Pieces are embedded once, kept in order, and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from reference.live_stage import GRID, USUAL

from ovdiar.streaming.live_pieces import MOST, LivePieces
from ovdiar.streaming.recent import LiveWindow, View
from ovdiar.streaming.speakers import Evidence
from ovdiar.streaming.speech import LivePiece

if TYPE_CHECKING:
    from ovdiar.streaming.speech import Runs

FRAME_S = GRID.step_s


def view(*talk: tuple[int, int, int]) -> View:
    active = np.zeros((100, 3), dtype=bool)
    for voice, begin, end in talk:
        active[begin:end, voice] = True
    return View.of([LiveWindow(0, active.astype(np.float32), active)])


class Embedded:
    """Counts the pieces that are embedded."""

    def __init__(self) -> None:
        self.runs: list[Runs] = []

    def __call__(self, piece: LivePiece) -> np.ndarray:
        self.runs.append(piece.runs)
        return np.ones(4, np.float32)


@pytest.mark.parametrize(("longer", "again"), [(18, False), (22, False), (23, True)])
def test_an_embedding_serves_until_the_piece_is_half_as_long_again(
    longer: int, *, again: bool
) -> None:
    heard, embed = LivePieces(FRAME_S, USUAL.fade_s), Embedded()
    assert heard.update(view((0, 0, 15)), 15, embed, last=False) == 1
    assert heard.update(view((0, 0, longer)), longer, embed, last=False) == again
    assert heard.live[0].runs == [(0, longer)]
    assert heard.live[0].seconds == pytest.approx(0.1 * (longer if again else 15))


def test_speech_that_just_began_waits_to_be_embedded() -> None:
    heard, embed = LivePieces(FRAME_S, USUAL.fade_s), Embedded()
    heard.update(view((0, 0, 30), (1, 40, 49)), 50, embed, last=False)
    assert embed.runs == [[(0, 30)]]
    heard.update(view((0, 0, 30), (1, 40, 49)), 70, embed, last=False)
    assert embed.runs == [[(0, 30)], [(40, 49)]]


def test_pieces_are_settled_with_what_the_windows_say_of_them() -> None:
    heard, embed = LivePieces(FRAME_S, USUAL.fade_s), Embedded()
    here = view((0, 0, 30), (1, 30, 60), (0, 60, 90))
    heard.update(here, 100, embed, last=False)
    settled = heard.settle(65, heard.in_windows(here), last=False)
    assert [each.runs for each in settled] == [[(0, 30)], [(30, 60)]]
    assert settled[1].links == {0: -1}
    assert (heard.begin, [each.runs for each in heard.live]) == (60, [[(60, 90)]])
    links = heard.links(heard.in_windows(here))
    assert (links.same.tolist(), links.apart.tolist()) == ([[0, 2]], [[0, 1], [1, 2]])


@pytest.mark.parametrize(
    ("decided", "last", "settled"), [(49, False, 0), (51, False, 1), (29, True, 0), (49, True, 1)]
)
def test_the_last_piece_is_settled_after_a_pause_or_at_the_end(
    decided: int, settled: int, *, last: bool
) -> None:
    heard, embed = LivePieces(FRAME_S, USUAL.fade_s), Embedded()
    here = view((0, 0, 30))
    heard.update(here, 100, embed, last=False)
    assert len(heard.settle(decided, heard.in_windows(here), last=last)) == settled


def test_settled_pieces_are_bounded_and_rare_speakers_stay() -> None:
    heard, here = LivePieces(FRAME_S, USUAL.fade_s), view((0, 0, 1))
    for number in range(MOST + 20):
        vector = np.ones(4, np.float32)
        one = LivePiece(
            [(200 * number, 200 * number + 10)],
            embedding=vector,
            evidence=Evidence.of(vector, 1.0, USUAL.fade_s),
            speaker=int(number != 3),
        )
        heard.live = [one]
        heard.settle(200 * number + 50, heard.in_windows(here), last=True)
    assert len(heard.settled) == MOST
    assert [each.number for each in heard.settled if each.speaker == 0] == [3]
