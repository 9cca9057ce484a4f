"""Centroids, similarities, and who gets which cluster."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ovdiar.clustering.assignment import (
    UNASSIGNED,
    assign_apart,
    assign_nearest,
    centroids_of,
    cosine_distances,
    settle,
    similarities,
    unit,
)

QUARTERS = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_units_have_length_one_and_keep_their_dtype(dtype: type[np.floating]) -> None:
    rows = unit(np.array([[3, 4], [0, 2]], dtype=dtype))
    assert rows.dtype == dtype
    assert np.linalg.norm(rows, axis=1).tolist() == pytest.approx([1, 1])


def test_zeros_have_no_direction() -> None:
    assert np.isnan(unit(np.zeros((1, 3)))).all()


def test_cosine_distances_run_from_zero_to_two() -> None:
    distances = cosine_distances(np.array([[2, 0]]), np.array([[1, 0], [0, 5], [-1, 0]]))
    assert distances.tolist() == [[0, 1, 2]]


def test_centroids_are_means_of_the_embeddings_as_they_are() -> None:
    embeddings = np.array([[2, 0], [0, 8], [4, 0]], dtype=np.float32)
    centroids = centroids_of(embeddings, np.array([0, 1, 0]))
    assert centroids.tolist() == [[3, 0], [0, 8]]
    assert centroids.dtype == np.float32


def test_similarity_is_two_less_the_cosine_distance() -> None:
    embeddings = np.array([[[1.0, 0], [0, 3]], [[-2, 0], [np.nan, 0]]])
    soft = similarities(embeddings, np.array([[5.0, 0]]))
    expected = np.array([[[2.0], [1.0]], [[0.0], [np.nan]]])
    np.testing.assert_allclose(soft, expected)


def test_a_long_recording_is_compared_in_parts_with_the_same_outcome(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    embeddings, centroids = rng.standard_normal((10, 3, 8)), rng.standard_normal((4, 8))
    whole = similarities(embeddings, centroids)
    monkeypatch.setattr("ovdiar.clustering.assignment.EMBEDDED_WINDOWS_AT_ONCE", 4)
    assert np.array_equal(similarities(embeddings, centroids), whole)


@given(seed=st.integers(0, 999), clusters=st.integers(1, 4))
def test_settled_members_are_nearest_to_their_own_centroid(seed: int, clusters: int) -> None:
    rng = np.random.default_rng(seed)
    embeddings = rng.standard_normal((40, 5))
    given_labels = np.r_[np.arange(clusters), rng.integers(0, clusters, 40 - clusters)]
    labels = settle(embeddings, given_labels)
    assert set(labels.tolist()) == set(range(clusters))
    distances = cosine_distances(embeddings, centroids_of(embeddings, labels))
    nearest = distances.argmin(axis=1)
    assert np.array_equal(nearest, labels) or len(np.unique(nearest)) < clusters


def test_what_lies_with_the_wrong_cluster_settles_with_the_right_one() -> None:
    angles = np.radians([0, 2, 4, 6, 60, 62, 64])
    embeddings = np.column_stack([np.cos(angles), np.sin(angles)])
    wrong = np.array([0, 0, 0, 1, 1, 1, 1])
    assert settle(embeddings, wrong).tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_clusters_that_are_settled_stay_as_they_are() -> None:
    embeddings, labels = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]), np.array([1, 1, 0])
    assert settle(embeddings, labels) is labels


def test_no_cluster_is_emptied_by_settling() -> None:
    """The one in the middle is as near to both: without members its centroid would be lost."""
    embeddings, labels = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([0, 0, 1])
    assert settle(embeddings, labels).max() == 1


def test_the_most_similar_cluster_is_the_first_of_equals() -> None:
    soft = np.array([[[1, 2, 2], [0, 0, 0]]], dtype=float)
    assert assign_nearest(soft).tolist() == [[1, 0]]


def test_an_unknown_voice_goes_to_the_first_cluster() -> None:
    assert assign_nearest(np.full((1, 1, 3), np.nan)).tolist() == [[0]]


@given(st.data(), st.integers(1, 3), st.integers(1, 4))
def test_speakers_of_a_window_share_the_best_assignment(
    data: st.DataObject, speakers: int, clusters: int
) -> None:
    gains = data.draw(arrays(float, (1, speakers, clusters), elements=QUARTERS))
    hard = assign_apart(gains)[0]
    chosen = [(s, int(k)) for s, k in enumerate(hard) if k != UNASSIGNED]
    assert len({k for _, k in chosen}) == len(chosen) == min(speakers, clusters)
    small, large = sorted((speakers, clusters))
    table = gains[0] if speakers <= clusters else gains[0].T
    best = max(sum(table[range(small), list(p)]) for p in permutations(range(large), small))
    assert sum(gains[0, s, k] for s, k in chosen) == pytest.approx(best)


def test_of_three_speakers_and_two_clusters_the_worst_is_left_over() -> None:
    soft = np.array([[[2.0, 0], [1.0, 1.5], [0.5, 0.1]]])
    assert assign_apart(soft).tolist() == [[0, 1, UNASSIGNED]]


def test_unknown_voices_are_as_bad_as_the_worst_known() -> None:
    soft = np.array([[[np.nan], [-0.5], [-1.0]]])
    assert assign_apart(soft).tolist() == [[UNASSIGNED, 0, UNASSIGNED]]


def test_where_all_are_unknown_they_are_numbered() -> None:
    assert assign_apart(np.full((2, 3, 2), np.nan)).tolist() == [[0, 1, UNASSIGNED]] * 2


def test_assignment_leaves_the_similarities_alone() -> None:
    soft = np.array([[[np.nan, 1.0]]])
    assign_apart(soft)
    assert np.isnan(soft[0, 0, 0])
