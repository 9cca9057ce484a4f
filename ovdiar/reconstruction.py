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
"""How many frames are decided on at once; an order of columns takes 8 bytes a score."""


def cluster_activations(scores: WindowedFrames, labels: NDArray[np.integer]) -> Frames:
    """Add up every window's scores by cluster: (C, F, S) and labels (C, S) -> (T, K) float32.

    Of the speakers that a window gives to one cluster, the louder one counts in each frame.
    Negative labels belong nowhere. The sums are taken window by window, so that a long recording
    never needs an array of windows x frames x clusters.
    """
    clusters = max(int(labels.max(initial=-1)) + 1, 0)
    count = scores.data.shape[1]
    grid, total, starts = output_grid(scores)
    summed = np.zeros((total, clusters), dtype=np.float32)
    for start, window, assigned in zip(starts, scores.data, labels, strict=True):
        for cluster in np.unique(assigned[assigned >= 0]):
            loudest = window[:, assigned == cluster].max(axis=1)
            summed[start : start + count, cluster] += np.nan_to_num(loudest)
    return Frames(summed, grid)


def select_loudest(activations: Frames, count: Frames) -> Frames:
    """Switch on the ``count`` loudest columns of each frame: (T, K) -> (T, K') uint8, 0 or 1.

    Equals go to the lower column (a stable sort); even a silent column is switched on where the
    count asks for it. Where the count exceeds the columns, silent ones are appended, as in
    pyannote.
    """
    loudness, wanted = activations.data, count.data
    lacking = int(wanted.max(initial=0)) - loudness.shape[1]
    loudness = np.pad(loudness, ((0, 0), (0, max(lacking, 0))))
    on = np.zeros(loudness.shape, dtype=np.uint8)
    for here in slices(len(on), FRAMES_AT_ONCE):
        order = np.argsort(-loudness[here], axis=1, kind="stable")
        np.put_along_axis(on[here], order, np.arange(loudness.shape[1]) < wanted[here], axis=1)
    return Frames(on, activations.grid)
