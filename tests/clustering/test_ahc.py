"""Agglomerative clustering: SciPy's tree, cut and tidied as pyannote does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import agglomeration as slow
from scipy.cluster import hierarchy

from ovdiar.clustering import ahc
from ovdiar.clustering.ahc import (
    EUCLIDEAN_LINKAGES,
    FREE,
    CountBounds,
    agglomerate,
    count_large,
    cut_at,
    dendrogram,
    keep_largest,
)
from ovdiar.clustering.assignment import cosine_distances, unit
from ovdiar.parameters import Linkage

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVERY_LINKAGE: tuple[Linkage, ...] = get_args(Linkage)
LINKAGES = st.sampled_from(EVERY_LINKAGE)
THRESHOLDS = st.floats(0, 2)


def _clustered(rows: NDArray[Any], *, linkage: Linkage, **how: Any) -> NDArray[np.int64]:
    """Cluster embeddings by their own dendrogram."""
    return agglomerate(rows, dendrogram(rows, linkage), linkage=linkage, **how)


def _voices(seed: int, count: int, voices: int = 4) -> NDArray[np.float64]:
    """Draw embeddings of different lengths around a few directions, some of them twice."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(voices, 8))
    rows = directions[rng.integers(voices, size=count)] + 0.4 * rng.normal(size=(count, 8))
    rows *= rng.lognormal(size=(count, 1))
    rows[count // 2 : count // 2 + count // 8] = rows[: count // 8]
    return rows


def _by_hand(
    rows: NDArray[np.float64], threshold: float, linkage: Linkage, size: int, bounds: CountBounds
) -> slow.Partition:
    count = len(rows)
    smallest = min(size, max(1, round(0.1 * count)))
    tree = dendrogram(rows, linkage).tolist()
    least, most = (min(max(bound, 1), count) for bound in (bounds.least, bounds.most))
    partition = slow.cut(tree, threshold)
    found = len(slow.large(partition, smallest))
    if not least <= found <= most:
        target = least if found < least else most
        partition = slow.forced_cut(tree, threshold, smallest, target)
    seen = unit(rows) if linkage in EUCLIDEAN_LINKAGES else rows

    def distance(host: frozenset[int], guest: frozenset[int]) -> float:
        means = [seen[sorted(members)].mean(axis=0)[np.newaxis] for members in (host, guest)]
        return float(cosine_distances(*means)[0, 0])

    return slow.absorb(partition, smallest, distance)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(2, 50),
    THRESHOLDS,
    LINKAGES,
    st.integers(1, 6),
    st.integers(0, 6),
    st.integers(0, 3),
)
def test_equals_the_slow_version(
    seed: int,
    count: int,
    threshold: float,
    linkage: Linkage,
    size: int,
    least: int,
    more: int,
) -> None:
    rows = _voices(seed, count)
    bounds = CountBounds(least, max(least, 1) + more)
    labels = _clustered(
        rows, threshold=threshold, linkage=linkage, min_cluster_size=size, bounds=bounds
    )
    expected = _by_hand(rows, threshold, linkage, size, bounds)
    assert slow.partition_of(labels.tolist()) == expected
    assert set(labels.tolist()) == set(range(len(expected)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 30), THRESHOLDS, LINKAGES)
def test_the_cut_respects_merges_at_falling_heights(
    seed: int, count: int, threshold: float, linkage: Linkage
) -> None:
    tree = dendrogram(_voices(seed, count), linkage)
    labels = cut_at(tree, threshold).tolist()
    assert slow.partition_of(labels) == slow.cut(tree.tolist(), threshold)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 11), THRESHOLDS)
def test_single_embeddings_can_be_forced_into_any_smaller_number(
    seed: int, wanted: int, threshold: float
) -> None:
    rows = np.random.default_rng(seed).normal(size=(12, 8))
    labels = _clustered(
        rows,
        threshold=threshold,
        linkage="average",
        min_cluster_size=1,
        bounds=CountBounds(wanted, wanted),
    )
    assert len(set(labels.tolist())) == wanted


@pytest.mark.parametrize("linkage", EVERY_LINKAGE)
def test_two_far_points_stay_two(linkage: Linkage) -> None:
    rows = np.array([[1.0, 0], [0, 1.0]])
    labels = _clustered(
        rows, threshold=0.5, linkage=linkage, min_cluster_size=1, bounds=CountBounds(2, 2)
    )
    assert sorted(labels.tolist()) == [0, 1]


def test_one_embedding_is_one_cluster() -> None:
    labels = _clustered(
        np.ones((1, 3)), threshold=0, linkage="centroid", min_cluster_size=9, bounds=FREE
    )
    assert labels.tolist() == [0]


def test_the_callers_embeddings_are_not_normalised_in_place() -> None:
    rows = _voices(0, 10)
    before = rows.copy()
    _clustered(rows, threshold=1, linkage="centroid", min_cluster_size=1, bounds=FREE)
    assert np.array_equal(rows, before)


