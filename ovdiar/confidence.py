"""How sure a turn is: the share of its time that can be expected to be right.

A logistic formula of two things that the pipeline knows of a turn, see `turn_evidence`. It was
fitted by ``tests/benchmarks/confidence.py`` to 21 minutes of speech in eight recordings (simulated,
telephone, read mixes; bundle ``tiny``), decoded at clustering thresholds of 0.2 to 0.35, the
default being 0.24, so that it sees voices split and confused. At 0.25, each recording judged by a
formula fitted to the seven others, 79 % of the time has a confidence of 0.9 or more, and 95.8 % of
that is right; of the rest 92.8 % is. With the formula fitted to all eight it is 78 %, 96.0 % and
92.4 %, at 0.24 too; since `tiny` conditions what the segmentation hears and refines its clusters,
76 %, 96.4 % and 94.1 %. It errs on the careful side (90.5 % expected, 95.8 % right) and never
exceeds 0.94.

Of recordings that it was not fitted to, at 0.24: of 20 conversations simulated with other people,
on the telephone and not, 76 % of the time reaches 0.9, of which 96.6 % is right, and 91.9 % of the
rest. Of two broadcasts of a minute 95 % does, of which 87.8 % is right; of eight faint excerpts of
meetings 91 %, 86.4 % and 57 %: what no score tells of, a pause within a turn or two people taken
for one, is the limit. The two features, the margin's cap and the thresholds to fit on were chosen
among about 20 variants on the eight recordings, so that their figures are mildly optimistic.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.windows import output_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.frames import WindowedFrames

WEIGHTS = (0.575, 2.118)
"""Of activation and margin."""
BIAS = -1.049
LARGEST_MARGIN = 1.5
"""Beyond it voices are apart: the second best is 4.5 times as far as the own centroid."""
NEAREST = 1e-6
"""Distances below it are this; a voice heard once lies on its own centroid."""


def confidence(evidence: NDArray[Any]) -> NDArray[np.float64]:
    """Return the expected share of right time: (turns, 2) -> (turns,), 0 to 1."""
    chances: NDArray[np.float64] = 1 / (1 + np.exp(-(BIAS + evidence @ np.array(WEIGHTS))))
    return chances


def rate_turns(
    annotation: Annotation,
    scores: WindowedFrames,
    active: NDArray[np.bool_],
    labels: NDArray[np.integer],
    soft: NDArray[np.float64],
) -> Annotation:
    """Give every turn its confidence; parameters as in `turn_evidence`."""
    rates = confidence(turn_evidence(annotation, scores, active, labels, soft))
    turns = [
        replace(turn, confidence=float(rate))
        for turn, rate in zip(annotation.turns, rates, strict=True)
    ]
    return replace(annotation, turns=tuple(turns))


def turn_evidence(
    annotation: Annotation,
    scores: WindowedFrames,
    active: NDArray[np.bool_],
    labels: NDArray[np.integer],
    soft: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Say what speaks for each turn: (turns, 2), of activation and margin.

    - activation: the segmentation's score of the speaker, averaged over the turn's frames and all
      windows that cover them. A window that does not hear the speaker counts as 0, so that it
      falls both where the network is unsure and where overlapping windows disagree;
    - margin: how much nearer the window speakers that made the turn are to their cluster than to
      any other: the logarithm of the ratio of their mean cosine distances, which has no scale and
      so serves embeddings of any network, at most `LARGEST_MARGIN` either way. It is the largest
      where there is one cluster only, with which nothing can be confused, and 0 where the
      embeddings are unknown.

    Of a speaker who is no cluster, both are 0.

    Parameters
    ----------
    annotation : turns whose speakers are the clusters' numbers, as text
    scores, active : (C, F, S), the segmentation and who is active in it
    labels, soft : (C, S) clusters of window speakers, (C, S, K) their similarities to clusters
    """
    grid, _, starts = output_grid(scores)
    distances, count = _distances(labels, soft), scores.data.shape[1]
    evidence = np.zeros((len(annotation), 2))
    for row, turn in zip(evidence, annotation.turns, strict=True):
        begin = grid.index_of_centre(turn.segment.start)
        end = max(grid.index_of_centre(turn.segment.end), begin + 1)
        windows = slice(*np.searchsorted(starts, (begin - count, end), side="right"))
        covered, loudness, apart = 0, 0.0, np.zeros(2)
        for window in range(windows.start, windows.stop):
            here = slice(max(begin - starts[window], 0), end - starts[window])
            covered += len(active[window, here])
            mine = labels[window] == int(turn.speaker)
            if mine.any():
                on = active[window, here] & mine
                loudness += scores.data[window, here][on].sum()
                apart += on.sum(axis=0)[mine] @ distances[window, mine]
        if apart.all():
            margin = np.clip(np.log(apart[1] / apart[0]), -LARGEST_MARGIN, LARGEST_MARGIN)
            row[:] = min(loudness / covered, 1), margin
    return evidence


def _distances(labels: NDArray[np.integer], soft: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tell how far window speakers are from their cluster, and from the nearest other one.

    Labels (C, S), similarities 2 - distance (C, S, K) -> (C, S, 2). Both are 1 where the embedding
    is unknown. With one cluster, what would be nearest is as far away as counts.
    """
    if soft.shape[2] < 2:
        return np.full((*labels.shape, 2), (1, np.exp(LARGEST_MARGIN)))
    distances = np.maximum(2 - soft, NEAREST)
    own = np.maximum(labels, 0)[..., np.newaxis]
    pairs = np.ones((*labels.shape, 2))
    pairs[..., :1] = np.take_along_axis(distances, own, axis=2)
    np.put_along_axis(distances, own, np.inf, axis=2)
    pairs[..., 1] = distances.min(axis=2)
    pairs[np.isnan(pairs).any(axis=2)] = 1
    return pairs
