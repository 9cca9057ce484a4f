"""Corrected similarity against its definition, and what the tree of merges promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import attenuation as slow

from ovdiar.clustering.attenuation import (
    Attenuation,
    Links,
    PairSums,
    Rows,
    fading,
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
    labels = np.arange(count) % 3
    sums = PairSums(rows, links, labels, PARAMETERS)
    for one in range(3):
        found = sums.scores(one)
        for two in range(3):
            if one != two and sums.weights[one, two] > 1e-3:
                wanted = slow.score(rows, links, labels, one, two, PARAMETERS)
                assert found[two] == pytest.approx(wanted, abs=1e-6)


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


def test_rows_that_are_too_short_are_clustered_where_there_are_no_others() -> None:
    rows, links = drawn(1, 5, overlapping=False)
    tree = merge_tree(replace(rows, seconds=np.full(5, 0.2)), links, PARAMETERS)
    assert (tree.first >= 0).any()


def test_longer_speech_keeps_more_similarity() -> None:
    assert np.all(np.diff(fading(np.linspace(0.1, 5, 50), 0.66)) > 0)
