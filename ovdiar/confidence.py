"""How sure a turn is: the share of its time that can be expected to be right.

A logistic function of two features of a turn, see `turn_evidence`. What it was fitted to, and how
reliable it is: docs/studies/confidence.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import speakers_active
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

    A logistic regression on activation and margin (see `TurnFeatures`).
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


class TurnFeatures:
    """What supports a turn: its activation and its margin.

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
    """

    def __init__(
        self,
        scores: WindowedFrames,
        active: NDArray[np.bool_],
        labels: NDArray[np.integer],
        soft: NDArray[np.float64],
    ) -> None:
        self._grid, total, starts = output_grid(scores)
        self._single = soft.shape[2] < 2
        begun, ended = (
            np.cumsum(np.bincount(each, minlength=total)[:total])
            for each in (starts, starts + scores.data.shape[1])
        )
        self._covered = np.append(0, np.cumsum(begun - ended))
        distances = _distances(labels, soft)
        rows = np.nonzero(speakers_active(active) & (labels >= 0))
        order = np.argsort(labels[rows], kind="stable")
        clusters, sizes = np.unique(labels[rows], return_counts=True)
        self._sums = {}
        for cluster, members in zip(
            clusters.tolist(), np.split(order, np.cumsum(sizes)[:-1]), strict=True
        ):
            own = rows[0][members], rows[1][members]
            self._sums[cluster] = _Sums(scores.data, active, distances, starts, own)

    def __call__(self, turns: SpeakerTurns) -> NDArray[np.float64]:
        """Compute the features of turns whose columns are clusters: (N, 2)."""
        features = np.zeros((len(turns), 2))
        begin = _nearest(self._grid, turns.starts_s)
        end = np.maximum(_nearest(self._grid, turns.ends_s), begin + 1)
        begin, end = (np.clip(each, 0, len(self._covered) - 1) for each in (begin, end))
        covered = self._covered[end] - self._covered[begin]
        for column in turns.speakers().tolist():
            if column not in self._sums:
                continue
            rows = np.flatnonzero(turns.columns == column)
            score, own, other = self._sums[column].between(begin[rows], end[rows])
            known = (own > 0) & (other > 0)
            rows = rows[known]
            features[rows, 0] = np.minimum(score[known] / covered[rows], 1)
            features[rows, 1] = np.inf if self._single else np.log(other[known] / own[known])
        return features


class _Sums:
    """Sums over a cluster's window speakers (windows, speakers), from its first frame to each.

    Of scores and of both distances (see `_distances`), where the window speakers are active.
    """

    def __init__(
        self,
        scores: NDArray[Any],
        active: NDArray[np.bool_],
        distances: NDArray[np.float64],
        starts: NDArray[np.int64],
        rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> None:
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

    def between(self, begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the sums of frames from ``begin`` to before ``end`` (N,): (3, N)."""
        last = self._sums.shape[1] - 1
        here, before = (np.clip(each - self._first, 0, last) for each in (end, begin))
        found: NDArray[np.float64] = self._sums[:, here] - self._sums[:, before]
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
