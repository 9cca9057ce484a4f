"""The back end: the networks' outputs to turns.

Source: pyannote.audio ``SpeakerDiarization.apply`` (3.3.2 and 4.x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import speaker_turns, speakers_active
from ovdiar.annotation import Annotation
from ovdiar.clustering.assignment import UNASSIGNED
from ovdiar.confidence import confidence, turn_features
from ovdiar.frames import Frames
from ovdiar.reconstruction import reconstruct
from ovdiar.result import DiarizationResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar.activity import SpeakerTurns
    from ovdiar.clustering.cluster import Clusters
    from ovdiar.parameters import DurationParameters
    from ovdiar.pipelines.diarization.prepared import Prepared


@dataclass(frozen=True, eq=False)
class Decoded:
    """Clusters, and the frames and turns that they give; speakers are the clusters' numbers.

    ``discrete`` is (T, K'), 0 or 1. A cluster may have frames without a turn that is long enough;
    columns from K on are speakers without a cluster.
    """

    clusters: Clusters
    discrete: Frames
    turns: SpeakerTurns

    @property
    def speakers(self) -> NDArray[np.int64]:
        """The columns that have turns."""
        return self.turns.speakers()


def decode(
    prepared: Prepared, clusters: Clusters, parameters: DurationParameters, *, most: int
) -> Decoded:
    """Reconstruct the turns of clustered window speakers, at most ``most`` active at once."""
    discrete = _loudest(prepared, clusters, most)
    return Decoded(clusters, discrete, _turns(discrete, prepared, parameters))


def exclusive(prepared: Prepared, decoded: Decoded) -> Frames:
    """Keep the loudest speaker of every frame that has any: (T, K), 0 or 1."""
    return _loudest(prepared, decoded.clusters, 1)


def _loudest(prepared: Prepared, clusters: Clusters, most: int) -> Frames:
    """Switch on as many clusters as are counted in each frame, at most so many."""
    limit = np.uint8(min(most, np.iinfo(np.uint8).max))
    count = Frames(np.minimum(prepared.count.data, limit), prepared.count.grid)
    speaking = speakers_active(prepared.active.data)
    return reconstruct(prepared.scores, np.where(speaking, clusters.labels, UNASSIGNED), count)


def order_of_labels(decoded: Decoded, *, strict_parity: bool) -> list[int]:
    """Order the speakers' columns as SPEAKER_00, SPEAKER_01, ...

    By the start of their first turns; with ``strict_parity`` by the text of their numbers, so
    that 10 comes before 2.
    """
    if strict_parity:
        return sorted(decoded.speakers.tolist(), key=str)
    columns, first = np.unique(decoded.turns.columns, return_index=True)
    starts_s = decoded.turns.starts_s[first]
    ordered: list[int] = columns[np.argsort(starts_s, kind="stable")].tolist()
    return ordered


def to_result(
    prepared: Prepared,
    decoded: Decoded,
    parameters: DurationParameters,
    columns: list[int],
    *,
    strict_parity: bool,
) -> DiarizationResult:
    """Name the speakers in the order of their ``columns``, and rate their turns."""
    clusters = decoded.clusters
    labels = {column: label_of(index) for index, column in enumerate(columns)}
    overlapping, alone = decoded.turns, _turns(exclusive(prepared, decoded), prepared, parameters)
    ranks = {column: str(column) for column in columns} if strict_parity else None
    rates: Sequence[NDArray[np.float64] | None] = (None, None)
    if prepared.calibration is not None:
        segmentation = prepared.scores, prepared.active.data
        features = turn_features(*segmentation, clusters.labels, clusters.soft, overlapping, alone)
        rates = [confidence(each, prepared.calibration) for each in features]
    said, said_alone = (
        turns.to_annotation(labels, prepared.uri, ranks=ranks, confidences=rated)
        for turns, rated in zip((overlapping, alone), rates, strict=True)
    )
    rows = sorted(columns, key=lambda column: labels[column])
    return DiarizationResult(said, said_alone, _rows_of(clusters.centroids, rows))


def label_of(index: int) -> str:
    """Name a speaker as pyannote does: SPEAKER_00, SPEAKER_01, ..."""
    return f"SPEAKER_{index:02d}"


def silence(prepared: Prepared) -> DiarizationResult:
    """Return the result of a recording without speech."""
    dimension = prepared.embeddings.shape[2]
    nobody = Annotation(uri=prepared.uri)
    return DiarizationResult(nobody, nobody, np.zeros((0, dimension), dtype=np.float32))


def intermediates(prepared: Prepared, decoded: Decoded | None) -> dict[str, Any]:
    """Return every intermediate by name, for ``trace``."""
    found: dict[str, Any] = {
        "segmentations": prepared.scores,
        "binarized_segmentations": prepared.active,
        "count": prepared.count,
        "embeddings": prepared.embeddings,
    }
    if decoded is not None:
        clusters = decoded.clusters
        found |= {
            "training_windows": clusters.training[0],
            "training_speakers": clusters.training[1],
            "training_labels": clusters.training_labels,
            "hard_clusters": clusters.labels,
            "soft_clusters": clusters.soft,
            "centroids": clusters.centroids,
            "discrete_diarization": decoded.discrete,
            "exclusive_discrete_diarization": exclusive(prepared, decoded),
        }
        if clusters.posterior is not None:
            found |= {
                "plda_features": clusters.features,
                "responsibilities": clusters.posterior.responsibilities,
                "priors": clusters.posterior.priors,
                "elbo": clusters.posterior.elbo,
            }
    return found


def _turns(frames: Frames, prepared: Prepared, parameters: DurationParameters) -> SpeakerTurns:
    """Return the turns within the recording; with ``strict_parity``, they may exceed it."""
    return speaker_turns(
        frames,
        min_duration_on=parameters.min_duration_on,
        min_duration_off=parameters.min_duration_off,
        end_s=None if prepared.strict_parity else prepared.duration_s,
    )


def _rows_of(centroids: NDArray[Any], columns: list[int]) -> NDArray[Any]:
    """Choose the centroids of columns; zeros for a speaker without a cluster or an embedding."""
    lacking = max((column + 1 for column in columns), default=0) - len(centroids)
    padded = np.pad(centroids, ((0, max(lacking, 0)), (0, 0)))
    rows: NDArray[Any] = np.nan_to_num(padded[columns])
    return rows
