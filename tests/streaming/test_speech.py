"""A piece of clean speech is embedded by its own frames, whatever the kind of embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

import ovdiar
from ovdiar.streaming.signal import Buffer
from ovdiar.streaming.speech import Embedder, LivePiece

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
    found = Embedder(pooled, Buffer(samples), grid=grid)(LivePiece(0, runs), gain=0.5)
    assert np.array_equal(found, expected)  # type: ignore[arg-type]
