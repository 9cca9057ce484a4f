"""Embeddings by masked statistics pooling between two networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.embedding import nearest_resize, pool_statistics
from ovdiar.networks.manifest import check_output

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.networks.bundle import EmbeddingSpec
    from ovdiar.networks.runtime import Network


@dataclass(frozen=True, eq=False)
class PooledEmbedding:
    """Embedding model made of a trunk and a head, with masked statistics pooling between them.

    One pass of the trunk serves all speakers of a window.
    """

    spec: EmbeddingSpec
    trunk: Network
    head: Network

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Embed the masked frames of windows.

        The trunk processes one window at a time: larger batches are not faster, and the activations
        of one window take 50 MB.

        Parameters
        ----------
        windows
            (N, samples).
        masks
            (N, S, frames), one mask per speaker.

        Returns
        -------
        (N, S, D), float32. Rows of empty masks are meaningless; callers set them to NaN.
        """
        statistics = []
        for window, window_masks in zip(windows[:, np.newaxis], masks[:, np.newaxis], strict=True):
            features = self.trunk(window)
            resized = nearest_resize(window_masks, features.shape[2])
            statistics.append(pool_statistics(features, resized)[0])
        embeddings = self.head(np.concatenate(statistics))
        check_output("embedding", "dimensions", embeddings.shape[1], self.spec.dimension)
        return embeddings.reshape(*masks.shape[:2], -1)
