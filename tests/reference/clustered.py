"""Windows whose speakers are clustered already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from reference.recordings import FRAMES
from reference.replay import WINDOWS

from ovdiar.clustering.cluster import Clusters
from ovdiar.counting import speaker_count
from ovdiar.frames import WindowedFrames
from ovdiar.pipelines.diarization.front_end import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def clusters_of(labels: NDArray[np.int64], centroids: NDArray[Any]) -> Clusters:
    none = np.zeros(0, dtype=np.int64)
    soft = np.zeros((*labels.shape, len(centroids)))
    return Clusters(labels, centroids, soft, (none, none), none)


def alone(numbers: Sequence[int], frames: Sequence[int] | None = None) -> tuple[Evidence, Clusters]:
    """Let one speaker talk in each window, for so many frames of it or half; none overlap."""
    count = round(WINDOWS.width / FRAMES.step)
    scores = np.zeros((len(numbers), count, 1), dtype=np.float32)
    for window, length in zip(scores, frames or [count // 2 - 5] * len(numbers), strict=True):
        window[5 : 5 + length] = 1
    apart = WindowedFrames(scores, type(WINDOWS)(WINDOWS.width, WINDOWS.width), FRAMES)
    active = apart.with_data(scores > 0.5)
    embeddings = np.zeros((len(numbers), 1, 2), dtype=np.float32)
    evidence = Evidence(apart, active, speaker_count(active), embeddings)
    centroids = np.arange(2.0 * (max(numbers) + 1)).reshape(-1, 2) + 1
    return evidence, clusters_of(np.array(numbers)[:, np.newaxis], centroids)
