"""The hyper-parameters that are tried, in an order that depends on a seed alone.

No candidate depends on the score of another, so that the recordings held out of a fold have no part
in the choice. What is tried of each hyper-parameter is declared with it (`ovdiar.parameters`). The
threshold of clustering is tried around the default, since distances depend on the embedding; VBx's
ranges are those of pyannote.audio's ``VBxClustering``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.ahc import EUCLIDEAN_LINKAGES
from ovdiar.clustering.side_by_side import UPDATES
from ovdiar.parameters import DiarizationParameters, declarations
from ovdiar.presets import DIARIZATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.parameters import Declaration

DECLARED = declarations(DiarizationParameters)
DRAWN_TOGETHER = ("clustering", "linkage", "threshold", "side_by_side", "fa", "fb")
"""Hyper-parameters that depend on each other: the scale of a threshold depends on the linkage."""
FACTORS = (0.8, 1.25, 0.9, 1.1, 0.7, 1.4, 0.5, 2.0)
"""Of cosine distances, and of VBx's scales."""
WIDEST_FACTOR = 2.5
LEAST_HEIGHT = 0.02
VBX_RANGES = {"threshold": (0.5, 0.8), "fa": (0.01, 0.5), "fb": (0.01, 15.0)}
CHANGED_SHARE = 0.5
"""Share of the hyper-parameters that a random candidate changes, on average."""
PATIENCE = 50
"""Draws for each candidate wanted, before a small space counts as exhausted."""


@dataclass(frozen=True)
class Space:
    """The default, the segmentation thresholds that are tried, and the ways to cluster."""

    default: DiarizationParameters
    thresholds: tuple[float, ...]
    methods: tuple[str, ...]

    @property
    def height(self) -> float:
        """The height of the default's cut of its dendrogram, as a cosine distance."""
        chosen = self.default
        euclidean = chosen.clustering == "vbx" or chosen.linkage in EUCLIDEAN_LINKAGES
        height = chosen.threshold**2 / 2 if euclidean else chosen.threshold
        return max(height, LEAST_HEIGHT)

    @property
    def independent(self) -> dict[str, Declaration]:
        """The hyper-parameters that are tried one by one."""
        skipped = {*DRAWN_TOGETHER, "segmentation_threshold"}
        return {name: each for name, each in DECLARED.items() if each.tried and name not in skipped}


def space_around(default: DiarizationParameters, *, sigmoid: bool, plda: bool) -> Space:
    """Return the space: a powerset network has no threshold to tune, VBx needs a PLDA."""
    declared = DECLARED["segmentation_threshold"].tried
    thresholds = tuple(dict.fromkeys((default.segmentation_threshold, *declared)))
    methods = ("ahc", "vbx") if plda else ("ahc",)
    return Space(default, thresholds if sigmoid else thresholds[:1], methods)


def candidates(space: Space, trials: int, seed: int) -> tuple[DiarizationParameters, ...]:
    """List what is tried: the default, one change to it at a time, then random combinations.

    With more trials, the first candidates stay the same; there are fewer than ``trials`` where the
    space holds no more.
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
    """Change one thing at a time; a linkage comes with the equivalent threshold."""
    default = space.default
    if default.clustering == "vbx":
        for name in VBX_RANGES:
            for factor in FACTORS:
                yield {name: _within(name, getattr(default, name) * factor)}
    else:
        for factor in FACTORS:
            yield _cut(default.linkage, space.height * factor)
    yield from (_cut(linkage, space.height) for linkage in DECLARED["linkage"].tried)
    if default.clustering == "ahc" and default.linkage in UPDATES:
        yield from ({"side_by_side": weight} for weight in DECLARED["side_by_side"].tried)
    yield from ({"segmentation_threshold": each} for each in space.thresholds)
    for name, declared in space.independent.items():
        yield from ({name: value} for value in declared.tried)
    if "vbx" in space.methods and default.clustering != "vbx":
        yield {"clustering": "vbx", "threshold": DIARIZATION["community-1"].threshold}


def _random_changes(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    """Draw some of the hyper-parameters anew."""
    drawn: dict[str, Any] = {name: _draw(each, rng) for name, each in space.independent.items()}
    drawn["segmentation_threshold"] = space.thresholds[int(rng.integers(len(space.thresholds)))]
    values = {name: value for name, value in drawn.items() if rng.random() < CHANGED_SHARE}
    clusters = _draw_clusters(space, rng)
    return values | (clusters if rng.random() < CHANGED_SHARE else {})


def _draw(declared: Declaration, rng: np.random.Generator) -> Any:
    """Draw one of the values tried, or a number between the smallest and the largest of them."""
    least, most = min(declared.tried), max(declared.tried)
    if declared.kind is int:
        return round(math.exp(rng.uniform(math.log(least), math.log(most))))
    if declared.kind is float:
        return round(float(rng.uniform(least, most)), 2)
    return declared.tried[int(rng.integers(len(declared.tried)))]


def _draw_clusters(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    """Draw a way to cluster, with everything that belongs to it."""
    if space.methods[int(rng.integers(len(space.methods)))] == "vbx":
        drawn = {name: _within(name, rng.uniform(*ends)) for name, ends in VBX_RANGES.items()}
        return {"clustering": "vbx", **drawn}
    linkages, weights = DECLARED["linkage"].tried, DECLARED["side_by_side"].tried
    linkage = linkages[int(rng.integers(len(linkages)))]
    widest = math.log(WIDEST_FACTOR)
    cut = _cut(linkage, space.height * math.exp(rng.uniform(-widest, widest)))
    return {"side_by_side": weights[int(rng.integers(len(weights)))], **cut}


def _cut(linkage: str, height: float) -> dict[str, Any]:
    """Return a cut at a cosine distance, in the linkage's own kind of distance.

    Between vectors of length 1 the Euclidean distance is the square root of twice the cosine
    distance; ``side_by_side`` cannot be added to it.
    """
    threshold = math.sqrt(2 * height) if linkage in EUCLIDEAN_LINKAGES else height
    cut = {"clustering": "ahc", "linkage": linkage, "threshold": _within("threshold", threshold)}
    return cut if linkage in UPDATES else {**cut, "side_by_side": 0.0}


def _within(name: str, value: float) -> float:
    """Limit a value to the range of its hyper-parameter, and to three significant digits."""
    least, most = DECLARED[name].within
    return min(max(float(f"{value:.3g}"), least), most)
