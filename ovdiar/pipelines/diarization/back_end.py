"""Everything behind the networks: scores and embeddings in, who spoke when out.

Source: pyannote.audio ``SpeakerDiarization.apply`` (3.3.2 and 4.x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import to_annotation
from ovdiar.annotation import Annotation
from ovdiar.clustering.assignment import UNASSIGNED
from ovdiar.confidence import rate_turns
from ovdiar.frames import Frames
from ovdiar.reconstruction import cluster_activations, select_loudest
from ovdiar.result import DiarizationResult

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.clustering.cluster import Clusters
    from ovdiar.pipelines.diarization.front_end import Evidence


@dataclass(frozen=True, eq=False)
class Decoded:
    """One reading of the evidence: clusters, frames (T, K) of each, and the result.

    ``columns`` are the clusters' numbers of the labels SPEAKER_00, ...: a cluster that has frames
    may have no turn that is long enough, and one that has neither is no speaker.
    """

    clusters: Clusters
    discrete: Frames
    exclusive: Frames
    columns: NDArray[np.int64]
    result: DiarizationResult

    @property
    def speakers(self) -> int:
        """Count the labels of the result."""
        return len(self.result.speaker_diarization.labels())


def decode(
    evidence: Evidence,
    clusters: Clusters,
    *,
    most: int,
    min_duration_off: float,
    min_duration_on: float = 0.0,
    order: str = "number",
) -> Decoded:
    """Put the turns of clustered window speakers together.

    ``most`` caps how many speak at once; gaps shorter than ``min_duration_off`` (s) are filled, and
    turns shorter than ``min_duration_on`` (s) dropped. Speakers are named SPEAKER_00, ... by the
    cluster's number, or (``order="text"``, as pyannote does) by its text: cluster 10 before 2.
    """
    count = np.minimum(evidence.count.data, min(most, np.iinfo(np.uint8).max)).astype(np.uint8)
    speaks = evidence.active.data.any(axis=1)
    activations = cluster_activations(
        evidence.scores, np.where(speaks, clusters.labels, UNASSIGNED)
    )
    discrete = select_loudest(activations, Frames(count, evidence.count.grid))
    alone = select_loudest(activations, Frames(np.minimum(count, 1), evidence.count.grid))
    speaking, exclusive = (
        to_annotation(
            frames,
            min_duration_on=min_duration_on,
            min_duration_off=min_duration_off,
            uri=evidence.uri,
        )
        for frames in (discrete, alone)
    )
    found = sorted(speaking.labels(), key=None if order == "text" else int)
    rated = [
        rate_turns(turns, evidence.scores, evidence.active.data, clusters.labels, clusters.soft)
        for turns in (speaking, exclusive)
    ]
    names = {column: f"SPEAKER_{index:02d}" for index, column in enumerate(found)}
    result = DiarizationResult(
        rated[0].rename_labels(names),
        rated[1].rename_labels(names),
        _rows_of(clusters.centroids, found),
    )
    columns = np.array([int(column) for column in found], dtype=np.int64)
    return Decoded(clusters, discrete, alone, columns, result)


def silence(evidence: Evidence) -> DiarizationResult:
    """Answer for a recording in which nobody speaks."""
    dimension = evidence.embeddings.shape[2]
    nobody = Annotation(uri=evidence.uri)
    return DiarizationResult(nobody, nobody, np.zeros((0, dimension), dtype=np.float32))


def traces(evidence: Evidence, decoded: Decoded | None) -> dict[str, Any]:
    """Name every intermediate."""
    traces: dict[str, Any] = {
        "segmentations": evidence.scores,
        "binarized_segmentations": evidence.active,
        "count": evidence.count,
        "embeddings": evidence.embeddings,
    }
    if decoded is not None:
        clusters = decoded.clusters
        traces |= {
            "training_windows": clusters.training[0],
            "training_speakers": clusters.training[1],
            "training_labels": clusters.training_labels,
            "hard_clusters": clusters.labels,
            "soft_clusters": clusters.soft,
            "centroids": clusters.centroids,
            "discrete_diarization": decoded.discrete,
            "exclusive_discrete_diarization": decoded.exclusive,
        }
        if clusters.posterior is not None:
            traces |= {
                "plda_features": clusters.features,
                "responsibilities": clusters.posterior.responsibilities,
                "priors": clusters.posterior.priors,
                "elbo": clusters.posterior.elbo,
            }
    return traces


def _rows_of(centroids: NDArray[Any], columns: list[str]) -> NDArray[Any]:
    """Choose the centroids of columns; zeros where there is no cluster or none of its members."""
    lacking = max((int(column) + 1 for column in columns), default=0) - len(centroids)
    padded = np.pad(centroids, ((0, max(lacking, 0)), (0, 0)))
    rows: NDArray[Any] = np.nan_to_num(padded[[int(column) for column in columns]])
    return rows