@pytest.mark.parametrize(
    ("labels", "smallest", "large"), [([0, 0, 1], 1, 2), ([0, 0, 1], 2, 1), ([0, 0, 1], 3, 0)]
)
def test_large_clusters_have_at_least_the_smallest_size(
    labels: list[int], smallest: int, large: int
) -> None:
    assert count_large(np.array(labels), smallest) == large


@pytest.mark.parametrize(
    ("bounds", "found", "target"),
    [
        (CountBounds(2, 4), 1, 2),
        (CountBounds(2, 4), 3, None),
        (CountBounds(2, 4), 5, 4),
        (CountBounds(3, 3), 3, 3),
        (FREE, 99, None),
    ],
)
def test_bounds_name_the_number_to_force(
    bounds: CountBounds, found: int, target: int | None
) -> None:
    assert bounds.target(found) == target


@pytest.mark.parametrize(("least", "most"), [(0, 1), (3, 5), (7, 9)])
@pytest.mark.parametrize("available", [1, 2, 4, 8])
def test_bounds_are_clipped_to_what_there_is(least: int, most: int, available: int) -> None:
    clipped = CountBounds(least, most).within(available)
    assert clipped.least == min(max(least, 1), available)
    assert clipped.most == min(most, available)


class Refused(Exception):  # noqa: N818 - no error of the product
    """Stops before SciPy fills its matrix."""


def _count_rows(monkeypatch: pytest.MonkeyPatch, *, run: bool) -> list[int]:
    """Note how many embeddings every dendrogram gets."""
    linkage = hierarchy.linkage
    rows: list[int] = []

    def spy(embeddings: Any, *args: Any, **options: Any) -> Any:
        rows.append(len(embeddings))
        if not run:
            raise Refused
        return linkage(embeddings, *args, **options)

    monkeypatch.setattr(hierarchy, "linkage", spy)
    return rows


def test_eight_hours_of_three_speakers_make_no_larger_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _count_rows(monkeypatch, run=False)
    eight_hours = np.ones((8 * 3600 * 3, 2), dtype=np.float32)
    with pytest.raises(Refused):
        _clustered(eight_hours, threshold=0.7, linkage="centroid", min_cluster_size=12, bounds=FREE)
    assert rows == [ahc.LARGEST_DENDROGRAM]


def test_the_largest_tree_stays_below_300_megabytes() -> None:
    pairs = ahc.LARGEST_DENDROGRAM * (ahc.LARGEST_DENDROGRAM - 1) / 2
    distances, scipys_copy = 8 * pairs, 8 * pairs
    assert distances + scipys_copy < 300e6


@pytest.mark.parametrize("count", [60, 61, 119, 120, 121, 600])
def test_more_embeddings_than_a_tree_takes_join_the_clusters_of_some(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(ahc, "LARGEST_DENDROGRAM", 60)
    rows = _count_rows(monkeypatch, run=True)
    rng = np.random.default_rng(1)
    truth = rng.integers(3, size=count)
    voices = np.eye(3)[truth] + 0.05 * rng.normal(size=(count, 3))
    labels = _clustered(voices, threshold=0.7, linkage="centroid", min_cluster_size=12, bounds=FREE)
    assert rows == [60]
    assert slow.partition_of(labels.tolist()) == slow.partition_of(truth.tolist())


def test_no_distance_matrix_of_a_long_recording_is_larger_than_the_trees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []

    def spy(a: Any, b: Any) -> NDArray[np.float64]:
        sizes.append(len(a) * len(b))
        return cosine_distances(a, b)

    monkeypatch.setattr(ahc, "LARGEST_DENDROGRAM", 50)
    monkeypatch.setattr(ahc, "cosine_distances", spy)
    noise = np.random.default_rng(0).normal(size=(1000, 40))
    labels = _clustered(noise, threshold=0.1, linkage="centroid", min_cluster_size=1, bounds=FREE)
    assert max(sizes) <= 50 * 50
    assert set(labels.tolist()) == set(range(50))


def test_the_largest_clusters_are_kept_and_the_rest_joins_them() -> None:
    voices = np.array([[1, 0], [1, 0.1], [0.8, 0.6], [0, 1], [0, 0.9], [0.7, 0.7]])
    labels = np.array([0, 0, 1, 2, 2, 3])
    assert keep_largest(voices, labels, 2).tolist() == [0, 0, 0, 1, 1, 0]


def test_of_equally_large_clusters_the_first_are_kept() -> None:
    """In hundreds of them, where a sort that is not stable would mix them up."""
    angles = np.linspace(0, 1, 300)
    voices = np.column_stack([np.cos(angles), np.sin(angles)])
    labels = keep_largest(voices, np.arange(300), 100)
    assert labels.tolist() == [*range(100), *[99] * 200]


@pytest.mark.parametrize("most", [4, 5])
def test_no_more_clusters_than_are_allowed_stay_as_they_are(most: int) -> None:
    labels = np.array([0, 0, 1, 2, 2, 3])
    assert keep_largest(np.eye(6), labels, most) is labels
