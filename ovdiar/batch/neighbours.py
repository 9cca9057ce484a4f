"""Nearest neighbours among many embeddings, by hnswlib (Malkov and Yashunin, 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import MissingPackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINKS, BUILD_EFFORT = 16, 200
"""``M`` and ``ef_construction`` of the index: its authors' values for vectors of this kind."""
SEED = 0


def neighbours(
    rows: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the nearest rows of each row by cosine similarity, approximately.

    One thread builds the index, so that the same rows have the same neighbours on every machine.

    Parameters
    ----------
    rows : (N, D), of length 1
    count : of neighbours, fewer than N

    Returns
    -------
    Indices (N, count) and similarities (N, count), nearest first; a row is no neighbour of itself.

    Raises
    ------
    MissingPackageError
        hnswlib is not installed.
    """
    hnswlib = import_hnswlib()
    index = hnswlib.Index(space="ip", dim=rows.shape[1])
    index.init_index(len(rows), ef_construction=BUILD_EFFORT, M=LINKS, random_seed=SEED)
    index.add_items(rows, num_threads=1)
    index.set_ef(max(BUILD_EFFORT, 2 * count))
    found, distances = index.knn_query(rows, k=count + 1)
    found = found.astype(np.int64)
    own = found == np.arange(len(rows))[:, np.newaxis]
    own[~own.any(axis=1), -1] = True  # among equal rows, it may not have found itself
    shape = (len(rows), count)
    return found[~own].reshape(shape), (1 - distances[~own]).reshape(shape)


def import_hnswlib() -> Any:
    """Import hnswlib, an extra; raise MissingPackageError where it is not installed."""
    try:
        import hnswlib  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingPackageError(
            '--link-speakers needs hnswlib: pip install "ovdiar[link]"'
        ) from None
    return hnswlib
