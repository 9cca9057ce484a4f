"""Cut a waveform into windows; bring the windows' scores back onto one grid.

Source: pyannote.audio 3.3.2 and 4.x, ``Inference.slide``, ``.aggregate`` and ``.trim``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ovdiar.frames import FrameGrid, Frames, WindowedFrames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

UNSEEN = 1e-12
"""Weight of a warm-up frame, and the least weight that is divided by (pyannote's epsilon)."""


class Progress(Protocol):
    """Is told how much of a step is done."""

    def __call__(self, *, completed: int, total: int) -> None:
        """Take the number of windows done and of all."""


def ignore_progress(*, completed: int, total: int) -> None:
    """Tell nobody."""


def count_windows(samples: int, windows: FrameGrid) -> int:
    """Count the windows of a recording: all that fit, and one more for what is left over.

    A recording shorter than one window, even an empty one, makes one window.
    """
    if samples < windows.width:
        return 1
    complete, left_over = divmod(samples - windows.width, windows.step)
    return 1 + complete + (left_over > 0)


def cut(samples: NDArray[Any], windows: FrameGrid, first: int, last: int) -> NDArray[np.float32]:
    """Return the windows ``first`` to ``last`` (exclusive), (last - first, width), zero-padded."""
    batch = np.zeros((last - first, windows.width), dtype=np.float32)
    for row, index in enumerate(range(first, last)):
        start = windows.start + index * windows.step
        piece = samples[start : start + windows.width]
        batch[row, : len(piece)] = piece
    return batch


def slide(
    blocks: Iterable[NDArray[np.float32]], windows: FrameGrid, batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Cut windows out of blocks of any lengths: batches (N, width), the last ones zero-padded.

    Equals `cut` on the blocks joined, and holds no more than a batch of windows and a block.
    """
    held = np.zeros(0, dtype=np.float32)
    start = first = 0  # of what is held, in samples; of the next batch, in windows
    for block in blocks:
        held = np.concatenate([held, block])
        while (first + batch_size - 1) * windows.step + windows.width <= start + len(held):
            held = held[first * windows.step - start :]
            start = first * windows.step
            yield cut(held, windows, 0, batch_size)
            first += batch_size
    left = count_windows(start + len(held), windows) - first
    held = held[max(first * windows.step - start, 0) :]
    for done in range(0, left, batch_size):
        yield cut(held, windows, done, min(done + batch_size, left))


def slices(count: int, at_once: int) -> Iterator[slice]:
    """Cut a count into slices of so many, for what a long recording cannot hold all at once."""
    for first in range(0, count, at_once):
        yield slice(first, first + at_once)


def gather(batches: Iterable[NDArray[Any]], expected: int) -> NDArray[Any]:
    """Join one or more batches (n, ...) into (N, ...), N being ``expected`` or about that.

    Equals `numpy.concatenate`, but each batch is copied to its place as it comes: a list of all
    would take the memory twice, and leave a heap full of holes.
    """
    gathered: NDArray[Any] | None = None
    done = 0
    for batch in batches:
        if gathered is None:
            gathered = np.empty((max(expected, len(batch)), *batch.shape[1:]), batch.dtype)
        while done + len(batch) > len(gathered):
            gathered = np.concatenate([gathered, np.empty_like(gathered)])
        gathered[done : done + len(batch)] = batch
        done += len(batch)
    if gathered is None:
        raise ValueError("no batches: give one or more")
    return gathered[:done]


class Padded:
    """Blocks with silence before and after them; knows where the sound ends, as far as read."""

    def __init__(self, blocks: Iterable[NDArray[np.float32]], samples: int) -> None:
        self._blocks = blocks
        self._silence = np.zeros(samples, dtype=np.float32)
        self.end = samples

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Iterate over silence, blocks, silence."""
        yield self._silence
        for block in self._blocks:
            self.end += len(block)
            yield block
        yield self._silence


def trim(scores: WindowedFrames, warm_up: tuple[float, float]) -> WindowedFrames:
    """Drop the first and last shares of every window, which lack context."""
    count = scores.data.shape[1]
    left, right = (round(count * share) for share in warm_up)
    window = scores.windows
    trimmed = FrameGrid(
        step=window.step,
        width=round(window.width * (1 - warm_up[0] - warm_up[1])),
        start=window.start + round(window.width * warm_up[0]),
        rate=window.rate,
    )
    return WindowedFrames(scores.data[:, left : count - right], trimmed, scores.frames)


def output_grid(scores: WindowedFrames) -> tuple[FrameGrid, int, NDArray[np.int64]]:
    """Lay the windows on one grid of frames: the grid, its length, each window's first frame."""
    windows, frames = scores.windows, scores.frames
    starts = [frames.index_of_start(c * windows.step) for c in range(len(scores))]
    total = frames.count_until(windows.width + (len(scores) - 1) * windows.step)
    return frames.at(windows.start), total, np.array(starts, dtype=np.int64)


def overlap_add(
    scores: WindowedFrames,
    *,
    hamming: bool = False,
    warm_up_s: tuple[float, float] = (0.0, 0.0),
    missing: float = math.nan,
    skip_average: bool = False,
) -> Frames:
    """Average the windows' scores in each frame (C, F, K) -> (T, K), float32.

    NaN scores are left out. Frames that no window covers become ``missing``; the last few of a
    recording always do, since a window's frames fall short of its end. ``hamming`` weighs the
    centre of a window most, ``warm_up_s`` (left, right) silences its edges, and ``skip_average``
    returns the weighted sum instead. The accumulators are float32, as pyannote's are.
    """
    windowed = scores.data
    count, columns = windowed.shape[1:]
    grid, total, starts = output_grid(scores)
    weight = _window_weight(count, scores.windows, hamming=hamming, warm_up_s=warm_up_s)
    summed = np.zeros((total, columns), dtype=np.float32)
    weights = np.zeros((total, columns), dtype=np.float32)
    seen = np.zeros((total, columns), dtype=bool)
    for start, window in zip(starts, windowed, strict=True):
        known = ~np.isnan(window)
        here = slice(start, start + count)
        summed[here] += np.where(known, window, 0) * weight
        weights[here] += known * weight
        seen[here] |= known
    if not skip_average:
        summed /= np.maximum(weights, UNSEEN)
    summed[~seen] = missing
    return Frames(summed, grid)


def _window_weight(
    count: int, windows: FrameGrid, *, hamming: bool, warm_up_s: tuple[float, float]
) -> NDArray[np.float64]:
    weight = np.hamming(count) if hamming else np.ones(count)
    left, right = (round(s / windows.width_s * count) for s in warm_up_s)
    mask = np.ones(count)
    mask[:left] = UNSEEN
    mask[max(count - right, 0) :] = UNSEEN
    return (weight * mask)[:, np.newaxis]
