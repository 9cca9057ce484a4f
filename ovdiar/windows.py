"""Split a waveform into windows and aggregate window scores on one frame grid.

Source: pyannote.audio 3.3.2 and 4.x, ``Inference.slide``, ``.aggregate`` and ``.trim``.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from ovdiar.frames import FrameGrid, Frames, WindowedFrames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

T = TypeVar("T")

EPSILON = 1e-12
"""Weight of a warm-up frame and smallest divisor of a weighted average (pyannote's epsilon)."""


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


def slide(
    blocks: Iterable[NDArray[np.float32]], windows: FrameGrid, batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Split a stream of blocks into batches of windows (N, width), the last ones zero-padded.

    The windows equal those that `extract_windows` returns for the concatenated blocks. Blocks may
    have any lengths. At most one batch of windows and one block are in memory.
    """
    held = np.zeros(0, dtype=np.float32)
    start = first = 0  # first sample in ``held``; first window of the next batch
    for block in blocks:
        held = np.concatenate([held, block])
        while (first + batch_size - 1) * windows.step + windows.width <= start + len(held):
            held = held[first * windows.step - start :]
            start = first * windows.step
            yield extract_windows(held, windows, 0, batch_size)
            first += batch_size
    left = count_windows(start + len(held), windows) - first
    held = held[max(first * windows.step - start, 0) :]
    for done in range(0, left, batch_size):
        yield extract_windows(held, windows, done, min(done + batch_size, left))


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


def overlap_add(
    scores: WindowedFrames,
    *,
    hamming: bool = False,
    warm_up_s: tuple[float, float] = (0.0, 0.0),
    missing: float = math.nan,
    skip_average: bool = False,
) -> Frames:
    """Average overlapping window scores frame by frame (pyannote's ``Inference.aggregate``).

    NaN scores are ignored. Accumulators are float32, as in pyannote.

    Parameters
    ----------
    scores
        (C, F, K).
    hamming
        Weight frames by a Hamming window, so that the centre of a window counts most.
    warm_up_s
        Left and right durations (s) of each window whose frames get the weight `EPSILON`.
    missing
        Value of frames that no window covers. The last few frames of a recording are always among
        them, since the frames of a window end before the window does.
    skip_average
        Return the weighted sum instead of the average.

    Returns
    -------
    Frames (T, K), float32.
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
        summed /= np.maximum(weights, EPSILON)
    summed[~seen] = missing
    return Frames(summed, grid)


def _window_weight(
    count: int, windows: FrameGrid, *, hamming: bool, warm_up_s: tuple[float, float]
) -> NDArray[np.float64]:
    weight = np.hamming(count) if hamming else np.ones(count)
    left, right = (round(s / windows.width_s * count) for s in warm_up_s)
    mask = np.ones(count)
    mask[:left] = EPSILON
    mask[max(count - right, 0) :] = EPSILON
    return (weight * mask)[:, np.newaxis]
