"""Clusters, scores and the speaker count back to frames (pyannote.audio ``reconstruct``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.frames import Frames
from ovdiar.windows import output_grid, slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.frames import WindowedFrames

FRAMES_AT_ONCE = 2**17
"""Frames reconstructed at once (37 minutes); an order of columns takes 8 bytes a score."""
COPIED_WINDOWS_AT_ONCE = 256
"""Windows whose scores are copied at once, speaker by speaker."""


def reconstruct(scores: WindowedFrames, labels: NDArray[np.integer], count: Frames) -> Frames:
    """Switch on the ``count`` loudest clusters of each frame: (T, K') uint8, 0 or 1.

    Equals `select_loudest` of `cluster_activations`, which are computed `FRAMES_AT_ONCE`: those of
    eight hours with a hundred speakers would take a gigabyte.

    Parameters
    ----------
    scores : (C, F, S)
    labels : (C, S), the cluster of each window speaker; negative for none
    count : (T, 1), speakers of each frame
    """
    grid, total, starts = output_grid(scores)
    columns = max(_clusters_of(labels), int(count.data.max(initial=0)))
    on = np.zeros((total, columns), dtype=np.uint8)
    for frames in slices(total, FRAMES_AT_ONCE):
        wanted = Frames(count.data[frames], grid)
        summed = _summed(scores, labels, starts, range(total)[frames], columns)
        on[frames] = select_loudest(Frames(summed, grid), wanted).data
    return Frames(on, grid)


def cluster_activations(scores: WindowedFrames, labels: NDArray[np.integer]) -> Frames:
    """Add up every window's scores by cluster: (C, F, S) and labels (C, S) -> (T, K) float32.

    Where a window has several speakers of one cluster, the largest score counts in each frame, and
    NaN counts as 0. Negative labels belong to no cluster. Sums are float32 and taken window by
    window, as pyannote's are.
    """
    grid, total, starts = output_grid(scores)
    return Frames(_summed(scores, labels, starts, range(total), _clusters_of(labels)), grid)


def _clusters_of(labels: NDArray[np.integer]) -> int:
    """Count the clusters, K."""
    return max(int(labels.max(initial=-1)) + 1, 0)


def _summed(
    scores: WindowedFrames,
    labels: NDArray[np.integer],
    starts: NDArray[np.int64],
    frames: range,
    columns: int,
) -> NDArray[np.float32]:
    """Add up the scores of some frames by cluster: (frames, columns)."""
    length = scores.data.shape[1]
    first = int(np.searchsorted(starts, frames.start - length, side="right"))
    last = int(np.searchsorted(starts, frames.stop))
    origin, end = frames.start, frames.stop
    if first < last:
        origin, end = min(origin, int(starts[first])), max(end, int(starts[last - 1]) + length)
    summed = np.zeros((columns, end - origin), dtype=np.float32)
    data, labels, places = scores.data[first:last], labels[first:last], starts[first:last] - origin
    distinct, doubled = _distinct(labels)
    for here in slices(len(data), COPIED_WINDOWS_AT_ONCE):
        by_speaker = data[here].transpose(0, 2, 1)
        windows, speakers = np.nonzero(distinct[here] >= 0)
        own = by_speaker[windows, speakers]
        for row in np.flatnonzero(doubled[here][windows]):
            window = windows[row]
            same = labels[here][window] == distinct[here][window, speakers[row]]
            own[row] = by_speaker[window, same].max(axis=0)
        if not np.isfinite(own).all():
            own = np.nan_to_num(own)
        for place, cluster, row in zip(
            places[here][windows].tolist(),
            distinct[here][windows, speakers].tolist(),
            own,
            strict=True,
        ):
            summed[cluster, place : place + length] += row
    chosen = summed[:, frames.start - origin : frames.stop - origin]
    return np.ascontiguousarray(chosen.T)


def _distinct(labels: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.bool_]]:
    """Keep the first speaker of each cluster in a window: labels (C, S), and whether some went."""
    kept = np.where(labels < 0, -1, labels)
    for later in range(1, labels.shape[1]):
        again = (kept[:, :later] == kept[:, [later]]).any(axis=1)
        kept[again, later] = -1
    return kept, (kept != np.where(labels < 0, -1, labels)).any(axis=1)


def select_loudest(activations: Frames, count: Frames) -> Frames:
    """Switch on the ``count`` loudest columns of each frame: (T, K) -> (T, K') uint8, 0 or 1.

    Equals go to the lower column (a stable sort); even a silent column is switched on where the
    count asks for it. Where the count exceeds the columns, silent ones are appended, as in
    pyannote.
    """
    loudness, wanted = activations.data, count.data
    lacking = int(wanted.max(initial=0)) - loudness.shape[1]
    if lacking > 0:
        loudness = np.pad(loudness, ((0, 0), (0, lacking)))
    on = np.zeros(loudness.shape, dtype=np.uint8)
    alone = np.flatnonzero(wanted[:, 0] == 1)
    if len(alone):
        on[alone, loudness[alone].argmax(axis=1)] = 1
    several = np.flatnonzero(wanted[:, 0] > 1)
    order = np.argsort(-loudness[several], axis=1, kind="stable")
    chosen = np.zeros((len(several), loudness.shape[1]), dtype=np.uint8)
    np.put_along_axis(chosen, order, np.arange(loudness.shape[1]) < wanted[several], axis=1)
    on[several] = chosen
    return Frames(on, activations.grid)
