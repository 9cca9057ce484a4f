"""Corrected similarity, pair by pair."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.clustering.attenuation import Attenuation, Links, Rows


def kept(rows: Rows, row: int, p: Attenuation) -> float:
    """Return the share of similarity that a row keeps."""
    return 1 - math.exp(-max(float(rows.seconds[row]), 0.05) / p.fade_s)


def cosine(rows: Rows, one: int, two: int) -> float:
    """Return the cosine of two rows."""
    a, b = rows.embeddings[one], rows.embeddings[two]
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def level(rows: Rows, links: Links, p: Attenuation) -> float:
    """Fit the cosine of one voice to the pairs known as the same."""
    above, below = p.level_pairs * p.usual_level, p.level_pairs
    for one, two in links.same:
        if min(rows.seconds[one], rows.seconds[two]) >= p.least_s:
            weight = kept(rows, one, p) * kept(rows, two, p)
            above += weight * cosine(rows, one, two)
            below += weight**2
    return above / below


def _shares_audio(rows: Rows, one: int, two: int) -> bool:
    (a, b), (c, d) = rows.spans[one], rows.spans[two]
    return bool(max(a, c) < min(b, d))


def _corrected(rows: Rows, pairs: list[tuple[int, int]], p: Attenuation) -> tuple[float, float]:
    """Sum products and weights over pairs."""
    above = below = 0.0
    for one, two in pairs:
        weight = kept(rows, one, p) * kept(rows, two, p)
        above += weight * cosine(rows, one, two)
        below += weight**2
    return above, below


def distances(rows: Rows, links: Links, chosen: list[int], p: Attenuation) -> list[float]:
    """Return the corrected distances of rows, as SciPy orders them."""
    recording = level(rows, links, p)
    found = []
    for one, two in combinations(chosen, 2):
        similarity = cosine(rows, one, two) / (kept(rows, one, p) * kept(rows, two, p) * recording)
        found.append(max(1 - similarity, 0.0))
    return found


def score(
    rows: Rows, links: Links, labels: NDArray[np.int64], one: int, two: int, p: Attenuation
) -> float:
    """Return the corrected similarity of two clusters, of pairs that share no audio if there are.

    Rows with negative labels are in no cluster.
    """
    members = [np.flatnonzero(labels == k).tolist() for k in (one, two)]
    pairs = [(i, j) for i in members[0] for j in members[1]]
    across = [(i, j) for i, j in pairs if not _shares_audio(rows, i, j)]
    above, below = _corrected(rows, across or pairs, p)
    recording = level(rows, links, p)
    own = []
    for group in members:
        inner = [(i, j) for i in group for j in group if i < j and not _shares_audio(rows, i, j)]
        above_own, below_own = _corrected(rows, inner, p)
        scale = rows.share**2
        shrunk = (scale * above_own + p.shrink * recording) / (scale * below_own + p.shrink)
        own.append(max(shrunk, 0.25 * recording))
    strengths = [
        max(rows.share * sum(rows.seconds[i] * kept(rows, i, p) for i in group), 0.05)
        for group in members
    ]
    same, apart = (
        rows.share * sum({int(labels[i]), int(labels[j])} == {one, two} for i, j in table)
        for table in (links.same, links.apart)
    )
    side = p.side * (apart - same) / (apart + same + p.side_links)
    margin = p.margin_s * sum(1 / strength for strength in strengths)
    return float(above / below / math.sqrt(own[0] * own[1]) + margin - side)
