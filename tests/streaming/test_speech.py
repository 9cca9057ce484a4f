"""Clean speech is cut as offline, and embedded by its own frames, whatever the embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

import ovdiar
from ovdiar.frames import FrameGrid, WindowedFrames
from ovdiar.pieces import pieces_of
from ovdiar.streaming.recent import LiveWindow, View
from ovdiar.streaming.signal import Buffer
from ovdiar.streaming.speech import Embedder, LivePiece, common, cut

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 16_000


@pytest.fixture(scope="module")
def pooled(slow: Path) -> ovdiar.Models:
    """Give networks whose embedding pools the frames of a window."""
    return ovdiar.load(slow)


def heard(conversation: Path, seconds: int) -> NDArray[np.float32]:
    samples: NDArray[np.float32]
    samples, _ = soundfile.read(conversation, dtype="float32", frames=seconds * RATE)
    return samples


@pytest.mark.parametrize(
    ("seconds", "runs", "first"),
    [
        (4, [(100, 160), (170, 220)], 0),
        (8, [(330, 380), (385, 400)], 360 + 400 * 270 - 5 * RATE),
    ],
)
def test_a_pooled_embedding_is_of_the_pieces_frames_in_the_window_that_ends_with_it(
    pooled: ovdiar.Models,
    conversation: Path,
    seconds: int,
    runs: list[tuple[int, int]],
    first: int,
) -> None:
    samples, grid = heard(conversation, seconds), pooled.segmentation.spec.frames
    assert (grid.step, grid.width, pooled.segmentation.spec.window_samples) == (270, 991, 5 * RATE)
    window = np.zeros(5 * RATE, np.float32)
    part = samples[first : first + 5 * RATE]
    window[: len(part)] = 0.5 * part
    starts = first + 270 * np.arange(-(-5 * RATE // 270))
    mask = np.zeros(len(starts), np.float32)
    for begin, end in runs:
        for frame in range(begin, end):
            mask[np.abs(starts - 270 * frame).argmin()] = 1
    expected = pooled.embedding(window[np.newaxis], mask[np.newaxis, np.newaxis])[0, 0]
    found = Embedder(pooled, Buffer(samples), grid=grid)(LivePiece(runs), gain=0.5)
    assert np.array_equal(found, expected)  # type: ignore[arg-type]


FRAME_S = 0.1
GRID = FrameGrid(10, 10, 0, 100)


def windows(talk: list[tuple[int, int, int]], frames: int) -> list[LiveWindow]:
    """Make windows of 10 s, every 0.5 s, of what voices say."""
    made = []
    for start in range(0, frames - 99, 5):
        active = np.zeros((100, 3), dtype=bool)
        for voice, begin, end in talk:
            active[max(begin - start, 0) : max(end - start, 0), voice] = True
        made.append(LiveWindow(start, active.astype(np.float32), active))
    return made


def test_speech_is_cut_where_offline_cuts_it() -> None:
    talk = [(0, 3, 25), (1, 35, 60), (0, 70, 74), (0, 85, 105), (2, 115, 140)]
    made = windows(talk, 160)
    active = WindowedFrames(
        np.stack([each.active for each in made]), FrameGrid(50, 1000, 0, 100), GRID
    )
    offline = pieces_of(active)
    expected = [
        [tuple(run) for run in offline.runs[offline.owner == piece].tolist()]
        for piece in range(len(offline))
    ]
    assert [each.runs for each in cut(View.of(made), 0, FRAME_S)] == expected


def test_long_speech_is_cut_so_that_pieces_stay_when_more_is_heard() -> None:
    made = windows([(0, 5, 95)], 100)
    runs = [each.runs for each in cut(View.of(made), 0, FRAME_S)]
    assert runs == [[(5, 35)], [(35, 65)], [(65, 95)]]
    shorter = windows([(0, 5, 75)], 100)
    assert [each.runs for each in cut(View.of(shorter), 0, FRAME_S)] == [*runs[:2], [(65, 75)]]


def test_only_what_is_not_settled_is_cut() -> None:
    made = windows([(0, 5, 95)], 100)
    assert [each.runs for each in cut(View.of(made), 70, FRAME_S)] == [[(70, 95)]]


def test_common_frames_are_counted() -> None:
    assert common([(0, 10), (20, 30)], [(5, 25)]) == 10
    assert common([(0, 10)], [(10, 20)]) == 0
