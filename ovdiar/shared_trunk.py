"""Embed all windows from one pass of the trunk over the recording.

In exact mode overlapping windows send the same audio through the trunk again and again. Here the
trunk runs once, over long blocks with enough context at their edges, and windows pool their own
frames from it. Only sums are kept: of a mask's weights, and of the features and their squares
under it, from which `embedding.pool_statistics` would compute the same.

What differs from exact mode: the filterbank's mean is taken off over a block instead of a window,
and the trunk sees audio, not padding, beyond the edges of a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.embedding import nearest_resize
from ovdiar.frames import FrameGrid
from ovdiar.windows import Padded, slide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from ovdiar.networks.models import PooledEmbedding
    from ovdiar.windows import Progress

BLOCK_S = 30.0
"""Audio that goes through the trunk at once, without its context, s."""


class RunningStatistics:
    """Masked sums of features, for windows that are still being read.

    Rows are window speakers in order; only those from the first open window on are held.
    """

    def __init__(self, channels: int) -> None:
        self._weights = np.zeros(0)
        self._sums = np.zeros((2, 0, channels))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._weights)

    def grow(self, rows: int) -> None:
        """Begin rows, at zero, until there are so many."""
        more = rows - len(self)
        self._weights = np.pad(self._weights, (0, more))
        self._sums = np.pad(self._sums, ((0, 0), (0, more), (0, 0)))

    def add(self, masks: NDArray[np.float32], features: NDArray[np.float32]) -> None:
        """Add frames: masks (rows, frames), of 0 and 1, and features (channels, frames)."""
        self._weights += masks.sum(axis=1)
        self._sums[0] += masks @ features.T
        self._sums[1] += masks @ np.square(features).T

    def finish(self, rows: int) -> NDArray[np.float32]:
        """Let go of the first rows: their means and standard deviations (rows, 2 * channels)."""
        weights = self._weights[:rows, np.newaxis]
        sums, squares = self._sums[:, :rows]
        total = weights + 1e-8
        mean = sums / total
        variance = (squares - 2 * mean * sums + weights * mean**2) / (
            total - weights / total + 1e-8
        )
        self._weights, self._sums = self._weights[rows:], self._sums[:, rows:]
        return np.hstack([mean, np.sqrt(np.maximum(variance, 0))]).astype(np.float32)


def align_step(step: int, hop: int) -> int:
    """Round a window step, in samples, to a positive multiple of the trunk's own."""
    return max(1, round(step / hop)) * hop


def embed_shared(
    model: PooledEmbedding,
    blocks: Iterable[NDArray[np.float32]],
    windows: FrameGrid,
    active: NDArray[np.bool_],
    choose: Callable[[NDArray[np.bool_]], NDArray[np.float32]],
    progress: Progress,
) -> NDArray[np.float32]:
    """Embed the speakers of all windows: active (C, F, S) -> (C, S, D), NaN where there is none.

    ``windows`` must lie a multiple of the trunk's hop apart. Blocks in which nobody speaks do not
    go through the trunk.
    """
    hop, context = model.spec.hop_samples, model.spec.context_samples
    total, _, speakers = active.shape
    embeddings = np.full((total, speakers, model.spec.dimension), np.nan, dtype=np.float32)
    per_step, per_window = windows.step // hop, -(-windows.width // hop)
    core = round(BLOCK_S * windows.rate / hop)
    sums = RunningStatistics(model.spec.channels)
    # Blocks are windows themselves: the core, and the context on both sides of it.
    grid = FrameGrid(core * hop, core * hop + 2 * context, rate=windows.rate)
    padded = Padded(blocks, context)
    first = 0  # of the windows that are open
    progress(completed=0, total=total)
    for index, (block,) in enumerate(slide(padded, grid, 1)):
        begin = index * core
        last = min(total, -(-(begin + core) // per_step))  # windows that have begun
        sums.grow((last - first) * speakers)
        masks = _masks_within(choose(active[first:last]), first, per_step, per_window, begin, core)
        if masks.any():
            skipped = 0 if index else context  # nothing precedes a recording
            end = max(padded.end - index * core * hop, skipped + model.spec.min_samples)
            features = model.trunk(block[np.newaxis, skipped:end])[0]
            features = features[:, (context - skipped) // hop :][:, :core]
            sums.add(masks[:, : features.shape[1]], features)
        done = max(first, min(total, (begin + core - per_window) // per_step + 1))
        if done > first:
            statistics = sums.finish((done - first) * speakers)
            embeddings[first:done] = model.head(statistics).reshape(done - first, speakers, -1)
            first = done
            progress(completed=done, total=total)
    if first < total:
        sums.grow((total - first) * speakers)
        statistics = sums.finish((total - first) * speakers)
        embeddings[first:] = model.head(statistics).reshape(total - first, speakers, -1)
        progress(completed=total, total=total)
    embeddings[~np.any(active, axis=1)] = np.nan
    return embeddings


def _masks_within(
    masks: NDArray[np.float32], first: int, per_step: int, per_window: int, begin: int, core: int
) -> NDArray[np.float32]:
    """Lay window masks (C, S, F) on the trunk's frames ``begin`` to ``begin + core``: (C*S, core).

    ``first`` is the number of the first window; windows lie ``per_step`` trunk frames apart.
    """
    rows = nearest_resize(masks, per_window)
    laid = np.zeros((*masks.shape[:2], core), dtype=np.float32)
    for row, (target, source) in enumerate(zip(laid, rows, strict=True)):
        offset = (first + row) * per_step - begin
        here = slice(max(offset, 0), min(offset + per_window, core))
        if here.start < here.stop:
            target[:, here] = source[:, here.start - offset : here.stop - offset]
    return laid.reshape(-1, core)
