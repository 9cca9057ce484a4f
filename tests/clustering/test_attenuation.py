"""Corrected similarity against its definition, and what the tree of merges promises."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import attenuation as slow
from scipy.cluster import hierarchy

from ovdiar.clustering import attenuation
from ovdiar.clustering.attenuation import (
    Attenuation,
    Links,
    MergeTree,
    PairSums,
    Rows,
    fading,
    first_clusters,
    level_of,
    merge_tree,
)

PARAMETERS = Attenuation(fade_s=0.66, usual_level=0.68, margin_s=0.25, side=0.3)


def drawn(seed: int, count: int, *, overlapping: bool) -> tuple[Rows, Links]:
    """Draw rows of three voices and some links."""
    rng = np.random.default_rng(seed)
    voices = rng.integers(3, size=count)
    embeddings = rng.normal(size=(3, 8))[voices] + 0.5 * rng.normal(size=(count, 8))
    first = np.sort(rng.integers(0, 40 * count, size=count))
    length = rng.integers(1, 200, size=count) if overlapping else np.ones(count, dtype=np.int64)
    first = first if overlapping else np.arange(count)
    rows = Rows(
        embeddings=embeddings,
        seconds=rng.uniform(0.1, 4, size=count),
        spans=np.column_stack([first, first + length]),
        share=0.2 if overlapping else 1.0,
    )
    same, apart = (p[p[:, 0] != p[:, 1]] for p in rng.integers(count, size=(2, count, 2)))
    return rows, Links(same, apart)


@given(seed=st.integers(0, 10_000), count=st.integers(4, 14), overlapping=st.booleans())
def test_scores_are_those_of_the_definition(*, seed: int, count: int, overlapping: bool) -> None:
    rows, links = drawn(seed, count, overlapping=overlapping)
    labels = np.arange(count) % 4 - 1  # a fourth of them in no cluster
    sums = PairSums(rows, links, labels, PARAMETERS)
    for one in range(3):
        found = sums.scores(one)
        for two in range(3):
            if one != two and (sums.weights[one, two] > 1e-3 or sums.weights[one, two] < 1e-9):
                wanted = slow.score(rows, links, labels, one, two, PARAMETERS)
                assert found[two] == pytest.approx(wanted, abs=1e-6)


@given(seed=st.integers(0, 10_000), overlapping=st.booleans())
def test_the_speech_of_a_cluster_is_that_of_its_rows_which_no_other_repeats(
    *, seed: int, overlapping: bool
) -> None:
    rows, links = drawn(seed, 12, overlapping=overlapping)
    labels = np.arange(12) % 4 - 1
    sums = PairSums(rows, links, labels, PARAMETERS)
    expected = [rows.share * rows.seconds[labels == k].sum() for k in range(3)]
    assert sums.seconds.tolist() == pytest.approx(expected)
    sums.merge(0, 2)
    assert sums.seconds[0] == pytest.approx(expected[0] + expected[2])


def test_clusters_that_share_all_their_audio_are_compared_by_it() -> None:
    rows, links = drawn(4, 6, overlapping=False)
    rows = replace(rows, spans=np.array([[0, 100]] * 6))
    labels = np.array([0, 0, 1, 1, 2, 2])
    sums = PairSums(rows, links, labels, PARAMETERS)
    assert (sums.weights[0, 1], sums.weights[0, 2]) == pytest.approx((0, 0), abs=1e-12)
    for other in (1, 2):
        wanted = slow.score(rows, links, labels, 0, other, PARAMETERS)
        assert sums.scores(0)[other] == pytest.approx(wanted, abs=1e-6)
    sums.merge(1, 2)
    wanted = slow.score(rows, links, np.minimum(labels, 1), 0, 1, PARAMETERS)
    assert sums.scores(0)[1] == pytest.approx(wanted, abs=1e-6)


def test_a_cluster_is_at_least_a_quarter_as_similar_to_itself_as_one_voice() -> None:
    opposite = np.array([[1.0, 0], [-1, 0]] * 10)
    at = np.arange(20)
    rows = Rows(opposite, np.full(20, 4.0), np.column_stack([at, at + 1]), 1.0)
    none = np.zeros((0, 2), dtype=np.int64)
    parameters = replace(PARAMETERS, shrink=0.1)
    sums = PairSums(rows, Links(none, none), np.zeros(20, dtype=np.int64), parameters)
    assert sums.levels().tolist() == [pytest.approx(0.25 * sums.level)]


@given(seed=st.integers(0, 10_000), count=st.integers(4, 14), overlapping=st.booleans())
def test_a_merged_cluster_holds_what_its_members_hold(
    *, seed: int, count: int, overlapping: bool
) -> None:
    rows, links = drawn(seed, count, overlapping=overlapping)
    labels = np.arange(count) % 4
    merged = PairSums(rows, links, labels, PARAMETERS)
    merged.merge(1, 3)
    whole = PairSums(rows, links, np.where(labels == 3, 1, labels), PARAMETERS)
    np.testing.assert_allclose(merged.scores(1)[[0, 2]], whole.scores(1)[[0, 2]], atol=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 14))
def test_the_level_is_a_least_squares_fit(seed: int, count: int) -> None:
    rows, links = drawn(seed, count, overlapping=False)
    assert level_of(rows, links, PARAMETERS) == pytest.approx(slow.level(rows, links, PARAMETERS))


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_the_tree_ends_in_one_cluster(seed: int, count: int) -> None:
    tree = merge_tree(*drawn(seed, count, overlapping=False), PARAMETERS)
    owner = tree.owners(np.zeros(len(tree.scores), dtype=bool))
    assert len(np.unique(owner)) == 1


@given(st.integers(0, 10_000), st.integers(1, 20), st.floats(0.05, 20))
def test_the_length_of_embeddings_does_not_matter(seed: int, count: int, scale: float) -> None:
    rows, links = drawn(seed, count, overlapping=False)
    tree = merge_tree(rows, links, PARAMETERS)
    other = merge_tree(replace(rows, embeddings=scale * rows.embeddings), links, PARAMETERS)
    np.testing.assert_array_equal(tree.first, other.first)
    np.testing.assert_allclose(tree.scores, other.scores, atol=1e-6)


@given(st.integers(0, 10_000), st.integers(2, 20))
def test_first_clusters_are_a_low_cut_of_average_linkage(seed: int, count: int) -> None:
    rows, links = drawn(seed, count, overlapping=False)
    parameters = replace(PARAMETERS, first=0.5)
    long = np.flatnonzero(rows.seconds >= 1).tolist() or list(range(count))
    found = first_clusters(rows, links, parameters)
    assert sorted(np.flatnonzero(found >= 0)) == long
    assert found.min() >= -1
    expected = [1]
    if len(long) > 1:
        tree = hierarchy.linkage(slow.distances(rows, links, long, parameters), "average")
        expected = hierarchy.fcluster(tree, 0.5, criterion="distance").tolist()
    assert (found[long] + 1).tolist() == expected


@pytest.mark.parametrize("at_once", [1, 2, 256])
def test_distances_are_the_same_in_any_parts(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, links = drawn(5, 9, overlapping=False)
    whole = first_clusters(rows, links, replace(PARAMETERS, least_s=0.0))
    monkeypatch.setattr(attenuation, "ROWS_AT_ONCE", at_once)
    parts = first_clusters(rows, links, replace(PARAMETERS, least_s=0.0))
    assert np.array_equal(parts, whole)


@pytest.mark.parametrize(("most", "found"), [(3, 3), (5, 5), (9, 9), (10, 9)])
def test_there_are_no_more_first_clusters_than_can_be_merged_in_time(
    most: int, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = np.arange(9)
    rows = Rows(np.eye(9) + 0.01 * at, np.full(9, 2.0), np.column_stack([at, at + 1]), 1.0)
    none = np.zeros((0, 2), dtype=np.int64)
    monkeypatch.setattr(attenuation, "MOST_FIRST_CLUSTERS", most)
    labels = first_clusters(rows, Links(none, none), PARAMETERS)
    assert set(labels.tolist()) == set(range(found))


def test_rows_that_the_tree_does_not_take_are_in_no_first_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ovdiar.clustering.ahc.LARGEST_DENDROGRAM", 5)
    rows, links = drawn(5, 9, overlapping=False)
    labels = first_clusters(rows, links, replace(PARAMETERS, least_s=0.0))
    assert np.flatnonzero(labels >= 0).tolist() == [0, 2, 4, 6, 8]


@given(st.integers(0, 10_000), st.integers(1, 10), st.floats(0, 0.3))
def test_the_two_clusters_with_the_highest_score_are_merged_first(
    seed: int, count: int, first: float
) -> None:
    rows, links = drawn(seed, count, overlapping=False)
    parameters = replace(PARAMETERS, least_s=0.0, first=first)
    tree = merge_tree(rows, links, parameters)
    labels = tree.first.copy()
    clusters = int(labels.max()) + 1
    assert tree.seconds.tolist() == pytest.approx(
        [rows.seconds[labels == k].sum() for k in range(clusters)]
    )
    assert len(tree.merges) == len(tree.scores) == clusters - 1
    for (kept, lost), found in zip(tree.merges, tree.scores, strict=True):
        scores = {
            (one, two): slow.score(rows, links, labels, one, two, parameters)
            for one, two in combinations(np.unique(labels).tolist(), 2)
        }
        assert found == pytest.approx(max(scores.values()), abs=1e-6)
        assert scores[min(kept, lost), max(kept, lost)] == pytest.approx(found, abs=1e-6)
        labels[labels == lost] = kept


def test_merges_that_are_left_out_leave_their_clusters_apart() -> None:
    merges = np.array([[0, 1], [2, 3], [0, 2], [0, 4]])
    tree = MergeTree(np.arange(5), merges, np.zeros(4), np.ones(5))

    def owners(*undone: int) -> list[int]:
        found: list[int] = tree.owners(np.isin(np.arange(4), undone)).tolist()
        return found

    assert owners() == [0, 0, 0, 0, 0]
    assert owners(2) == [0, 0, 2, 2, 0]
    assert owners(0, 3) == [0, 1, 0, 0, 4]
    assert owners(0, 1, 2, 3) == [0, 1, 2, 3, 4]


def test_rows_that_are_too_short_are_clustered_where_there_are_no_others() -> None:
    rows, links = drawn(1, 5, overlapping=False)
    tree = merge_tree(replace(rows, seconds=np.full(5, 0.2)), links, PARAMETERS)
    assert (tree.first >= 0).any()


def test_longer_speech_keeps_more_similarity() -> None:
    assert np.all(np.diff(fading(np.linspace(0.1, 5, 50), 0.66)) > 0)


def test_hardly_any_speech_keeps_as_much_as_a_twentieth_of_a_second() -> None:
    kept = fading(np.array([0.0, 0.01, 0.05, 1.0]), 0.5)
    assert kept.tolist() == pytest.approx([1 - math.exp(-0.1)] * 3 + [1 - math.exp(-2)])
