"""K-means, where the number of speakers is given (pyannote ``KMeansClustering`` and VBx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.assignment import unit
from ovdiar.errors import MissingPackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def kmeans(embeddings: NDArray[Any], clusters: int) -> NDArray[np.int64]:
    """Cluster normalised embeddings (N, D) into a given number: labels (N,).

    scikit-learn with pyannote's settings: three starts, random state 42. Fewer embeddings than
    clusters make one cluster each.
    """
    if len(embeddings) <= clusters:
        return np.arange(len(embeddings))
    try:
        from sklearn.cluster import KMeans  # noqa: PLC0415 - half a second, for few requests
    except ImportError as error:
        raise MissingPackageError(
            'k-means needs scikit-learn, which is not installed: pip install "scikit-learn>=1.4"'
        ) from error
    model = KMeans(n_clusters=clusters, n_init=3, random_state=42, copy_x=False)
    labels: NDArray[np.int64] = model.fit_predict(unit(embeddings)).astype(np.int64)
    return labels
