"""Embed all windows with a single pass of the trunk over the recording.

In exact mode, overlapping windows pass the same audio through the trunk several times. Here, the
trunk processes long blocks with context on both sides, and windows pool their frames from its
output. Only sums are kept: of the weights of each mask, and of the masked features and their
squares, which determine the statistics of `embedding.pool_statistics`.

The embeddings differ from exact mode because the filterbank's mean is subtracted per block instead
of per window, and because the trunk sees audio instead of padding beyond the edges of a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.embedding import nearest_resize
from ovdiar.frames import FrameGrid
from ovdiar.windows import PaddedBlocks, slide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from ovdiar.networks.pooled import PooledEmbedding
    from ovdiar.windows import Progress

BLOCK_S = 30.0
"""Duration of the audio processed by the trunk at once, without context, in seconds."""


class RunningStatistics:
    """Masked sums of features for windows that are not complete yet.

    There is one row per speaker of each incomplete window, in order.
    """

    def __init__(self, channels: int) -> None:
        self._weights = np.zeros(0)
        self._sums = np.zeros((2, 0, channels))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._weights)

    def grow(self, rows: int) -> None:
        """Append rows of zeros up to the given number of rows."""
        more = rows - len(self)
        self._weights = np.pad(self._weights, (0, more))
        self._sums = np.pad(self._sums, ((0, 0), (0, more), (0, 0)))

    def add(self, masks: NDArray[np.float32], features: NDArray[np.float32]) -> None:
        """Add frames: masks (rows, frames) of 0 and 1, and features (channels, frames)."""
        self._weights += masks.sum(axis=1)
        self._sums[0] += masks @ features.T
        self._sums[1] += masks @ np.square(features).T

    def finish(self, rows: int) -> NDArray[np.float32]:
        """Remove the first rows and return their statistics.

        Returns
        -------
        (rows, 2 * channels), float32: means and standard deviations.
        """
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
    """Round a window step, in samples, to a positive multiple of the trunk's hop."""
    return max(1, round(step / hop)) * hop


def embed_shared(
    model: PooledEmbedding,
    blocks: Iterable[NDArray[np.float32]],
    windows: FrameGrid,
    active: NDArray[np.bool_],
    choose: Callable[[NDArray[np.bool_]], NDArray[np.float32]],
    progress: Progress,
) -> NDArray[np.float32]:
    """Embed the speakers of all windows; blocks without speech are not passed to the trunk.

    Parameters
    ----------
    model
        Embedding model with a trunk and a head.
    blocks
        Samples of the recording, in blocks of any lengths.
    windows
        Grid of the windows; its step must be a multiple of the trunk's hop.
    active
        (C, F, S).
    choose
        Converts the activity (N, F, S) of windows to masks (N, S, F).
    progress
        Called with the number of windows completed.

    Returns
    -------
    (C, S, D), float32; NaN for inactive speakers.
    """
    hop, context = model.spec.hop_samples, model.spec.context_samples
    total, _, speakers = active.shape
    embeddings = np.full((total, speakers, model.spec.dimension), np.nan, dtype=np.float32)
    per_step, per_window = windows.step // hop, -(-windows.width // hop)
    core = round(BLOCK_S * windows.rate / hop)
    sums = RunningStatistics(model.spec.channels)
    # Each block is a window: its core, with context on both sides.
    grid = FrameGrid(core * hop, core * hop + 2 * context, rate=windows.rate)
    padded = PaddedBlocks(blocks, context)
    first = 0  # first incomplete window
    progress(completed=0, total=total)
    for index, (block,) in enumerate(slide(padded, grid, 1)):
        begin = index * core
        last = min(total, -(-(begin + core) // per_step))  # windows that have started
        sums.grow((last - first) * speakers)
        masks = _masks_within(choose(active[first:last]), first, per_step, per_window, begin, core)
        if masks.any():
            skipped = 0 if index else context  # the first block has no preceding context
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
    """Place window masks (C, S, F) on the trunk's frames from ``begin`` to ``begin + core``.

    Windows are ``per_step`` trunk frames apart; ``first`` is the index of the first one.

    Returns
    -------
    (C * S, core), float32.
    """
    rows = nearest_resize(masks, per_window)
    placed = np.zeros((*masks.shape[:2], core), dtype=np.float32)
    for row, (target, source) in enumerate(zip(placed, rows, strict=True)):
        offset = (first + row) * per_step - begin
        here = slice(max(offset, 0), min(offset + per_window, core))
        if here.start < here.stop:
            target[:, here] = source[:, here.start - offset : here.stop - offset]
    return placed.reshape(-1, core)
