"""How sure a turn is: the share of its time that can be expected to be right.

A logistic function of two features of a turn, see `turn_features`. What it was fitted to, and how
reliable it is: docs/studies/confidence.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import speakers_active
from ovdiar.clustering.assignment import UNASSIGNED
from ovdiar.windows import output_grid, slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.activity import SpeakerTurns
    from ovdiar.calibration import Calibration
    from ovdiar.frames import FrameGrid, WindowedFrames

NEAREST = 1e-6
"""Smaller distances count as this; a window speaker may be its own centroid."""
ROWS_AT_ONCE = 128
"""Window speakers weighted at once; three values of 8 bytes a frame."""


def confidence(features: NDArray[Any], calibration: Calibration) -> NDArray[np.float64]:
    """Return the expected share of a turn's time that is right: (N, 2) -> (N,), 0 to 1.

    A logistic regression on activation and margin (see `turn_features`).
    """
    activation, margin = features.T
    limit = calibration.largest_margin
    logits = (
        calibration.bias
        + calibration.activation * activation
        + calibration.margin * np.clip(margin, -limit, limit)
    )
    shares: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return shares


def turn_features(
    scores: WindowedFrames,
    active: NDArray[np.bool_],
    labels: NDArray[np.integer],
    soft: NDArray[np.float64],
    *annotations: SpeakerTurns,
) -> list[NDArray[np.float64]]:
    """Compute what supports each turn, its activation and its margin.

    - activation: the segmentation's score of the speaker, averaged over the turn's frames and all
      windows that cover them. A window in which the speaker is inactive counts as 0, so that the
      average falls where the network is unsure and where overlapping windows disagree;
    - margin: how much nearer the turn's window speakers are to their cluster than to any other:
      the logarithm of the ratio of their mean cosine distances, which has no scale and so serves
      embeddings of any network. It is infinite where there is a single cluster.

    Both are 0 for a speaker without a cluster.

    Parameters
    ----------
    scores, active : (C, F, S), the segmentation and its binarized form
    labels, soft : (C, S) clusters of window speakers, (C, S, K) their similarities to clusters
    annotations : turns whose columns are clusters

    Returns
    -------
    (N, 2) for each annotation.
    """
    covered = _Covered(scores)
    distances = _distances(labels, soft)
    owner = np.where(speakers_active(active), labels, UNASSIGNED)
    features = [np.zeros((len(turns), 2)) for turns in annotations]
    for cluster in np.unique(owner[owner >= 0]).tolist():
        rows = [np.flatnonzero(turns.columns == cluster) for turns in annotations]
        if not any(map(len, rows)):
            continue
        sums = _Sums(scores.data, active, distances, covered.starts, owner == cluster)
        for found, turns, own in zip(features, annotations, rows, strict=True):
            begin, end, windows = covered.between(turns.starts_s[own], turns.ends_s[own])
            found[own] = sums.features(begin, end, windows)
    if soft.shape[2] < 2:
        for found in features:
            found[found[:, 0] > 0, 1] = np.inf
    return features


class _Covered:
    """How often windows cover the frames of the recording, and the first frame of each window."""

    def __init__(self, scores: WindowedFrames) -> None:
        self._grid, total, self.starts = output_grid(scores)
        begun, ended = (
            np.cumsum(np.bincount(each, minlength=total)[:total])
            for each in (self.starts, self.starts + scores.data.shape[1])
        )
        self._covered = np.append(0, np.cumsum(begun - ended))

    def between(
        self, starts_s: NDArray[np.float64], ends_s: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the first frames of turns, those after the last, and how often windows cover."""
        begin = _nearest(self._grid, starts_s)
        end = np.maximum(_nearest(self._grid, ends_s), begin + 1)
        begin, end = (np.clip(each, 0, len(self._covered) - 1) for each in (begin, end))
        return begin, end, self._covered[end] - self._covered[begin]


class _Sums:
    """Sums over a cluster's window speakers, ``members`` (C, S), from its first frame to each.

    Of scores and of both distances (see `_distances`), where the window speakers are active.
    """

    def __init__(
        self,
        scores: NDArray[Any],
        active: NDArray[np.bool_],
        distances: NDArray[np.float64],
        starts: NDArray[np.int64],
        members: NDArray[np.bool_],
    ) -> None:
        rows = np.nonzero(members)
        count, begun = scores.shape[1], starts[rows[0]]
        self._first = int(begun[0])
        self._sums = np.zeros((3, 1 + int(begun[-1]) + count - self._first))
        for here in slices(len(begun), ROWS_AT_ONCE):
            windows, speakers = rows[0][here], rows[1][here]
            values = np.empty((len(windows), 3, count))
            values[:, 0] = scores[windows, :, speakers]
            values[:, 1:] = distances[windows, speakers, :, np.newaxis]
            values *= active[windows, :, speakers][:, np.newaxis]
            places = (begun[here] - self._first + 1).tolist()
            for place, value in zip(places, values, strict=True):
                self._sums[:, place : place + count] += value
        np.cumsum(self._sums, axis=1, out=self._sums)

    def features(
        self, begin: NDArray[np.int64], end: NDArray[np.int64], covered: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the features of frames from ``begin`` to before ``end`` (N,): (N, 2)."""
        last = self._sums.shape[1] - 1
        here, before = (np.clip(each - self._first, 0, last) for each in (end, begin))
        score, own, other = self._sums[:, here] - self._sums[:, before]
        known = (own > 0) & (other > 0)
        found = np.zeros((len(begin), 2))
        found[known, 0] = np.minimum(score[known] / covered[known], 1)
        found[known, 1] = np.log(other[known] / own[known])
        return found


def _nearest(grid: FrameGrid, times_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the frames whose centres are nearest to times, as `FrameGrid.index_of_centre`."""
    offsets = (times_s - grid.start_s - 0.5 * grid.width_s) / grid.step_s
    return np.rint(offsets).astype(np.int64)


def _distances(labels: NDArray[np.integer], soft: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances of window speakers to their cluster and to the nearest other one.

    Labels (C, S), similarities 2 - distance (C, S, K) -> (C, S, 2). Both are 1 where the embedding
    is unknown, or where there is a single cluster.
    """
    pairs = np.ones((*labels.shape, 2))
    if soft.shape[2] < 2:
        return pairs
    distances = np.maximum(2 - soft, NEAREST)
    own = np.maximum(labels, 0)[..., np.newaxis]
    pairs[..., :1] = np.take_along_axis(distances, own, axis=2)
    np.put_along_axis(distances, own, np.inf, axis=2)
    pairs[..., 1] = distances.min(axis=2)
    pairs[np.isnan(pairs).any(axis=2)] = 1
    return pairs
