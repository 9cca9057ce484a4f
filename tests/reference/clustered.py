"""Windows whose speakers are clustered already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from reference.recordings import FRAMES
from reference.replay import WINDOWS

from ovdiar.clustering.cluster import Clusters
from ovdiar.counting import speaker_count
from ovdiar.frames import WindowedFrames
from ovdiar.parameters import DiarizationParameters
from ovdiar.pipelines.diarization.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def clusters_of(labels: NDArray[np.int64], centroids: NDArray[Any]) -> Clusters:
    none = np.zeros(0, dtype=np.int64)
    soft = np.zeros((*labels.shape, len(centroids)))
    return Clusters(labels, centroids, soft, (none, none), none)


def prepared_of(
    scores: WindowedFrames, embeddings: NDArray[Any], uri: str | None = None
) -> Prepared:
    """Return what a front end would make of scores and embeddings."""
    active = scores.with_data(scores.data > 0.5)
    count, parameters = speaker_count(active), DiarizationParameters()
    return Prepared(scores, active, count, embeddings, parameters, uri=uri)


def alone(numbers: Sequence[int], frames: Sequence[int] | None = None) -> tuple[Prepared, Clusters]:
    """Let one speaker talk in each window, for so many frames of it or half; none overlap."""
    count = round(WINDOWS.width / FRAMES.step)
    scores = np.zeros((len(numbers), count, 1), dtype=np.float32)
    for window, length in zip(scores, frames or [count // 2 - 5] * len(numbers), strict=True):
        window[5 : 5 + length] = 1
    apart = WindowedFrames(scores, type(WINDOWS)(WINDOWS.width, WINDOWS.width), FRAMES)
    prepared = prepared_of(apart, np.zeros((len(numbers), 1, 2), dtype=np.float32))
    centroids = np.arange(2.0 * (max(numbers) + 1)).reshape(-1, 2) + 1
    return prepared, clusters_of(np.array(numbers)[:, np.newaxis], centroids)
