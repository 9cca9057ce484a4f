"""Clustering with a price on unions of voices that speak side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import side_by_side as slow
from scipy.cluster import hierarchy

from ovdiar.clustering.ahc import FREE, agglomerate, dendrogram
from ovdiar.clustering.assignment import cosine_distances
from ovdiar.clustering.side_by_side import UPDATES, SideBySide, penalised_dendrogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.parameters import Linkage

COUNTS = st.integers(2, 14)
SEEDS = st.integers(0, 10**6)


def _rows(seed: int, count: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(3, 6))[rng.integers(3, size=count)] + rng.normal(size=(count, 6)) / 2


def _windows(seed: int, count: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng(seed).integers(count // 2 + 1, size=count))


def _unions(tree: NDArray[np.float64]) -> list[frozenset[int]]:
    """Name the members of each merge."""
    members = [frozenset([row]) for row in range(len(tree) + 1)]
    for a, b in tree[:, :2].astype(int):
        members.append(members[a] | members[b])
    return members[len(tree) + 1 :]


@settings(max_examples=200, deadline=None)
@given(SEEDS, COUNTS, st.sampled_from(sorted(slow.FROM_MEMBERS)), st.floats(0, 2))
def test_equals_the_slow_version(seed: int, count: int, linkage: str, weight: float) -> None:
    rows, windows = _rows(seed, count), _windows(seed, count)
    tree = penalised_dendrogram(rows, linkage, SideBySide(windows, weight))
    expected = slow.merges(cosine_distances(rows, rows).tolist(), windows.tolist(), linkage, weight)
    assert _unions(tree) == [union for union, _ in expected]
    np.testing.assert_allclose(tree[:, 2], [height for _, height in expected], atol=1e-12)
    assert tree[:, 3].tolist() == [len(union) for union, _ in expected]


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(2, 40), st.sampled_from(sorted(UPDATES)))
def test_without_a_price_it_is_scipys_tree(seed: int, count: int, linkage: Linkage) -> None:
    rows = _rows(seed, count)
    tree = penalised_dendrogram(rows, linkage, SideBySide(_windows(seed, count), 0.0))
    plain = dendrogram(rows, linkage)
    np.testing.assert_allclose(tree[:, 2:], plain[:, 2:], atol=1e-12)
    assert _unions(tree) == _unions(plain)


@given(SEEDS, st.integers(2, 40), st.sampled_from(sorted(UPDATES)), st.floats(0, 2))
def test_the_tree_is_one_that_scipy_cuts(
    seed: int, count: int, linkage: str, weight: float
) -> None:
    apart = SideBySide(_windows(seed, count), weight)
    hierarchy.is_valid_linkage(penalised_dendrogram(_rows(seed, count), linkage, apart), throw=True)


def test_similar_voices_that_speak_side_by_side_stay_apart() -> None:
    """Two voices 0.1 apart, always in the same window; a third time one of them is alone."""
    first = np.array([[1.0, 0.0]] * 20)
    second = np.array([[0.9, np.sqrt(1 - 0.81)]] * 20)
    rows, windows = np.concatenate([first, second]), np.tile(np.arange(20), 2)

    def labels(apart: SideBySide | None) -> list[int]:
        tree = dendrogram(rows, "average", apart)
        found: list[int] = agglomerate(
            rows, tree, threshold=0.2, linkage="average", min_cluster_size=1, bounds=FREE
        ).tolist()
        return found

    assert len(set(labels(None))) == 1
    assert labels(SideBySide(windows, 0.3)) == [0] * 20 + [1] * 20
    assert len(set(labels(SideBySide(np.arange(40), 0.3)))) == 1


@pytest.mark.parametrize("count", [6001, 7000])
def test_a_long_recording_keeps_windows_and_embeddings_together(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    seen: list[SideBySide] = []

    def remember(
        embeddings: NDArray[np.float64], _linkage: str, apart: SideBySide
    ) -> NDArray[np.float64]:
        np.testing.assert_array_equal(embeddings[:, 0], apart.windows + 1)
        seen.append(apart)
        return np.array(hierarchy.linkage(embeddings[:, :1], "single"))

    monkeypatch.setattr("ovdiar.clustering.ahc.penalised_dendrogram", remember)
    windows = np.arange(count)
    rows = np.stack([windows + 1.0, np.ones(count)], axis=1)
    dendrogram(rows, "average", SideBySide(windows, 0.3))
    assert len(seen) == 1
