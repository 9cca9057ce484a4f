"""K-means, for a number of speakers that is known."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from reference.agglomeration import partition_of

from ovdiar.clustering.kmeans import kmeans
from ovdiar.errors import MissingPackageError


def test_voices_that_lie_apart_are_told_apart() -> None:
    truth = np.random.default_rng(0).integers(4, size=50)
    rows = np.eye(4)[truth] + 0.05 * np.random.default_rng(1).normal(size=(50, 4))
    assert partition_of(kmeans(rows, 4).tolist()) == partition_of(truth.tolist())


def test_only_directions_count() -> None:
    rows = np.array([[1.0, 0], [100, 1], [0, 1], [1, 100]])
    assert partition_of(kmeans(rows, 2).tolist()) == partition_of([0, 0, 1, 1])


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_fewer_embeddings_than_clusters_are_one_each(count: int) -> None:
    assert kmeans(np.ones((count, 2)), 3).tolist() == list(range(count))


def test_the_same_embeddings_get_the_same_labels_twice() -> None:
    rows = np.random.default_rng(2).normal(size=(40, 8))
    assert np.array_equal(kmeans(rows, 5), kmeans(rows, 5))


def test_the_callers_embeddings_are_left_as_they_are() -> None:
    rows = np.random.default_rng(3).normal(size=(10, 4))
    before = rows.copy()
    kmeans(rows, 3)
    assert np.array_equal(rows, before)


def test_a_missing_scikit_learn_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(MissingPackageError, match="pip install") as caught:
        kmeans(np.eye(4), 2)
    assert "\n" not in str(caught.value)
