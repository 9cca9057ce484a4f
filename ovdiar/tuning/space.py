"""Which hyper-parameters are tried, in an order that a seed settles beforehand.

No candidate depends on how another one fared, so that the recordings held out of a fold have no
part in what is tried. Ranges are those of pyannote.audio's pipelines (``AgglomerativeClustering``,
``VBxClustering``, ``SpeakerDiarization``), narrowed to factors of the default where distances
depend on the embedding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.ahc import EUCLIDEAN_LINKAGES
from ovdiar.clustering.side_by_side import UPDATES
from ovdiar.presets import DIARIZATION, RANGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.presets import DiarizationParameters

ONSETS = (0.3, 0.4, 0.5, 0.6, 0.7)
"""Each one costs a pass of the embedding, so they are few."""
FILTERS = ("active", "clean")
LINKAGES = ("average", "centroid", "complete", "weighted")
"""Without single and median, which chain, and Ward, whose distances grow with the recording."""
GAPS_S = (0.1, 0.25, 0.5, 1.0)
TURNS_S = (0.0, 0.1, 0.2, 0.3)
SIZES = (1, 2, 4, 8, 15, 30)
CLEAN_SHARES = (0.2, 0.3, 0.4)
PRICES = (0.0, 0.1, 0.3, 1.0)
"""Of speaking side by side."""
FACTORS = (0.8, 1.25, 0.9, 1.1, 0.7, 1.4, 0.5, 2.0)
"""Of cosine distances, and of VBx's scales."""
WIDEST_FACTOR = 2.5
LEAST_HEIGHT = 0.02
VBX_RANGES = {"threshold": (0.5, 0.8), "fa": (0.01, 0.5), "fb": (0.01, 15.0)}
CHANGED_SHARE = 0.5
"""How many of the parameters a random candidate changes, on average."""
PATIENCE = 50
"""Draws for each candidate wanted, before what is left of a small space is given up."""


@dataclass(frozen=True)
class Space:
    """What may change: the default, the segmentation thresholds tried, the ways to cluster."""

    default: DiarizationParameters
    onsets: tuple[float, ...]
    methods: tuple[str, ...]

    @property
    def height(self) -> float:
        """Where the default cuts its dendrogram, as a cosine distance."""
        chosen = self.default
        euclidean = chosen.clustering == "vbx" or chosen.linkage in EUCLIDEAN_LINKAGES
        height = chosen.threshold**2 / 2 if euclidean else chosen.threshold
        return max(height, LEAST_HEIGHT)


def space_around(default: DiarizationParameters, *, sigmoid: bool, plda: bool) -> Space:
    """Lay the space: a powerset network has no threshold to tune, VBx needs a PLDA."""
    onsets = tuple(dict.fromkeys((default.segmentation_threshold, *ONSETS)))
    methods = ("ahc", "vbx") if plda else ("ahc",)
    return Space(default, onsets if sigmoid else onsets[:1], methods)


def candidates(space: Space, trials: int, seed: int) -> tuple[DiarizationParameters, ...]:
    """List what to try: the default, one change to it at a time, then random combinations.

    More trials begin with the same candidates; there are fewer than asked for where the space
    holds no more.
    """
    rng = np.random.default_rng(seed)
    found = {space.default: None}
    for values in _single_changes(space):
        found.setdefault(replace(space.default, **values))
    for _ in range(PATIENCE * trials):
        if len(found) >= trials:
            break
        found.setdefault(replace(space.default, **_random_changes(space, rng)))
    return tuple(found)[:trials]


def _single_changes(space: Space) -> Iterator[dict[str, Any]]:
    """Change one thing at a time; a linkage comes with the threshold that means the same."""
    default = space.default
    if default.clustering == "vbx":
        for name in VBX_RANGES:
            for factor in FACTORS:
                yield {name: _within(name, getattr(default, name) * factor)}
    else:
        for factor in FACTORS:
            yield _cut(default.linkage, space.height * factor)
    yield from ({"training_filter": choice} for choice in FILTERS)
    yield from (_cut(linkage, space.height) for linkage in LINKAGES)
    yield from ({"min_cluster_size": size} for size in SIZES)
    yield from ({"clean_share": share} for share in CLEAN_SHARES)
    if default.clustering == "ahc":
        if default.linkage in UPDATES:
            yield from ({"side_by_side": price} for price in PRICES)
        yield {"refine_clusters": not default.refine_clusters}
    yield from ({"segmentation_threshold": onset} for onset in space.onsets)
    yield from ({"min_duration_off": gap_s} for gap_s in GAPS_S)
    yield from ({"min_duration_on": turn_s} for turn_s in TURNS_S)
    if "vbx" in space.methods and default.clustering != "vbx":
        yield {"clustering": "vbx", "threshold": DIARIZATION["community-1"].threshold}


def _random_changes(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    """Draw some of the parameters anew; what belongs together is drawn together."""
    values: dict[str, Any] = {}
    for draw in (_draw_onset, _draw_durations, _draw_filter, _draw_size, _draw_clusters):
        changed = rng.random() < CHANGED_SHARE
        drawn = draw(space, rng)
        if changed:
            values |= drawn
    return values


def _draw_onset(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    return {"segmentation_threshold": space.onsets[int(rng.integers(len(space.onsets)))]}


def _draw_durations(_space: Space, rng: np.random.Generator) -> dict[str, Any]:
    turn_s = TURNS_S[int(rng.integers(len(TURNS_S)))]
    return {"min_duration_off": round(float(rng.uniform(0, 1)), 2), "min_duration_on": turn_s}


def _draw_filter(_space: Space, rng: np.random.Generator) -> dict[str, Any]:
    chosen = FILTERS[int(rng.integers(len(FILTERS)))]
    share = CLEAN_SHARES[int(rng.integers(len(CLEAN_SHARES)))]
    return {"training_filter": chosen} | ({"clean_share": share} if chosen == "clean" else {})


def _draw_size(_space: Space, rng: np.random.Generator) -> dict[str, Any]:
    return {"min_cluster_size": round(math.exp(rng.uniform(0, math.log(SIZES[-1]))))}


def _draw_clusters(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    if space.methods[int(rng.integers(len(space.methods)))] == "vbx":
        drawn = {name: _within(name, rng.uniform(*ends)) for name, ends in VBX_RANGES.items()}
        return {"clustering": "vbx", **drawn}
    linkage = LINKAGES[int(rng.integers(len(LINKAGES)))]
    widest = math.log(WIDEST_FACTOR)
    cut = _cut(linkage, space.height * math.exp(rng.uniform(-widest, widest)))
    price, refined = PRICES[int(rng.integers(len(PRICES)))], bool(rng.integers(2))
    return {"side_by_side": price, "refine_clusters": refined, **cut}


def _cut(linkage: str, height: float) -> dict[str, Any]:
    """Cut a dendrogram at a cosine distance, in the linkage's own kind of distance.

    Between vectors of length 1 the Euclidean distance is the root of twice the cosine distance.
    No price of speaking side by side can be added to it.
    """
    threshold = math.sqrt(2 * height) if linkage in EUCLIDEAN_LINKAGES else height
    cut = {"clustering": "ahc", "linkage": linkage, "threshold": _within("threshold", threshold)}
    return cut if linkage in UPDATES else {**cut, "side_by_side": 0.0}


def _within(name: str, value: float) -> float:
    """Keep a hyper-parameter within its range, and three digits of it: no corpus tells more."""
    least, most = RANGES[name]
    return min(max(float(f"{value:.3g}"), least), most)
