"""Window speakers, ready to be clustered: the training rows, and the trees over them.

Source: pyannote.audio ``BaseClustering.filter_embeddings`` (3.3.2) and ``VBxClustering`` (4.x).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ovdiar.activity import speakers_active
from ovdiar.clustering.ahc import dendrogram
from ovdiar.clustering.assignment import EMBEDDED_WINDOWS_AT_ONCE
from ovdiar.clustering.attenuation import Attenuation, MergeTree, merge_tree
from ovdiar.clustering.rows import LEAST_S
from ovdiar.clustering.side_by_side import SideBySide, check_linkage
from ovdiar.errors import ConfigError
from ovdiar.windows import slices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from ovdiar.clustering.rows import RowSource
    from ovdiar.parameters import ClusteringParameters, Linkage

RowIndices = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
"""Indices of windows and of speakers."""


class TreeSettings(NamedTuple):
    """The hyper-parameters that a dendrogram depends on."""

    training_filter: str
    clean_share: float
    linkage: Linkage
    side_by_side: float


class MergeSettings(NamedTuple):
    """The hyper-parameters that a tree of corrected similarities depends on.

    A ``fine`` tree has more first clusters, for a number of speakers that others do not provide.
    """

    margin_s: float
    fade_s: float
    usual_level: float
    side_by_side: float
    fine: bool = False


Trees = dict["TreeSettings | MergeSettings", "NDArray[np.float64] | MergeTree"]
"""Dendrograms, and trees of corrected similarities, by what they depend on."""


def tree_settings(parameters: ClusteringParameters) -> TreeSettings | MergeSettings | None:
    """Return what the tree of these hyper-parameters depends on; None where there is none.

    Raises
    ------
    ConfigError
        ``side_by_side`` does not fit the linkage.
    """
    if parameters.clustering == "kmeans":
        return None
    if parameters.clustering == "corrected":
        return merge_settings(parameters)
    filtered = parameters.training_filter, parameters.clean_share
    if parameters.clustering == "vbx":
        return TreeSettings(*filtered, "centroid", 0.0)
    if parameters.side_by_side:
        check_linkage(parameters.linkage)
    return TreeSettings(*filtered, parameters.linkage, parameters.side_by_side)


def merge_settings(parameters: ClusteringParameters) -> MergeSettings:
    """Return what corrected similarity depends on."""
    return MergeSettings(
        parameters.margin_s,
        parameters.fade_s,
        parameters.usual_level,
        parameters.side_by_side,
    )


class WindowSpeakers:
    """Embeddings (C, S, D) of window speakers and their activity (C, F, S), ready to be clustered.

    Trees, the costly part, are computed once for each settings; ``trees`` are known ones, and
    ``source`` provides the rows of corrected clustering.
    """

    def __init__(
        self,
        embeddings: NDArray[Any],
        active: NDArray[np.bool_],
        trees: Mapping[Any, Any] | None = None,
        source: Callable[[], RowSource] | None = None,
    ) -> None:
        self.embeddings, self.active = embeddings, active
        self._trees: Trees = dict(trees or {})
        self._make_source = source
        self._source: RowSource | None = None

    def training(self, parameters: ClusteringParameters | TreeSettings) -> RowIndices:
        """Choose the rows to cluster (see `training_rows`)."""
        return training_rows(
            self.embeddings, self.active, parameters.training_filter, parameters.clean_share
        )

    @property
    def source(self) -> RowSource:
        """The rows of corrected clustering."""
        if self._source is None:
            if self._make_source is None:
                raise ConfigError("clustering 'corrected' needs the windows' grid: give Prepared")
            self._source = self._make_source()
        return self._source

    def tree(self, settings: TreeSettings) -> NDArray[np.float64]:
        """Return the dendrogram of the training rows."""
        found = self._trees.get(settings)
        if not isinstance(found, np.ndarray):
            training = self.training(settings)
            weight = settings.side_by_side
            apart = SideBySide(training[0], weight) if weight else None
            found = dendrogram(self.embeddings[training], settings.linkage, apart)
            self._trees[settings] = found
        return found

    def merge_tree(self, settings: MergeSettings) -> MergeTree:
        """Return the tree of corrected similarities."""
        found = self._trees.get(settings)
        if not isinstance(found, MergeTree):
            found = merge_tree(self.source.rows, self.source.links(), attenuation_of(settings))
            self._trees[settings] = found
        return found


def attenuation_of(settings: MergeSettings) -> Attenuation:
    """Return the hyper-parameters of corrected similarity."""
    attenuation = Attenuation(
        fade_s=settings.fade_s,
        usual_level=settings.usual_level,
        margin_s=settings.margin_s,
        side=settings.side_by_side,
    )
    if settings.fine:
        return replace(attenuation, first=0.0, least_s=LEAST_S, leftover_s=LEAST_S)
    return attenuation


def training_rows(
    embeddings: NDArray[Any],
    active: NDArray[np.bool_],
    training_filter: str,
    clean_share: float = 0.2,
) -> RowIndices:
    """Choose the window speakers to cluster, window by window: indices of windows and speakers.

    ``active`` (pyannote 3.x): all that are active; ``clean`` (4.x): those that are the only
    active speaker in at least ``clean_share`` of the window's frames. Embeddings without a
    direction (NaN, infinite, zero) are left out.
    """
    if training_filter not in ("active", "clean"):
        raise ConfigError(f"training_filter {training_filter!r} is unknown: choose active or clean")
    if training_filter == "active":
        chosen = speakers_active(active)
    else:
        chosen = _clean_frames(active) >= clean_share * active.shape[1]
    windows, speakers = np.nonzero(chosen)
    usable = np.empty(len(windows), dtype=bool)
    for here in slices(len(windows), EMBEDDED_WINDOWS_AT_ONCE):
        with np.errstate(over="ignore"):
            lengths = np.linalg.norm(embeddings[windows[here], speakers[here]], axis=1)
        usable[here] = np.isfinite(lengths) & (lengths > 0)
    return windows[usable], speakers[usable]


def _clean_frames(active: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the frames in which a speaker is the only active one: (C, F, S) -> (C, S)."""
    counts = np.empty(active.shape[::2], dtype=np.int64)
    for here in slices(len(active), EMBEDDED_WINDOWS_AT_ONCE):
        by_speaker = np.ascontiguousarray(active[here].transpose(0, 2, 1))
        alone = by_speaker.sum(axis=1, keepdims=True) == 1
        counts[here] = (by_speaker & alone).sum(axis=2)
    return counts
