"""Split a waveform into windows, and map windows to one frame grid.

Source: pyannote.audio 3.3.2 and 4.x, ``Inference.slide`` and ``.trim``.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from ovdiar.frames import FrameGrid, WindowedFrames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

T = TypeVar("T")

SCORED_WINDOWS_AT_ONCE = 1024
"""Windows of scores processed at once; intermediates take up to 40 bytes a score."""


class Progress(Protocol):
    """Callback that reports the progress of a step."""

    def __call__(self, *, completed: int, total: int) -> None:
        """Report the number of windows completed, and the total number of windows."""


def ignore_progress(*, completed: int, total: int) -> None:
    """Do nothing."""


def count_windows(samples: int, windows: FrameGrid) -> int:
    """Count the windows of a recording: the complete ones, plus one for any remaining samples.

    A recording shorter than one window, even an empty one, has one window.
    """
    if samples < windows.width:
        return 1
    complete, left_over = divmod(samples - windows.width, windows.step)
    return 1 + complete + (left_over > 0)


def extract_windows(
    samples: NDArray[Any], windows: FrameGrid, first: int, last: int
) -> NDArray[np.float32]:
    """Return windows ``first`` to ``last`` (exclusive), zero-padded.

    Parameters
    ----------
    samples
        (n,).
    windows
        Width, step and start of the windows, in samples.

    Returns
    -------
    (last - first, width), float32.
    """
    batch = np.zeros((last - first, windows.width), dtype=np.float32)
    for row, index in enumerate(range(first, last)):
        start = windows.start + index * windows.step
        piece = samples[start : start + windows.width]
        batch[row, : len(piece)] = piece
    return batch


class Slider:
    """Windows of a signal that is fed block by block; `slide` feeds it all blocks.

    The windows equal those that `extract_windows` returns for the concatenated blocks. Blocks may
    have any lengths. At most one batch of windows and one block are in memory.

    Attributes
    ----------
    held
        Samples that windows yet to come need, (n,).
    start
        Position of the first of them in the signal.
    first
        Number of the first window of the next batch.
    """

    def __init__(self, windows: FrameGrid, batch_size: int) -> None:
        self.windows, self.batch_size = windows, batch_size
        self.held = np.zeros(0, dtype=np.float32)
        self.start = self.first = 0

    def push(self, block: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Take the next block; yield the batches (N, width) that are complete."""
        windows, size = self.windows, self.batch_size
        self.held = np.concatenate([self.held, block])
        while (self.first + size - 1) * windows.step + windows.width <= self.start + len(self.held):
            self._drop_until(self.first * windows.step)
            yield extract_windows(self.held, windows, 0, size)
            self.first += size

    def finish(self) -> Iterator[NDArray[np.float32]]:
        """Yield the windows that are left, zero-padded."""
        left = count_windows(self.start + len(self.held), self.windows) - self.first
        self._drop_until(self.first * self.windows.step)
        for done in range(0, left, self.batch_size):
            last = min(done + self.batch_size, left)
            yield extract_windows(self.held, self.windows, done, last)

    def _drop_until(self, start: int) -> None:
        self.held = self.held[max(start - self.start, 0) :]
        self.start = max(start, self.start)


def slide(
    blocks: Iterable[NDArray[np.float32]], windows: FrameGrid, batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Split a stream of blocks into batches of windows (N, width), see `Slider`."""
    slider = Slider(windows, batch_size)
    for block in blocks:
        yield from slider.push(block)
    yield from slider.finish()


def batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Group values into lists of ``size``, the last one shorter."""
    iterator = iter(values)
    while batch := list(islice(iterator, size)):
        yield batch


def slices(count: int, at_once: int) -> Iterator[slice]:
    """Split ``range(count)`` into slices of ``at_once``, to process long recordings in parts."""
    for first in range(0, count, at_once):
        yield slice(first, first + at_once)


def gather(batches: Iterable[NDArray[Any]], expected: int) -> NDArray[Any]:
    """Concatenate one or more batches (n, ...) into (N, ...), N being about ``expected``.

    Equals `numpy.concatenate`, but copies each batch into the result as it arrives, which halves
    the peak memory and avoids heap fragmentation.

    Raises
    ------
    ValueError
        If there are no batches.
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


class PaddedBlocks:
    """Iterate over blocks with silence before and after them.

    Parameters
    ----------
    blocks
        Blocks of samples (n,), of any lengths.
    samples
        Length of the silence on either side.

    Attributes
    ----------
    end
        End of the audio read so far, in samples from the beginning of the leading silence.
    """

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
    """Drop the first and last share of the frames of each window, which lack context.

    Parameters
    ----------
    scores
        (C, F, K).
    warm_up
        Left and right shares of a window, 0 to 1.
    """
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
    """Map the windows to one frame grid.

    Returns
    -------
    The grid, its number of frames T, and the index of each window's first frame on it (C,).
    """
    windows, frames = scores.windows, scores.frames
    starts = frames.index_of_start(np.arange(len(scores), dtype=np.int64) * windows.step)
    total = frames.count_until(windows.width + (len(scores) - 1) * windows.step)
    return frames.at(windows.start), total, starts
