"""Nearest neighbours among many embeddings, by the graph of faiss (HNSW).

Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
hierarchical navigable small world graphs", 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import MissingPackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINKS, EFFORT = 16, 100
"""``M``, and ``efConstruction`` and ``efSearch``."""


def neighbours(
    rows: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the nearest rows of each row by cosine similarity, approximately.

    Rows are added in one thread, so that the same rows have the same neighbours every time.

    Parameters
    ----------
    rows : (N, D), of length 1
    count : of neighbours, fewer than N

    Returns
    -------
    Indices (N, count) and similarities (N, count), nearest first; a row is no neighbour of itself.
    Where fewer were found, the index is the row's own and the similarity -1.

    Raises
    ------
    MissingPackageError
        faiss is not installed.
    """
    faiss = import_faiss()
    index = faiss.IndexHNSWFlat(rows.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = EFFORT
    index.hnsw.efSearch = max(EFFORT, 2 * count)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        index.add(rows)
    finally:
        faiss.omp_set_num_threads(threads)
    similarities, found = index.search(rows, count + 1)
    here = np.arange(len(rows))[:, np.newaxis]
    own = found == here
    own[~own.any(axis=1), -1] = True  # among equal rows, it may not have found itself
    shape = (len(rows), count)
    found, similarities = found[~own].reshape(shape), similarities[~own].reshape(shape)
    return np.where(found < 0, here, found), np.where(found < 0, -1, similarities)


def import_faiss() -> Any:
    """Import faiss, an extra; raise MissingPackageError where it is not installed."""
    try:
        import faiss  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingPackageError(
            '--link-speakers needs faiss: pip install "ovdiar[link]"'
        ) from None
    return faiss
